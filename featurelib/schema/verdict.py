"""Verdict: what the checks of a table came to, and the one screen that says so."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from featurelib.errors import SchemaViolationError
from featurelib.schema.column import OnFail
from featurelib.schema.findings import Finding
from featurelib.schema.metrics import Plain

Status = Literal["passed", "failed", "quarantined", "warned"]

_SHOWN_FIRST: dict[Status, str] = {"failed": "FAIL", "quarantined": "QUAR", "warned": "WARN"}
_MAX_CHECKS = 12  # what a terminal shows without scrolling
_MAX_TEXT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check came to.

    Parameters
    ----------
    id, column, rule, on_fail, declared_at
        As in `Check`.
    success
        Whether the rule holds, as Great Expectations judged.
    status
        What follows: ``passed``; ``failed``, which refuses the table; ``quarantined`` or ``warned``.
    rows_bad, rows
        Rows that count against the rule, and all rows.
    seen
        What the column held: its range, or the values outside the rule.
    examples
        Up to five rows, as plain JSON values.
    gx
        The result of Great Expectations, as plain JSON values.
    """

    id: str
    column: str | None
    rule: str
    on_fail: OnFail
    declared_at: str
    success: bool
    status: Status
    rows_bad: int
    rows: int
    seen: str
    examples: tuple[dict[str, Plain], ...]
    gx: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a table may be published, and why.

    Parameters
    ----------
    table, version, owner
        As declared.
    rows
        Rows measured.
    set_aside
        Rows among them that go to quarantine.
    budget
        Largest share of rows that may go there.
    results
        One result per check, in order of declaration.
    findings
        What moved against other days, if that was looked at: those that are beyond a limit are told, and one that says
        so refuses the table.
    """

    table: str
    version: str
    owner: str
    rows: int
    set_aside: int
    budget: float
    results: tuple[CheckResult, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def refused(self) -> tuple[CheckResult, ...]:
        """Results that refuse the table."""
        return self._with("failed")

    @property
    def quarantined(self) -> tuple[CheckResult, ...]:
        """Results whose rows are set aside."""
        return self._with("quarantined")

    @property
    def warned(self) -> tuple[CheckResult, ...]:
        """Results that are only reported."""
        return self._with("warned")

    @property
    def publishable(self) -> bool:
        """Whether nothing refuses the table."""
        return not self.refused and not any(finding.refuses for finding in self.findings)

    @property
    def counts(self) -> dict[Status, int]:
        """Checks by status, all four of them."""
        found = Counter(result.status for result in self.results)
        return {status: found[status] for status in ("passed", "failed", "quarantined", "warned")}

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain JSON values."""
        findings = [finding.to_json() for finding in self.findings]
        plain = {**asdict(self), "findings": findings}
        return {**plain, "publishable": self.publishable, "counts": self.counts}

    def screen(self, title: str, *, since: Mapping[str, str] | None = None) -> str:
        """Return the report that fits on one screen: verdict first, then each broken rule, the worst first.

        Parameters
        ----------
        title
            What was judged, such as ``training_samples 2026-11-01``.
        since
            For checks that partitions before it broke too: since when, in words, by id. The others are said to be seen
            for the first time. ``None``: nobody looked.
        """
        said = "may be published" if self.publishable else "NOT PUBLISHED"
        counts = ", ".join(f"{n} {status}" for status, n in self.counts.items() if n)
        lines = [
            f"{title}: table {self.table} version {self.version}, {self.rows:,} rows",
            f"{said}: {counts}",
        ]
        if self.set_aside:
            share = f"{self._share(self.set_aside)}, allowed {self.budget:.3%}"
            lines.append(f"to quarantine: {self.set_aside:,} rows ({share})")
        broken = [result for status in _SHOWN_FIRST for result in self._with(status)]
        for result in broken[:_MAX_CHECKS]:
            lines += self._paragraph(result, "" if since is None else since.get(result.id, "first seen here"))
        if len(broken) > _MAX_CHECKS:
            lines.append(f"... and {len(broken) - _MAX_CHECKS} more: {_ids(broken[_MAX_CHECKS:])}")
        return "\n".join([*lines, *self._finding_lines()])

    def raise_if_refused(self, title: str, *, since: Mapping[str, str] | None = None) -> None:
        """Raise if the table may not be published.

        Parameters
        ----------
        title, since
            As in `screen`.

        Raises
        ------
        SchemaViolationError
            With the screen as its message.
        """
        if not self.publishable:
            raise SchemaViolationError(self.screen(title, since=since))

    def _with(self, status: Status) -> tuple[CheckResult, ...]:
        return tuple(result for result in self.results if result.status == status)

    def _share(self, rows: int) -> str:
        return f"{rows / self.rows:.3%}" if self.rows else "no rows"

    def _finding_lines(self) -> list[str]:
        """Return what moved beyond a limit, alarms first; and how much was too little to tell."""
        order = ("alarm", "watch")
        told = [finding for level in order for finding in self.findings if finding.level == level]
        lines = [finding.text() for finding in told[:_MAX_CHECKS]]
        if len(told) > _MAX_CHECKS:
            lines.append(f"... and {len(told) - _MAX_CHECKS} more that moved; ask featurelib drift")
        skipped = sum(finding.level == "skipped" for finding in self.findings)
        if skipped:
            lines.append(f"{skipped} comparisons with other days skipped: too few rows, or nothing to compare with")
        return lines

    def _paragraph(self, result: CheckResult, since: str) -> list[str]:
        bad = f"   {result.rows_bad:,} rows ({self._share(result.rows_bad)})" if result.rows_bad else ""
        seen = f"   seen {result.seen}" if result.seen else ""
        lines = [f"{_SHOWN_FIRST[result.status]}  {result.id}: {result.rule}{bad}{seen}"]
        if result.examples:
            lines.append("      e.g. " + " | ".join(map(_line, result.examples)))
        owner = self.owner or "not declared"
        lines.append(f"      {f'{since}   ' if since else ''}owner {owner}   declared {result.declared_at}")
        if result.status == "failed" and result.on_fail == "quarantine":
            lines.append("      quarantine was asked for, but all rows to quarantine are more than allowed")
        return lines


def _line(row: dict[str, Plain]) -> str:
    return " ".join(f"{name}={short(value)}" for name, value in row.items())


def _ids(results: list[CheckResult]) -> str:
    return short(", ".join(result.id for result in results), 4 * _MAX_TEXT)


def short(value: Plain, longest: int = _MAX_TEXT) -> str:
    """Return a value as text that fits on a line."""
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
