import datetime as dt
import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.generator import ClickLogs, Generated, generate

LOGS: dict[str, Any] = {"days": 2, "users": 500, "items": 300, "rows": 6_000, "seed": 4}
TARGET = "impressions/dt=2026-11-02"


def plant(root: Path, **parameters: Any) -> Generated:
    return generate(ClickLogs(**{**LOGS, **parameters}), root)


def paths(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def others(root: Path, target: str = TARGET) -> dict[str, bytes]:
    return {name: whole for name, whole in paths(root).items() if not name.startswith(target)}


def read(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path, hive_partitioning=False)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound")
    plant(root)
    return root


def test_late_file_holds_a_tenth_of_the_day_that_landed_a_day_later(tmp_path: Path, sound: Path):
    plant(tmp_path / "late", fault="late_file")
    early, late = (read(tmp_path / "late" / TARGET / f"part-{part}.parquet") for part in (0, 1))
    whole = read(sound / TARGET / "part-0.parquet")
    same = pl.exclude("landed_at")
    assert pl.concat([early, late]).select(same).sort(pl.all()).equals(whole.select(same).sort(pl.all()))
    assert early.join(whole, on=early.columns, how="anti", nulls_equal=True).is_empty()
    assert abs(late.height / whole.height - 0.1) < 0.01
    assert late["landed_at"].min() >= dt.datetime(2026, 11, 4, 2, tzinfo=dt.UTC)
    assert others(tmp_path / "late") == others(sound)


def test_duplicate_hour_repeats_the_busiest_hour_of_a_day(tmp_path: Path, sound: Path):
    plant(tmp_path / "twice", fault="duplicate_hour")
    day, again = (read(tmp_path / "twice" / TARGET / f"part-{part}.parquet") for part in (0, 1))
    assert again.equals(day.filter(pl.col("shown_at").dt.hour() == 20))
    assert again.height > 0
    assert day.equals(read(sound / TARGET / "part-0.parquet"))
    assert others(tmp_path / "twice") == others(sound)


def test_duplicate_hour_of_hourly_files_has_the_same_bytes(tmp_path: Path):
    plant(tmp_path, fault="duplicate_hour", every="1h")
    files = list((tmp_path / "impressions/dt=2026-11-02/hr=00").iterdir())
    assert sorted(path.name for path in files) == ["part-0.parquet", "part-1.parquet"]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert len(list(tmp_path.rglob("part-1.*"))) == 1


def test_schema_change_turns_dollars_into_cents_from_the_target_on(tmp_path: Path):
    sound = tmp_path / "sound"
    plant(sound, days=3)
    plant(tmp_path / "changed", days=3, fault="schema_change")
    for day in (2, 3):
        path = f"impressions/dt=2026-11-0{day}/part-0.parquet"
        changed, usual = read(tmp_path / "changed" / path), read(sound / path)
        assert changed.schema["price_cents"] == pl.Int64()
        assert changed.drop("price_cents").equals(usual.drop("price_usd"))
        assert changed["price_cents"].equals((usual["price_usd"] * 100).round().cast(pl.Int64), check_names=False)
    assert others(tmp_path / "changed", "impressions/dt=2026-11-0") == others(sound, "impressions/dt=2026-11-0")
    first = "impressions/dt=2026-11-01/part-0.parquet"
    assert (tmp_path / "changed" / first).read_bytes() == (sound / first).read_bytes()


@pytest.mark.parametrize("form", ["parquet", "csv.gz", "jsonl"])
def test_truncated_file_lacks_its_second_half(tmp_path: Path, form: str):
    plant(tmp_path / "sound", format=form)
    generated = plant(tmp_path / "cut", format=form, fault="truncated_file")
    name = f"{TARGET}/part-0.{form}"
    cut, whole = (tmp_path / "cut" / name).read_bytes(), (tmp_path / "sound" / name).read_bytes()
    assert whole.startswith(cut)
    assert abs(len(cut) / len(whole) - 0.5) < 0.01
    assert others(tmp_path / "cut") == others(tmp_path / "sound")
    assert generated.logs["impressions"].bytes == sum(
        len(found) for path, found in paths(tmp_path / "cut").items() if path.startswith("impressions")
    )


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_truncated_text_ends_within_a_line(tmp_path: Path, form: str):
    plant(tmp_path, format=form, fault="truncated_file")
    last = (tmp_path / TARGET / f"part-0.{form}").read_bytes().rpartition(b"\n")[2]
    assert 0 < len(last) < 20


def test_a_truncated_parquet_file_cannot_be_read(tmp_path: Path):
    plant(tmp_path, fault="truncated_file")
    cut = (tmp_path / TARGET / "part-0.parquet").read_bytes()
    with pytest.raises(pl.exceptions.ComputeError, match=r"out of specification|PAR1|magic"):
        pl.read_parquet_schema(io.BytesIO(cut))


def test_empty_file_has_no_bytes(tmp_path: Path, sound: Path):
    plant(tmp_path / "empty", fault="empty_file")
    assert (tmp_path / "empty" / TARGET / "part-0.parquet").read_bytes() == b""
    assert others(tmp_path / "empty") == others(sound)
