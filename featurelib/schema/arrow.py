"""Arrow: a table's declaration as an Arrow schema that explains itself."""

import json
from typing import TYPE_CHECKING

import polars as pl

from featurelib.errors import ColumnTypeError
from featurelib.schema.column import Column
from featurelib.schema.table import Table

if TYPE_CHECKING:
    import pyarrow as pa


def to_arrow(table: type[Table]) -> "pa.Schema":
    """Return names, Arrow types and nullability, with what the columns mean as metadata.

    Each field carries ``doc``, ``role`` and, where declared, ``unit``, ``pii``, ``default``, ``unique`` and
    ``environments``; the schema carries ``table``, ``version``, ``doc``, ``owner``, ``key``, and ``event_time``,
    ``landing_time`` and ``references`` where declared. Texts stand as they are; a default is JSON, names are separated
    by commas, and references are a JSON list of ``columns``, ``to`` and ``at``. pyarrow is imported here, so that
    reading a declaration does not need it.

    Raises
    ------
    ColumnTypeError
        If Arrow has no counterpart of a column's type.

    Examples
    --------
    >>> class Samples(Table):
    ...     price = Column(dtype=pl.Float64(), doc="Listed price.", unit="USD", nullable=True)
    >>> field = to_arrow(Samples).field("price")
    >>> field.type, field.nullable, field.metadata[b"unit"]
    (DataType(double), True, b'USD')
    """
    import pyarrow as pa

    fields = []
    for name, column in table.columns.items():
        found = arrow_type(column.dtype)
        if found is None:
            raise ColumnTypeError(
                f"table {table.__name__}", name, where="its Arrow schema", got=column.dtype, want="a type of Arrow"
            )
        fields.append(pa.field(name, found, nullable=column.nullable, metadata=_meaning(column)))
    return pa.schema(fields, metadata=_about(table))


def arrow_type(dtype: pl.DataType) -> "pa.DataType | None":
    """Return the Arrow type of a polars type; ``None`` if Arrow has none, as of 128-bit whole numbers."""
    import pyarrow as pa

    try:
        return pl.DataFrame(schema={"": dtype}).to_arrow().schema.field(0).type
    except pa.ArrowInvalid:
        return None


def _about(table: type[Table]) -> dict[str, str]:
    about = {
        "table": table.__name__,
        "version": table.version,
        "doc": (table.__doc__ or "").strip(),
        "owner": table.owner,
        "key": ",".join(table.key),
    }
    if table.event_time is not None:
        about["event_time"] = table.event_time
    if table.landing_time is not None:
        about["landing_time"] = table.landing_time
    if table.references:
        told = [{"columns": one.columns, "to": one.table, "at": one.at or one.columns} for one in table.references]
        about["references"] = json.dumps(told)
    return about


def _meaning(column: Column) -> dict[str, str]:
    meaning = {"doc": column.doc, "role": column.role}
    if column.unit is not None:
        meaning["unit"] = column.unit
    if column.pii != "none":
        meaning["pii"] = column.pii
    if column.default is not None:
        meaning["default"] = json.dumps(column.default)
    if column.unique:
        meaning["unique"] = "true"
    if column.environments:
        meaning["environments"] = ",".join(column.environments)
    return meaning
