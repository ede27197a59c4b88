"""Vacuum: delete files that no version needs any more, and what killed runs left behind."""

from datetime import UTC, datetime, timedelta

from featurelib.errors import UsageError
from featurelib.tables.lineage import commits
from featurelib.tables.snapshot import load
from featurelib.tables.storage import Storage
from featurelib.tables.tags import read_tags

# A run that staged files longer ago than this is taken for dead.
LONGEST_JOB = timedelta(hours=24)


def delete_unneeded(storage: Storage, *, older_than: timedelta, no_job_running: bool, dry_run: bool) -> list[str]:
    """Delete what nothing needs; see `VersionedTable.vacuum`."""
    if older_than < timedelta(0):
        raise UsageError(f"older_than must not be negative, got {older_than}.")
    if older_than < LONGEST_JOB and not no_job_running:
        raise UsageError(
            f"older_than={older_than} is shorter than the longest job ({LONGEST_JOB}), so files that a running job has "
            "staged could be deleted. If no job is running on this table, say so (no_job_running, --no-job-running)."
        )
    cutoff = datetime.now(UTC) - older_than
    # Listed before the log and the tags are read: a file that comes later is not a candidate.
    candidates = sorted(
        file.path for file in storage.list("") if _is_ours(file.path) and (no_job_running or file.modified < cutoff)
    )
    needed = _needed(storage, cutoff)
    unneeded = [path for path in candidates if path not in needed]
    if not dry_run:
        for path in unneeded:
            storage.delete(path)
    return unneeded


def _needed(storage: Storage, cutoff: datetime) -> set[str]:
    """Return the files of the live version, of tagged versions, and of versions that were live after the cutoff."""
    snapshot = load(storage)
    needed = {file.path for file in snapshot.files}
    for commit in commits(storage, snapshot.version):
        if commit.at >= cutoff:
            needed |= commit.removed()
    return needed.union(*(tag.files for tag in read_tags(storage).values()))


def _is_ours(path: str) -> bool:
    """Tell whether featurelib makes files of such a name; foreign files under the root are left alone."""
    is_part = path.startswith("dt=") and path.endswith(".parquet") and "/part-" in path
    is_draft = path.startswith("_featurelib/") and path.endswith(".tmp")
    return is_part or is_draft or path.startswith("_probe-")
