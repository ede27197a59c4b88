import datetime as dt
import gzip
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from featurelib.errors import ParameterError, StorageError, UsageError
from featurelib.generator import ClickLogs, generate
from featurelib.generator.declaration import Format
from featurelib.generator.writing import LogFile

SMALL: dict[str, Any] = {"days": 3, "users": 500, "items": 300, "rows": 12_000, "seed": 11}


def digests(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def texts(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))


def test_the_same_call_in_another_process_gives_the_same_bytes(tmp_path: Path):
    code = (
        "from pathlib import Path; from featurelib.generator import ClickLogs, generate; "
        f"generate(ClickLogs(**{SMALL!r}, truth=True), Path({str(tmp_path / 'other')!r}))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
    generate(ClickLogs(**SMALL, truth=True), tmp_path / "here")
    assert digests(tmp_path / "here") == digests(tmp_path / "other")
    assert len(digests(tmp_path / "here")) == 12


def test_another_seed_gives_other_bytes(tmp_path: Path):
    generate(ClickLogs(**SMALL), tmp_path / "a")
    generate(ClickLogs(**{**SMALL, "seed": 12}), tmp_path / "b")
    assert not set(digests(tmp_path / "a").values()) & set(digests(tmp_path / "b").values())


@pytest.mark.parametrize("every", ["1h", "1d"])
def test_one_day_alone_equals_that_day_of_the_whole_run(tmp_path: Path, every: Any):
    logs = ClickLogs(**SMALL, every=every, truth=True)
    generate(logs, tmp_path / "all")
    whole = digests(tmp_path / "all")
    for day in (dt.date(2026, 11, 1), dt.date(2026, 11, 3)):
        generate(logs, tmp_path / str(day), only=day)
        assert digests(tmp_path / str(day)) == {path: sha for path, sha in whole.items() if f"dt={day}" in path}


def test_hours_and_days_hold_the_same_rows(tmp_path: Path):
    for every in ("1h", "1d"):
        generate(ClickLogs(**SMALL, every=every), tmp_path / every)  # type: ignore[arg-type]
    for log in ("impressions", "clicks", "orders"):
        by_hour, by_day = (
            pl.read_parquet(tmp_path / every / log / "**/*.parquet", hive_partitioning=False) for every in ("1h", "1d")
        )
        assert by_hour.equals(by_day)
    assert (tmp_path / "1h/impressions/dt=2026-11-02/hr=05/part-0.parquet").exists()


@pytest.mark.parametrize("form", ["csv", "csv.gz", "jsonl", "jsonl.gz", "jsonl.zst"])
def test_texts_hold_what_parquet_holds(tmp_path: Path, form: Format):
    day = dt.date(2026, 11, 1)
    generate(ClickLogs(**SMALL), tmp_path / "parquet", only=day)
    generate(ClickLogs(**SMALL, format=form), tmp_path / "text", only=day)
    for log in ("impressions", "clicks", "orders"):
        typed = pl.read_parquet(tmp_path / "parquet" / log / f"dt={day}/part-0.parquet", hive_partitioning=False)
        path, want = tmp_path / "text" / log / f"dt={day}/part-0.{form}", texts(typed)
        if form.startswith("csv"):
            got = pl.read_csv(path, schema=want.schema)
        else:
            # NOTE: polars 2.1 panics on an Int16 of JSON lines.
            wide = pl.Schema({**want.schema, **({"position": pl.Int64()} if log == "impressions" else {})})
            got = pl.scan_ndjson(path, schema=wide).collect(engine="in-memory").cast(dict(want.schema))
        assert got.equals(want)


def test_packed_texts_carry_no_clock(tmp_path: Path):
    generate(ClickLogs(**SMALL, format="csv.gz"), tmp_path)
    packed = (tmp_path / "clicks/dt=2026-11-01/part-0.csv.gz").read_bytes()
    assert packed[4:8] == bytes(4)  # the header's time of compression
    assert gzip.decompress(packed).startswith(b"event_id,request_id,item_id,user_id,clicked_at,landed_at\n")


def test_a_single_row_is_enough(tmp_path: Path):
    generated = generate(ClickLogs(**{**SMALL, "rows": 1, "days": 1, "resent": 0.0}, every="1h"), tmp_path)
    assert generated.logs["impressions"].rows == 1
    assert [generated.logs[log].files for log in ("impressions", "clicks", "orders")] == [24, 24, 24]


def test_logs_without_bots_or_orders(tmp_path: Path):
    logs = ClickLogs(**SMALL, bot_users=0.0, bot_events=0.0, order_share=0.0, resent=0.0, altered=0.0)
    generated = generate(logs, tmp_path)
    assert generated.logs["impressions"].rows == 12_000
    assert generated.logs["orders"].rows == 0


def test_a_day_outside_the_logs_is_refused(tmp_path: Path):
    with pytest.raises(ParameterError, match="only must be one of the 3 days from 2026-11-01"):
        generate(ClickLogs(**SMALL), tmp_path, only=dt.date(2026, 10, 31))


def test_files_of_other_logs_are_not_mixed_with_ours(tmp_path: Path):
    logs = ClickLogs(**SMALL)
    generate(ClickLogs(**SMALL, fault="duplicate_hour"), tmp_path)
    with pytest.raises(UsageError, match=r"dt=2026-11-02/part-1\.parquet is not a file of ClickLogs.* name an empty"):
        generate(logs, tmp_path)
    generate(logs, tmp_path, only=dt.date(2026, 11, 1))
    with pytest.raises(UsageError, match=r"part-0\.parquet is not a file of"):
        generate(ClickLogs(**SMALL, every="1h"), tmp_path)


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path):
    (tmp_path / "impressions").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match=r"impressions.*cannot be written"):
        generate(ClickLogs(**SMALL), tmp_path)


@pytest.mark.parametrize("form", ["parquet", "jsonl.zst"])
def test_an_exception_leaves_no_file_and_keeps_the_old_one(tmp_path: Path, form: Format):
    path = tmp_path / f"part-0.{form}"
    path.write_text("old")

    def stop_halfway() -> None:
        with LogFile(path, form) as file:
            file.write(pa.table({"x": [1]}))
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        stop_halfway()
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "old"
