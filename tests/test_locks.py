"""Locks: what is written is what is read, and nothing is written twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

import schemas
from featurelib.errors import LockError, UsageError
from featurelib.locks import Locks
from featurelib.schema import Column, Table
from featurelib.schema.declaration import Declaration
from featurelib.schema.limits import Drift
from featurelib.schema.table import Reference, RowCheck


class Everything(Table):
    """Of each kind something: "quotes", ünïcode,

    and lines.
    """

    version = "10.2.30"
    key = ("id", "day")
    event_time = "at"
    freshness = timedelta(minutes=90)
    environments = ("training", "serving", "audit")
    volume = None
    drift = Drift(psi=None, on_alarm="fail")
    checks = (
        RowCheck(id="sql", that="x > 0", on_fail="warn"),
        RowCheck(id="expression", that=pl.col("tags").list.len() > 0),
    )
    references = (Reference(("id",), "Items", at=("item",), max_missing=0.25),)

    id = Column(dtype=pl.Enum(["ä", "b"]), doc="A key.", role="key", allowed=("b", "ä"), pii="personal")
    day = Column(dtype=pl.Date(), doc="A day.", role="key")
    at = Column(dtype=pl.Datetime("ms", "Europe/Berlin"), doc="When.", zone="UTC", epoch="s", role="time")
    x = Column(dtype=pl.Float32(), doc="A number.", default=float("inf"), nullable=True, max_null=0.1, unit="µs")
    low = Column(dtype=pl.Float64(), doc="Another.", between=(-0.0, 1e300), unique=True, nan="allow", on_fail="warn")
    flag = Column(dtype=pl.Boolean(), doc="True or not.", default=False, environments=("audit",))
    tags = Column(dtype=pl.List(pl.Struct({"a": pl.Int8, "b": pl.Array(pl.String, 2)})), doc="Nested.", drift=Drift())
    price = Column(dtype=pl.Decimal(10, 2), doc="Exact.", source="raw-price", nullable=True, optional=True)


@pytest.mark.parametrize("name", [*schemas.__all__, "Everything"])
def test_what_is_locked_is_read_back(name: str, tmp_path: Path) -> None:
    declared = Declaration.of(getattr(schemas, name, Everything))
    path = Locks(tmp_path).write(declared)
    assert Locks(tmp_path).newest(name) == declared
    assert [each.name for each in path.parent.iterdir()] == [f"{declared.version}.json"]


def test_of_many_that_lock_at_once_one_does(tmp_path: Path) -> None:
    def write(_: int) -> bool:
        try:
            Locks(tmp_path).write(Declaration.of(Everything))
        except LockError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(16))) == 1
    assert Locks(tmp_path).newest("Everything") == Declaration.of(Everything)


def test_versions_are_ordered_as_numbers(tmp_path: Path) -> None:
    locks, declared = Locks(tmp_path / "not there yet"), Declaration.of(Everything).to_json()
    assert (locks.tables(), locks.newest("Everything")) == ([], None)
    for version in ("1.10.0", "1.9.0", "1.2.11"):
        locks.write(Declaration.from_json({**declared, "version": version}))
    assert locks.versions("Everything") == ["1.2.11", "1.9.0", "1.10.0"]
    assert locks.tables() == ["Everything"]
    with pytest.raises(
        UsageError, match=r"version 2\.0\.0 of table Everything is not locked; there are: 1\.2\.11, 1\.9"
    ):
        locks.read("Everything", "2.0.0")
