"""The Arrow schema of a table is that of its frames, and says what the columns mean."""

import json
from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pytest

from featurelib.errors import ColumnTypeError
from featurelib.schema import Column, Reference, Table
from featurelib.schema.arrow import to_arrow


class Samples(Table):
    """One row per impression."""

    version = "2.1.0"
    owner = "ranking team"
    key = ("id",)
    event_time = "shown_at"
    landing_time = "landed_at"
    references = (Reference(columns=("item_id",), to="Items", at=("id",)),)

    id = Column(dtype=pl.UInt64(), doc="Unique.", unique=True)
    item_id = Column(dtype=pl.String(), doc="The item.", pii="pseudonymous")
    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When.", role="time")
    landed_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When it landed.", nullable=True)
    price = Column(dtype=pl.Float32(), doc="Price.", unit="USD", default=0.0)
    clicked = Column(dtype=pl.Int8(), doc="Label.", role="label", environments=("training",))


def test_types_and_nullability_are_those_of_a_frame() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    rows = [{"id": 1, "item_id": "a", "shown_at": now, "landed_at": None, "price": 0.5, "clicked": 1}]
    frame = pl.DataFrame(rows, schema=Samples.polars_schema())
    schema = to_arrow(Samples)
    assert schema.types == frame.to_arrow().schema.types
    assert [field.name for field in schema if field.nullable] == ["landed_at"]
    assert pl.DataFrame(frame.to_arrow().cast(schema)).equals(frame)


def test_metadata_says_what_is_declared_and_nothing_else() -> None:
    schema = to_arrow(Samples)
    assert schema.metadata[b"version"] == b"2.1.0"
    assert schema.metadata[b"event_time"] == b"shown_at"
    assert schema.metadata[b"landing_time"] == b"landed_at"
    assert json.loads(schema.metadata[b"references"]) == [{"columns": ["item_id"], "to": "Items", "at": ["id"]}]
    fields = {field.name: {k.decode(): v.decode() for k, v in field.metadata.items()} for field in schema}
    assert fields["id"] == {"doc": "Unique.", "role": "meta", "unique": "true"}
    assert fields["item_id"] == {"doc": "The item.", "role": "meta", "pii": "pseudonymous"}
    assert fields["price"] == {"doc": "Price.", "role": "meta", "unit": "USD", "default": "0.0"}
    assert fields["clicked"] == {"doc": "Label.", "role": "label", "environments": "training"}


def test_the_schema_survives_as_a_message() -> None:
    schema = to_arrow(Samples)
    assert pa.ipc.read_schema(pa.py_buffer(schema.serialize())).equals(schema, check_metadata=True)


def test_a_type_that_arrow_lacks_is_told() -> None:
    class Wide(Table):
        n = Column(dtype=pl.Int128(), doc="Wide.")

    with pytest.raises(ColumnTypeError, match="needs column 'n' of its Arrow schema to be a type of Arrow"):
        to_arrow(Wide)
