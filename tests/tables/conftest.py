from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from featurelib.tables import Lineage, Partition, VersionedTable

Put = Callable[..., int]


@pytest.fixture
def table(tmp_path: Path) -> VersionedTable:
    return VersionedTable.create(tmp_path / "table", pl.Schema({"x": pl.Int64(), "s": pl.String()}))


@pytest.fixture
def days() -> list[Partition]:
    return [Partition(date(2026, 11, day)) for day in range(1, 10)]


@pytest.fixture
def rows() -> Callable[[Sequence[int]], pl.DataFrame]:
    return lambda values: pl.DataFrame(
        {"x": list(values), "s": [str(value) for value in values]}, schema={"x": pl.Int64(), "s": pl.String()}
    )


@pytest.fixture
def told() -> Callable[..., Lineage]:
    """Make a lineage for partitions, all of one key."""
    return lambda *partitions, key=None, run="run-1": Lineage(
        run=run, pipeline="p", partitions={str(part): {} if key is None else {"key": key} for part in partitions}
    )


@pytest.fixture
def put(rows: Callable[..., pl.DataFrame], told: Callable[..., Lineage]) -> Put:
    """Replace partitions by values, in one commit, and return the version."""

    def put(table: VersionedTable, content: dict[Partition, list[int]], key: str | None = None) -> int:
        files = [table.stage(rows(values), partition, run="run-1") for partition, values in content.items()]
        return table.commit(files, replaces=list(content), lineage=told(*content, key=key))

    return put


@pytest.fixture
def parts() -> Callable[[VersionedTable], set[str]]:
    """Name the data files that lie under a local table, live or not."""
    return lambda table: {
        path.relative_to(table.uri).as_posix() for path in Path(table.uri).rglob("*.parquet") if "dt=" in str(path)
    }
