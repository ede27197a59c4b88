"""Structure: whether a frame has the columns and types that its table declares, before anything is read."""

from collections.abc import Collection

import polars as pl

from featurelib.errors import ColumnMissingError, ColumnTypeError, ColumnUnknownError
from featurelib.schema.table import Table


def check_structure(schema: pl.Schema, table: type[Table], *, absent: Collection[str] = ()) -> tuple[str, ...]:
    """Hold the names and types of a frame against its declaration; the order of columns is free.

    Parameters
    ----------
    schema
        Names and types of the frame, from ``frame.collect_schema()``.
    table
        The declaration.
    absent
        Declared columns that the frame may lack.

    Returns
    -------
    tuple
        The columns of the frame, in order of declaration.

    Raises
    ------
    ColumnMissingError
        If the frame lacks a declared column that is not in ``absent``.
    ColumnTypeError
        If a column has another type; types must be equal, an ``Int32`` is not an ``Int64``.
    ColumnUnknownError
        If the frame has a column that the table does not declare.

    Examples
    --------
    >>> from featurelib.schema.column import Column
    >>> class Samples(Table):
    ...     price = Column(dtype=pl.Float64(), doc="Listed price.")
    >>> check_structure(pl.Schema({"price": pl.Float32()}), Samples)
    Traceback (most recent call last):
        ...
    featurelib.errors.ColumnTypeError: table Samples needs column 'price' of the frame to be Float64, got Float32.
    Cast it where it is made.
    """
    who = f"table {table.__name__}"
    for name, want in table.polars_schema().items():
        if name not in schema:
            if name in absent:
                continue
            raise ColumnMissingError(who, name, where="the frame", columns=schema)
        if schema[name] != want:
            hint = "Cast it where it is made."
            got, wanted = schema[name], str(want)
            raise ColumnTypeError(who, name, where="the frame", got=got, want=wanted, hint=hint)
    for name in schema:
        if name not in table.columns:
            raise ColumnUnknownError(who, name, where="the frame", columns=table.columns)
    return tuple(name for name in table.columns if name in schema)
