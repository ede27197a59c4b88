"""Conservation: what became of every row of some partitions, by log and stage, held against what the tables hold."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from featurelib.days import Days
from featurelib.ledger.stored import Stored
from featurelib.pipeline import Pipeline
from featurelib.samples import RowCounts
from featurelib.tables import Partition
from featurelib.workspace import Workspace

SAMPLES = "samples"
UNCREDITED = frozenset({"no_impression", "no_click", "outside_window", "click_unmatched"})
"""Reasons for which an event that was read well is kept by no label."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class HourCounts:
    """What became of the events of one hour of a log.

    Attributes
    ----------
    log, at
        Of which log, and when the hour begins, UTC.
    events
        Events of the hour, without bad rows and duplicates.
    what
        What they are held against: ``samples`` of the impression log, ``credited`` of a label's log.
    kept
        How many of these there are.
    """

    log: str
    at: datetime
    events: int
    what: str
    kept: int

    @property
    def share(self) -> float | None:
        """The kept as a share of the events; None without events."""
        return self.kept / self.events if self.events else None


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the rows of one partition, or of several.

    Attributes
    ----------
    rows
        By log, and of the stage `SAMPLES`.
    labels
        Rows by label and value.
    changes
        How many samples the last build changed, such as ``clicked 0 to 1`` or ``new rows with clicked 1``.
    hours
        Each hour of each log; those of a log without an instant in the samples are left out.
    """

    rows: Mapping[str, RowCounts]
    labels: Mapping[str, Mapping[str, int]]
    changes: Mapping[str, int]
    hours: tuple[HourCounts, ...]

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "Account":
        """Return the account that a samples partition's lineage entry gives."""
        return cls(
            rows={name: RowCounts.from_json(counts) for name, counts in entry["rows"].items()},
            labels=entry.get("labels", {}),
            changes=entry.get("changes", {}),
            hours=tuple(_hours(entry.get("hours", {}))),
        )

    @classmethod
    def total(cls, accounts: Sequence["Account"]) -> "Account":
        """Return the sum of some accounts."""
        rows: dict[str, RowCounts] = {}
        labels: dict[str, Counter[str]] = {}
        changes: Counter[str] = Counter()
        for account in accounts:
            for name, counts in account.rows.items():
                rows[name] = rows.get(name, RowCounts()) + counts
            for label, values in account.labels.items():
                labels.setdefault(label, Counter()).update(values)
            changes.update(account.changes)
        hours = tuple(hour for account in accounts for hour in account.hours)
        return cls(rows, {label: dict(sorted(values.items())) for label, values in labels.items()}, changes, hours)

    def to_json(self, *, hours: bool = False) -> dict[str, Any]:
        """Return the account as plain data."""
        told = {
            "rows": {name: counts.to_json() for name, counts in self.rows.items()},
            "labels": {label: dict(values) for label, values in self.labels.items()},
            "changes": dict(self.changes),
        }
        listed = [
            {"log": h.log, "at": h.at.isoformat(), "events": h.events, h.what: h.kept, "share": h.share}
            for h in self.hours
        ]
        return {**told, "hours": listed} if hours else told

    def lines(self) -> list[str]:
        """Return the account for a terminal, without its hours."""
        lines = []
        for name, counts in self.rows.items():
            reasons = ", ".join(f"{reason} {number:,}" for reason, number in counts.dropped.items()) or "none"
            lines.append(f"  {name:<18}{counts.rows_in:>12,}{counts.made:>10,}{counts.kept:>12,}   {reasons}")
        for label, values in self.labels.items():
            lines.append(f"  label {label}: " + ", ".join(f"{value} {number:,}" for value, number in values.items()))
        turned = ", ".join(f"{what} {number:,}" for what, number in self.changes.items())
        return lines + ([f"  changed by the last build: {turned}"] if turned else [])

    def hour_lines(self) -> list[str]:
        """Return the hours for a terminal, log by log."""
        lines = []
        for log, what in dict.fromkeys((hour.log, hour.what) for hour in self.hours):
            lines.append(f"  {log + ' by hour':<28}{'events':>12}{what:>12}{'share':>10}")
            for hour in sorted((hour for hour in self.hours if hour.log == log), key=lambda hour: hour.at):
                share = "" if hour.share is None else f"{hour.share:.2%}"
                lines.append(f"  {f'{hour.at:%Y-%m-%d %H:%M}Z':<28}{hour.events:>12,}{hour.kept:>12,}{share:>10}")
        return lines


@dataclass(frozen=True, slots=True)
class Conservation:
    """The accounts of some partitions, all sums of which agree.

    Attributes
    ----------
    pipeline
        Of which pipeline.
    accounts
        By partition, ascending.
    not_built, unknown
        Partitions without samples; and those whose samples say nothing of their rows, such as built by hand.
    """

    pipeline: str
    accounts: Mapping[Partition, Account]
    not_built: tuple[Partition, ...]
    unknown: tuple[Partition, ...]

    @property
    def total(self) -> Account:
        """The sum over the partitions."""
        return Account.total(list(self.accounts.values()))

    def text(self, *, hours: bool = False) -> str:
        """Return the accounts for a terminal."""
        head = f"{'in':>16}{'made':>10}{'kept':>12}   dropped, by reason"
        total = f"total of {len(self.accounts)}"
        told = [*((str(partition), account) for partition, account in self.accounts.items()), (total, self.total)]
        lines = [self.pipeline]
        for name, account in told if self.accounts else []:
            lines += [f"{name:<16}{head}", *account.lines()]
        lines += self.total.hour_lines() if hours else []
        if without := [p for p, account in self.accounts.items() if not account.hours] if hours else []:
            lines.append(f"hours not recorded: {_listed(without)}")
        for word, partitions in (("not built", self.not_built), ("rows not recorded", self.unknown)):
            lines += [f"{word}: {_listed(partitions)}"] if partitions else []
        lines += ["all sums agree"] if self.accounts else []
        return "\n".join(lines)

    def to_json(self, *, hours: bool = False) -> dict[str, Any]:
        """Return the accounts as plain data."""
        return {
            "pipeline": self.pipeline,
            "partitions": [
                {"partition": str(partition), **account.to_json(hours=hours)}
                for partition, account in self.accounts.items()
            ],
            "total": self.total.to_json(),
            "not_built": [str(partition) for partition in self.not_built],
            "rows_not_recorded": [str(partition) for partition in self.unknown],
        }


def conservation(pipeline: Pipeline, workspace: Workspace, wanted: Days | Sequence[Partition]) -> Conservation:
    """Account for the rows of some partitions, and hold the account against the tables.

    Parameters
    ----------
    pipeline, workspace
        Whose tables, and where.
    wanted
        The days, or partitions.

    Raises
    ------
    ConservationError
        If a sum does not agree: of a stage, of what one stage hands to the next, of the labels, of the hours, or of
        the rows in the samples and quarantine tables.
    """
    samples, quarantine = (Stored.of(workspace, pipeline, table) for table in ("samples", "quarantine"))
    accounts, not_built, unknown = {}, [], []
    partitions = pipeline.partitions(wanted)
    entries = samples.entries(partitions)
    for partition in partitions:
        entry = entries.get(partition)
        if entry is None:
            not_built.append(partition)
        elif "rows" not in entry:
            unknown.append(partition)
        else:
            account = Account.from_entry(entry)
            # NOTE: after a kill between the two commits the quarantine is of another build; plan calls that stale
            of_same_build = partition in quarantine.rows and quarantine.keys[partition] == entry.get("key")
            check(
                account,
                partition,
                sampled=pipeline.samples.log.name,
                rows=samples.rows[partition],
                set_aside=quarantine.rows[partition] if of_same_build else None,
            )
            accounts[partition] = account
    return Conservation(pipeline.name, accounts, tuple(not_built), tuple(unknown))


def check(account: Account, partition: Partition, *, sampled: str, rows: int, set_aside: int | None = None) -> None:
    """Raise if a sum of a partition's account does not agree.

    Parameters
    ----------
    account, partition
        What is held against the rest, and of when.
    sampled
        The impression log: what it keeps goes into the samples.
    rows
        Rows of the partition in the samples table.
    set_aside
        Rows of the partition in the quarantine of the same build; None to leave it out.

    Raises
    ------
    ConservationError
        If one does not; it names the sum.
    """

    def agree(what: str, came: int, counted: int, dropped: Mapping[str, int] | None = None) -> None:
        RowCounts(came, counted, dropped or {}).check(what, partition)

    for name, counts in account.rows.items():
        counts.check(name, partition)
    logs = {name: counts for name, counts in account.rows.items() if name != SAMPLES}
    samples = account.rows.get(SAMPLES, RowCounts())
    agree(f"{sampled} to {SAMPLES}", account.rows.get(sampled, RowCounts()).kept, samples.rows_in)
    agree(f"{SAMPLES} in the table", samples.kept, rows)
    for label, values in account.labels.items():
        agree(f"label {label}", samples.kept, sum(values.values()))
    if set_aside is not None:
        agree("rows in quarantine", sum(sum(counts.dropped.values()) for counts in logs.values()), set_aside)
    _check_hours(account, sampled, agree)


def _check_hours(account: Account, sampled: str, agree: Callable[..., None]) -> None:
    for log in dict.fromkeys(hour.log for hour in account.hours):
        hours = [hour for hour in account.hours if hour.log == log]
        events, kept, counts = (
            sum(h.events for h in hours),
            sum(h.kept for h in hours),
            account.rows.get(log, RowCounts()),
        )
        if log == sampled:
            agree(f"{log} by hour", counts.kept, events)
            agree(f"{SAMPLES} by hour", account.rows[SAMPLES].kept, kept)
            continue
        uncredited = {reason: number for reason, number in counts.dropped.items() if reason in UNCREDITED}
        agree(f"{log} by hour", events, counts.kept, uncredited)
        agree(f"credited {log} by hour", counts.kept, kept)
        for hour in hours:
            if hour.kept > hour.events:
                agree(f"credited {log} of the hour {hour.at:%H:%M}Z", hour.events, hour.kept)


def _hours(stored: Mapping[str, Any]) -> Iterator[HourCounts]:
    if "start" not in stored:
        return
    start = datetime.fromisoformat(stored["start"]).astimezone(UTC)
    for log, counted in stored.items():
        what = next((word for word in ("samples", "credited") if word in counted), None) if log != "start" else None
        if what is not None:
            for number, (events, kept) in enumerate(zip(counted["events"], counted[what], strict=True)):
                yield HourCounts(log, start + number * _HOUR, events, what, kept)


def _listed(partitions: Sequence[Partition]) -> str:
    return ", ".join(str(partition) for partition in partitions)
