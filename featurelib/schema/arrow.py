"""Arrow: a table's declaration as an Arrow schema that explains itself."""

from typing import TYPE_CHECKING

from featurelib.schema.column import Column
from featurelib.schema.table import Table

if TYPE_CHECKING:
    import pyarrow as pa


def to_arrow(table: type[Table]) -> "pa.Schema":
    """Return names, Arrow types and nullability, with what the columns mean as metadata.

    Each field carries ``doc``, ``role`` and, where declared, ``unit``; the schema carries ``table``, ``version``,
    ``doc``, ``owner`` and ``key``. pyarrow is imported here, so that reading a declaration does not need it.

    Examples
    --------
    >>> import polars as pl
    >>> class Samples(Table):
    ...     price = Column(dtype=pl.Float64(), doc="Listed price.", unit="USD", nullable=True)
    >>> field = to_arrow(Samples).field("price")
    >>> field.type, field.nullable, field.metadata[b"unit"]
    (DataType(double), True, b'USD')
    """
    import pyarrow as pa

    types = table.polars_schema().to_frame().to_arrow().schema
    fields = [
        pa.field(name, types.field(name).type, nullable=column.nullable, metadata=_meaning(column))
        for name, column in table.columns.items()
    ]
    about = {
        "table": table.__name__,
        "version": str(table.version),
        "doc": (table.__doc__ or "").strip(),
        "owner": table.owner,
        "key": ",".join(table.key),
    }
    return pa.schema(fields, metadata=about)


def _meaning(column: Column) -> dict[str, str]:
    meaning = {"doc": column.doc, "role": column.role}
    return meaning if column.unit is None else {**meaning, "unit": column.unit}
