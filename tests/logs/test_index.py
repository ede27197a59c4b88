"""One walk finds the same files as a look at each partition."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from featurelib.errors import LogMissingError, StorageError
from featurelib.logs import Log, LogIndex, files_of, fingerprint

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def fill(root: Path) -> None:
    """Write files by day and by hour, with links between them, and names that fit nothing."""
    for day in ("2026-11-01", "2026-11-03", "latest"):
        for name in ("b.csv", "a.csv", "_c.csv", "eu/b.csv", "eu/05.csv", "eu/07.csv", "us/05.csv"):
            path = root / "logs" / f"dt={day}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{day} {name}")
    (root / "logs/dt=2026-11-01/z.csv").symlink_to(root / "logs/dt=2026-11-01/a.csv")
    (root / "logs/dt=2026-11-04").symlink_to(root / "logs/dt=2026-11-03")
    (root / "logs/dt=2026-11-05").write_text("a file")


@pytest.mark.parametrize(
    ("files", "every", "partitions"),
    [
        ("logs/dt={dt}/*.csv", "1d", 3),
        ("*/dt={dt}/*/b.csv", "1d", 3),
        ("logs/dt={dt:%Y-%m}*{dt:%d}/eu/b.csv", "1d", 3),
        ("logs/dt={dt}/*/{hr}.csv", "1h", 6),
        ("nothing/dt={dt}/*.csv", "1d", 0),
    ],
)
def test_an_index_has_the_files_of_each_partition(
    make_log: Callable[..., Log], tmp_path: Path, files: str, every: str, partitions: int
) -> None:
    fill(tmp_path)
    log = make_log(".csv", files=files, every=every, lateness=2 * HOUR)
    index = LogIndex.of(log, tmp_path)
    assert len(index.partitions) == partitions
    assert list(index.partitions) == sorted(index.partitions)
    steps = [START + number * log.step for number in range(6 * DAY // log.step)]
    for step in steps:
        assert [tmp_path / file.path for file in index.partitions.get(step, ())] == files_of(log, tmp_path, step)
    for start, end in ((START, START + DAY), (START - DAY, START + 6 * DAY), (START + 2 * DAY, START + 4 * DAY)):
        paths = [file.path for file in index.between(start, end)]
        assert paths == [file.path for file in fingerprint(log, tmp_path, start, end)]
    assert index.files == index.between(START - DAY, START + 9 * DAY)


def test_an_index_says_how_a_file_lay_there(make_log: Callable[..., Log], tmp_path: Path) -> None:
    fill(tmp_path)
    first, *_, last = LogIndex.of(make_log(".csv", files="logs/dt={dt}/*.csv"), tmp_path).files
    seen = (tmp_path / first.path).stat()
    assert (first.path, first.bytes) == ("logs/dt=2026-11-01/a.csv", len("2026-11-01 a.csv"))
    assert (first.mtime_ns, first.inode) == (seen.st_mtime_ns, seen.st_ino)
    assert last.path == "logs/dt=2026-11-03/b.csv"  # the folder of the 4th is a link to the 3rd's


def test_a_folder_that_cannot_be_read_is_no_empty_one(
    make_log: Callable[..., Log], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    fill(tmp_path)
    monkeypatch.setattr("os.scandir", refused)
    with pytest.raises(StorageError, match=r"logs: Permission denied. Check that it exists, is readable"):
        LogIndex.of(make_log(".csv", files="logs/dt={dt}/*.csv"), tmp_path)
    with pytest.raises(LogMissingError, match="no is no directory"):
        LogIndex.of(make_log(".csv"), tmp_path / "no")
