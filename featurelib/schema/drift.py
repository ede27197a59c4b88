"""Drift: what moved between two profiles of a table, how far, and whether there were rows enough to tell."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median
from typing import Any

import polars as pl

from featurelib.schema.divergence import SIGMAS, by_chance, jensen_shannon, psi, psi_by_chance, shares
from featurelib.schema.edges import HOUR, Edges
from featurelib.schema.findings import Finding, Level, Measure, Moved
from featurelib.schema.limits import Drift, Limit, OnAlarm
from featurelib.schema.profile import Profile
from featurelib.schema.table import Table

_NOISE = 0.2  # the part of a watch limit that chance alone may make of a divergence
_MOVED = 3
_FEWEST_BEFORE = 3  # a median of two is as good as its worse half


def compare(
    now: Profile,
    was: Profile,
    table: type[Table],
    edges: Edges,
    *,
    against: str,
    labelled_only: bool = False,
    labels_final: bool = True,
) -> tuple[Finding, ...]:
    """Compare two profiles of a table, column by column.

    Parameters
    ----------
    now, was
        What is judged, and what it is held against; counted with the same edges.
    table
        The declaration, with the limits of each column.
    edges
        Of both.
    against
        What ``was`` is, in words.
    labelled_only
        Whether ``was`` has only rows with a label, as a baseline does: then only such rows of ``now`` are looked at,
        as far as cells go.
    labels_final
        Whether the labels of ``now`` will stay as they are. If not, their rate is not judged.

    Returns
    -------
    One finding per column and measure, also where nothing moved. A column that the table does not declare (such as the
    hour) is left out.

    Raises
    ------
    UsageError
        If the two were counted with different edges.

    Notes
    -----
    **Power.** A divergence (PSI, Jensen-Shannon) of two samples of one distribution is not 0: on average the PSI is
    (B - 1)(1/n + 1/m). Where that is more than a fifth of the watch limit, the comparison is skipped, and says so. A
    change of a share (categories, missing, coverage, label rate) counts where it is also beyond four standard
    deviations of chance, so also of few rows; else it is fine, or skipped where these reach beyond the alarm limit.
    """
    now.check_edges(was, mine="what is compared", theirs=against)
    before = {row["column"]: row for row in was.columns.iter_rows(named=True)}
    found: list[Finding] = []
    for row in now.columns.iter_rows(named=True):
        name = row["column"]
        if name in table.columns and not (name == HOUR and edges.hour_of is not None):
            found += _of_column(name, row, before[name], table, edges, against, labelled_only=labelled_only)
    if edges.label is not None:
        found += _label_rate(edges.label, now, was, table, against, final=labels_final)
    return tuple(found)


def leaks(now: Profile, table: type[Table], edges: Edges, *, labels_final: bool = True) -> tuple[Finding, ...]:
    """Judge how well each feature alone tells the label: one that is too good has probably seen it.

    Parameters
    ----------
    now
        What is judged.
    table, edges
        As in `compare`.
    labels_final
        Whether the labels will stay as they are; if not, nothing is judged.

    Returns
    -------
    One finding per column with role ``feature``; none without a label. For numbers the value is the AUC of the column,
    or of its negative. Categories have no order: for them it is the AUC of the best one, which is above 0.5 by chance,
    and is held against that.
    """
    label = edges.label
    if label is None:
        return ()
    found = []
    for row in now.columns.iter_rows(named=True):
        name = row["column"]
        if name not in table.columns or table.columns[name].role != "feature":
            continue
        limits = _limits(table, name)
        ask = _Ask(name, "auc", limits.auc, "", limits.on_alarm)
        if ask.limit is None:
            continue
        negatives, positives = now.labelled - now.positives, now.positives
        if not labels_final:
            found.append(ask.skipped(f"labels of {label} may still change"))
        elif not positives or not negatives:
            found.append(ask.skipped(f"{label} has {positives:,} positive and {negatives:,} other rows"))
        else:
            value, freedom = _auc(row, ordered=edges.bins[name].kind == "numbers")
            sigma = math.sqrt((positives + negatives + 1) / (12 * positives * negatives))
            chance = 0.5 + (math.sqrt(freedom) + SIGMAS) * sigma
            found.append(ask.share(value, chance, now.labelled, why=f"it may have seen {label}"))
    return tuple(found)


def volume(rows: int, before: Sequence[int], table: type[Table], *, against: str) -> Finding | None:
    """Judge how many rows a partition has.

    Parameters
    ----------
    rows
        Its rows.
    before
        Those of partitions before it that are there, the latest first.
    table
        The declaration; `Volume` says how many of them count.
    against
        What they are, in words.

    Returns
    -------
    ``None`` if the table has no limit. Skipped with fewer than three partitions before (or as many as are declared).
    """
    limits = table.volume
    if limits is None:
        return None
    ask = _Ask(None, "volume", (limits.watch, limits.alarm), against, limits.on_alarm)
    counted = before[: limits.partitions]
    fewest = min(_FEWEST_BEFORE, limits.partitions)
    if len(counted) < fewest:
        return ask.skipped(f"{len(counted)} of {limits.partitions} partitions before it are there, {fewest} are needed")
    usual = median(counted)
    if not usual:
        return ask.skipped("the partitions before it have no rows")
    told = f"{rows:,} rows, {usual:,.10g} are usual"
    return ask.share(rows / usual - 1, SIGMAS / math.sqrt(usual), rows, why=told)


def enough(rows: Sequence[int], alarm: float) -> bool:
    """Return whether rows of partitions tell what is usual: at least three, and chance alone makes no alarm of them."""
    return len(rows) >= _FEWEST_BEFORE and median(rows) * alarm**2 >= SIGMAS**2


def freshness(newest: datetime | None, now: datetime, table: type[Table]) -> Finding | None:
    """Judge how long before some instant the newest row of a table lies; ``None`` if the table has no limit."""
    if table.freshness is None:
        return None
    limit = table.freshness.total_seconds()
    ask = _Ask(None, "freshness", (limit, limit), "", "warn")
    if newest is None:
        return ask.skipped("there is no row")
    return ask.found((now - newest).total_seconds(), why=f"newest {table.event_time} {newest:%Y-%m-%d %H:%M}Z")


def columns_differ(
    there: Mapping[str, pl.DataType], *, wanted: Iterable[str], declared: Mapping[str, pl.DataType], where: str
) -> tuple[Finding, ...]:
    """Return how the columns that are there differ from those that are wanted and declared, whatever their values.

    Parameters
    ----------
    there
        Columns with their types.
    wanted
        Columns that have to be there: one that is not is an alarm (``missing``). One of another kind is, too
        (``type``): a text where a number is declared, or the like; not numbers of another width, nor a column without
        a value. Times are not looked at, as JSON has them as texts.
    declared
        Columns that the table declares, with their types: one that is there beside them is watched (``extra``).
    where
        What they are columns of, in words.
    """

    def ask(name: str, measure: Measure) -> _Ask:
        return _Ask(name, measure, None, where, "warn")

    features = sorted(wanted)
    missing = [ask(name, "missing").at("alarm") for name in features if name not in there]
    kinds = {
        name: (_kind(there[name]), _kind(declared[name])) for name in features if name in there and name in declared
    }
    other = [
        ask(name, "type").at("alarm", why=f"{mine} where {theirs} are declared")
        for name, (mine, theirs) in kinds.items()
        if mine and theirs and mine != theirs
    ]
    extra = [ask(name, "extra").at("watch") for name in sorted(set(there) - set(declared))]
    return (*missing, *other, *extra)


def _kind(dtype: pl.DataType) -> str:
    """Return, in words, what values of a type are; empty where that is not to be told."""
    if isinstance(dtype, pl.List):
        inner = _kind(dtype.inner)  # type: ignore[arg-type]  # a type of an element, never a class of types
        return inner and f"lists of {inner}"
    if dtype.is_numeric():
        return "numbers"
    if isinstance(dtype, pl.String | pl.Enum | pl.Categorical):
        return "texts"
    return "truth values" if dtype == pl.Boolean() else ""


@dataclass(frozen=True, slots=True)
class _Ask:
    """A measure to be judged: of what, by which limit."""

    column: str | None
    measure: Measure
    limit: Limit
    against: str
    on_alarm: OnAlarm

    def at(self, level: Level, value: float | None = None, *, why: str = "") -> Finding:
        limit = None if self.limit is None else self.limit[1 if level == "alarm" else 0]
        return Finding(
            measure=self.measure,
            column=self.column,
            against=self.against,
            value=value,
            limit=limit,
            level=level,
            why=why,
            on_alarm=self.on_alarm,
        )

    def skipped(self, why: str, value: float | None = None) -> Finding:
        return self.at("skipped", value, why=why)

    def found(self, value: float, *, why: str = "") -> Finding:
        watch, alarm = self.limit or (math.inf, math.inf)
        size = abs(value) if self.measure in {"label_rate", "volume"} else value
        level: Level = "alarm" if size > alarm else "watch" if size > watch else "ok"
        return self.at(level, value, why=why if level != "ok" else "")

    def share(self, value: float, chance: float, rows: int, *, why: str = "") -> Finding:
        """Judge a change that counts only beyond what chance makes, at four standard deviations."""
        _, alarm = self.limit or (math.inf, math.inf)
        size = abs(value) if self.measure in {"label_rate", "volume"} else value
        if size > chance:
            return self.found(value, why=why)
        if chance > alarm:
            return self.skipped(f"too few rows ({rows:,}): chance alone makes up to {chance:.3g}", value)
        return self.at("ok", value)

    def divergence(self, value: float, chance: float, rows: tuple[int, int]) -> Finding:
        """Judge a divergence, unless too much of its limit is made by chance."""
        watch, _ = self.limit or (math.inf, math.inf)
        if chance > _NOISE * watch:
            n, m = rows
            why = (
                f"too few rows ({n:,} and {m:,}): chance alone makes {chance:.3g}, at most {_NOISE * watch:.3g} may be"
            )
            return self.skipped(why, value)
        return self.found(value)


def _of_column(
    name: str,
    now: Mapping[str, Any],
    was: Mapping[str, Any],
    table: type[Table],
    edges: Edges,
    against: str,
    *,
    labelled_only: bool,
) -> Iterator[Finding]:
    limits, bins = _limits(table, name), edges.bins[name]
    here = now["labelled"] if labelled_only else now["counts"]
    there = was["counts"]
    n, m = sum(here), sum(there)
    measures: tuple[tuple[Measure, Limit], ...] = (
        ("psi", limits.psi),
        ("categories", limits.categories if bins.kind == "categories" else None),
        ("jensen_shannon", limits.jensen_shannon),
        ("nulls", limits.nulls),
        ("coverage", limits.coverage if table.columns[name].default is not None else None),
    )
    asks = [_Ask(name, measure, limit, against, limits.on_alarm) for measure, limit in measures if limit is not None]
    if not n or not m:
        what = "rows with a label" if labelled_only else "rows"
        yield from (ask.skipped(f"no {what} {'now' if not n else 'before'}") for ask in asks)
        return
    for ask in asks:
        match ask.measure:
            case "psi":
                found = ask.divergence(psi(here, there), psi_by_chance(here, there), (n, m))
            case "jensen_shannon":
                chance = psi_by_chance(here, there) / (8 * math.log(2))
                found = ask.divergence(jensen_shannon(here, there), chance, (n, m))
            case "categories":
                largest = max(abs(p - q) for p, q in zip(shares(here), shares(there), strict=True))
                chance = max(by_chance(a, n, b, m) for a, b in zip(here, there, strict=True))
                found = ask.share(largest, chance, n)
            case "nulls":
                rise = here[-1] / n - there[-1] / m
                found = ask.share(rise, by_chance(here[-1], n, there[-1], m), n)
            case _:
                found = _coverage(ask, now, was)
        yield found if found.level not in {"watch", "alarm"} else _with(found, _moved(here, there, bins.labels()))


def _coverage(ask: _Ask, now: Mapping[str, Any], was: Mapping[str, Any]) -> Finding:
    (says, n), (said, m) = (
        (row["rows"] - row["nulls"] - row["nans"] - row["defaults"], row["rows"]) for row in (now, was)
    )
    if not said:
        return ask.skipped("no row said anything before")
    return ask.share(1 - (says / n) / (said / m), by_chance(says, n, said, m) / (said / m), n)


def _label_rate(
    label: str, now: Profile, was: Profile, table: type[Table], against: str, *, final: bool
) -> Iterator[Finding]:
    limits = _limits(table, label)
    ask = _Ask(label, "label_rate", limits.label_rate, against, limits.on_alarm)
    if ask.limit is None:
        return
    if not final:
        yield ask.skipped("labels may still change")
    elif not now.labelled or not was.positives:
        yield ask.skipped("no labelled rows" if not now.labelled else "no positive label before")
    else:
        before, here = was.positives / was.labelled, now.positives / now.labelled
        chance = by_chance(now.positives, now.labelled, was.positives, was.labelled) / before
        found = ask.share(here / before - 1, chance, now.labelled)
        moved = (Moved("positive", before, here),)
        yield found if found.level not in {"watch", "alarm"} else _with(found, moved)


def _auc(row: Mapping[str, Any], *, ordered: bool) -> tuple[float, int]:
    """Return the AUC of a column or of its negative, and how many orders it was the best of: cells without an order."""
    cells = [
        (positive, labelled - positive) for labelled, positive in zip(row["labelled"], row["positives"], strict=True)
    ]
    cells = [cells[-1], *cells[:-1]]  # a missing value ranks below all others
    if not ordered:
        cells = sorted((cell for cell in cells if any(cell)), key=lambda cell: (cell[0] / sum(cell), cell))
    doubled = below = 0
    for positive, negative in cells:
        doubled += positive * (2 * below + negative)
        below += negative
    auc = doubled / (2 * below * sum(positive for positive, _ in cells))
    return max(auc, 1 - auc), 0 if ordered else len(cells) - 1


def _limits(table: type[Table], column: str) -> Drift:
    return table.columns[column].drift or table.drift


def _moved(now: Sequence[int], was: Sequence[int], labels: Sequence[str]) -> tuple[Moved, ...]:
    """Return the cells that changed most, but for those that changed a tenth of that at most."""
    cells = [Moved(*cell) for cell in zip(labels, shares(was), shares(now), strict=True)]
    ranked = sorted(range(len(cells)), key=lambda cell: (-_change(cells[cell]), cell))
    least = _change(cells[ranked[0]]) / 10
    return tuple(cells[cell] for cell in ranked[:_MOVED] if _change(cells[cell]) > least)


def _change(moved: Moved) -> float:
    return abs(moved.now - moved.was)


def _with(found: Finding, moved: tuple[Moved, ...]) -> Finding:
    return replace(found, moved=moved)
