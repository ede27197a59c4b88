"""Requests: who asks when. People come in sessions, bots at fixed gaps."""

import math
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from featurelib.generator.declaration import BOT_PAGE, HOUR_US, PAGE, ClickLogs
from featurelib.generator.draws import Bits, Floats, Ints, active_users, below, draw, log_normal, normal, unit

SESSION_REACH_H = 4  # a session longer than this is squeezed into it
SKEW_REACH_H = 3
_LAST_US = 1_000_000  # no request comes in the last second of the logs: its page needs time to be seen
_SESSION_BREAK_S = 1800.0
_BOT_BASE = 1 << 54


@dataclass(frozen=True, eq=False)
class Requests:
    """One entry per request.

    Attributes
    ----------
    number
        Identity; below 2**55.
    session, user
        Identities of its session and its user.
    at_us
        Microseconds since the logs' start, by the client's clock.
    skew_us
        How far the client's clock is ahead.
    size
        Impressions shown.
    bot
        Which bot it is; -1 for people.
    """

    number: Bits
    session: Bits
    user: Bits
    at_us: Ints
    skew_us: Ints
    size: Ints
    bot: Ints

    def __len__(self) -> int:
        return len(self.number)

    def take(self, rows: NDArray[np.bool_] | Ints | slice) -> "Requests":
        """Return some of the requests."""
        return Requests(*(getattr(self, field.name)[rows] for field in fields(self)))


@lru_cache(maxsize=2)
def requests_between(logs: ClickLogs, start_us: int, end_us: int) -> Requests:
    """Return the requests of an interval, at most an hour long, by the client's time and then by number.

    Sessions of the hours within reach are planned again each time: no earlier hour needs to be kept.
    """
    hour = start_us // HOUR_US
    first = max(0, hour - SESSION_REACH_H - SKEW_REACH_H - 1)
    plans = [_people(logs, other) for other in range(first, min(logs.hours, hour + SKEW_REACH_H + SESSION_REACH_H + 2))]
    parts = [plan.take(slice(*np.searchsorted(plan.at_us, (start_us, end_us)))) for plan in plans]
    parts.append(_bots(logs, start_us, end_us))
    names = [field.name for field in fields(Requests)]
    joined = Requests(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    return joined.take(np.lexsort((joined.number, joined.at_us)))


def generation(logs: ClickLogs, what: str, slots: Ints, turnover: float, day: int) -> Ints:
    """Return how many times each slot has been given to something new by a day.

    On average ``turnover`` of the slots change hands each day, some often and some hardly ever.
    """
    lifetimes = unit(draw(logs.seed, f"{what} rate", slots)) * (2 * turnover) * day
    return (lifetimes + unit(draw(logs.seed, f"{what} phase", slots))).astype(np.int64)


@lru_cache(maxsize=24)
def _people(logs: ClickLogs, hour: int) -> Requests:
    """Plan the sessions that begin in an hour; their rows are exactly the hour's share of all rows."""
    sizes = _page_sizes(logs, hour, _rows_of(logs, hour))
    lengths = _session_lengths(logs, hour, len(sizes))
    number = (hour + 1 << 31) + np.arange(len(sizes), dtype=np.int64)
    session = (hour + 1 << 31) + np.arange(len(lengths), dtype=np.int64)
    slot = active_users(logs.user_sigma, logs.people).of(draw(logs.seed, "user", session)).astype(np.int64)
    user = generation(logs, "user", slot, logs.user_turnover, hour // 24) * logs.users + slot
    at_us, last_us = _session_times(logs, hour, session, lengths, number)
    skew_us = _skew(logs, user, at_us[np.cumsum(lengths) - lengths], last_us)
    plan = Requests(
        number=number.astype(np.uint64),
        session=np.repeat(session.astype(np.uint64), lengths),
        user=np.repeat(user.astype(np.uint64), lengths),
        at_us=at_us + np.repeat(skew_us, lengths),
        skew_us=np.repeat(skew_us, lengths),
        size=sizes,
        bot=np.full(len(sizes), -1, dtype=np.int64),
    )
    return plan.take(np.argsort(plan.at_us, kind="stable"))


def _rows_of(logs: ClickLogs, hour: int) -> int:
    """Return how many of the people's rows an hour's sessions have: cumulative counts, rounded, leave none out."""
    angles = 2 * np.pi * (np.arange(24) - logs.busiest_hour) / 24
    weights = np.exp(math.log(logs.busiest_over_quietest) / 2 * np.cos(angles))
    done = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
    done[-1] = 1.0
    people = logs.rows - logs.bot_requests * BOT_PAGE
    day, clock = divmod(hour, 24)
    before, after = (int(people * ((day + done[at]) / logs.days)) for at in (clock, clock + 1))
    return after - before


def _fill(total: int, sizes: Ints) -> Ints:
    """Return the first sizes that reach a total, the last of them cut to meet it."""
    ends = np.cumsum(sizes)
    kept = sizes[: int(np.searchsorted(ends, total)) + 1].copy()
    kept[-1] -= int(ends[len(kept) - 1]) - total
    return kept


def _page_sizes(logs: ClickLogs, hour: int, rows: int) -> Ints:
    """Return impressions per request: mostly a page, some two pages, some a short last page."""
    if rows == 0:
        return np.zeros(0, dtype=np.int64)
    sizes, count = np.zeros(0, dtype=np.int64), rows // 10 + 64
    while sizes.sum() < rows:
        bits = draw(logs.seed, "page", (hour << 31) + np.arange(count, dtype=np.int64))
        short = 1 + (bits % np.uint64(9)).astype(np.int64)
        sizes = np.where(below(bits, 0.7), PAGE, np.where(below(bits, 0.85), 2 * PAGE, short))
        count *= 2
    return _fill(rows, sizes)


def _session_lengths(logs: ClickLogs, hour: int, requests: int) -> Ints:
    """Return requests per session, log-normal by the declared median and 99th percentile."""
    if requests == 0:
        return np.zeros(0, dtype=np.int64)
    median, p99 = logs.session_requests
    law = log_normal(math.log(median), math.log(p99 / median) / 2.326)
    keys = (hour << 31) + np.arange(requests, dtype=np.int64)
    return _fill(requests, np.maximum(np.rint(law.of(draw(logs.seed, "session", keys))), 1).astype(np.int64))


def _session_times(logs: ClickLogs, hour: int, session: Ints, lengths: Ints, number: Ints) -> tuple[Ints, Ints]:
    """Return the true time of each request, and of each session's last; none is after the logs' end."""
    within = unit(draw(logs.seed, "session start", session)) * HOUR_US
    gaps = log_normal(*logs.session_gap, _SESSION_BREAK_S).of(draw(logs.seed, "gap", number)) * 1e6
    firsts = np.cumsum(lengths) - lengths
    passed = np.cumsum(gaps)
    passed -= np.repeat(passed[firsts], lengths)
    longest = SESSION_REACH_H * HOUR_US
    span = passed[firsts + lengths - 1]
    passed *= np.repeat(np.minimum(longest / np.maximum(span, 1), 1), lengths)
    # NOTE: a session that would outlast the logs begins earlier, so that they have all their declared rows.
    latest = logs.hours * HOUR_US - _LAST_US - np.minimum(span, longest)
    begin = hour * HOUR_US + within
    begin = np.where(begin < latest, begin, latest - within)
    times = (np.repeat(begin, lengths) + passed).astype(np.int64)
    return times, times[firsts + lengths - 1]


def _skew(logs: ClickLogs, user: Ints, first_us: Ints, last_us: Ints) -> Ints:
    """Return how far each session's clock is ahead: a property of its user, unless it would leave the logs."""
    bits = draw(logs.seed, "skew", user)
    seconds = np.where(below(bits, logs.skewed_by_hours + logs.skewed), 60 * _centred(logs, user), 0.0)
    hours = below(bits, logs.skewed_by_hours)
    far = 3600 * (1 + (SKEW_REACH_H - 1) * unit(draw(logs.seed, "skew far", user)))
    seconds = np.where(hours, np.where(bits & np.uint64(1) == 1, far, -far), seconds)
    skew = (seconds * 1e6).astype(np.int64)
    inside = (first_us + skew >= 0) & (last_us + skew < logs.hours * HOUR_US - _LAST_US)
    return np.where(inside, skew, 0)


def _centred(logs: ClickLogs, user: Ints) -> Floats:
    return normal().of(draw(logs.seed, "skew near", user))


def _bots(logs: ClickLogs, start_us: int, end_us: int) -> Requests:
    """Return the bots' requests: they take turns at one fixed step, so that each has one gap, day and night."""
    step = (logs.hours * HOUR_US - _LAST_US) // max(logs.bot_requests, 1)
    turns = np.arange(-(-start_us // step), min(-(-end_us // step), logs.bot_requests), dtype=np.int64)
    bot = turns % max(logs.bots, 1)
    day = turns * step // (24 * HOUR_US)
    zero = np.zeros(len(turns), dtype=np.int64)
    return Requests(
        number=(turns + _BOT_BASE).astype(np.uint64),
        session=(_BOT_BASE + (day << 32) + bot).astype(np.uint64),
        user=(logs.people + bot).astype(np.uint64),
        at_us=turns * step,
        skew_us=zero,
        size=zero + BOT_PAGE,
        bot=bot,
    )
