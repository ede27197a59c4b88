"""Oracles of the rules that keep or drop rows: each returns the same rows in the same order, some with a reason.

A row that comes in dropped keeps its reason, and no rule looks at it.
"""

import statistics
from collections.abc import Sequence
from itertools import pairwise

from featurelib.testing.hashing import in_share, seeded_hash
from featurelib.testing.rows import ROW, Row, copied, drop, groups, live, microseconds, ordered, values

WEIGHT = "sample_weight"


def too_many_impressions(rows: Sequence[Row], *, by: str, most: int) -> list[Row]:
    """Drop all rows of a user with more than ``most`` of them, as ``bot_impressions``; never those of a null user.

    Examples
    --------
    >>> from featurelib.testing.rows import numbered
    >>> rows = numbered({"user": user} for user in ("a", "b", "a", None, None))
    >>> [row["@dropped"] for row in too_many_impressions(rows, by="user", most=1)]
    ['bot_impressions', None, 'bot_impressions', None, None]
    """
    found = copied(rows)
    for group in groups(live(found), by):
        if len(group) > most:
            drop(group, "bot_impressions")
    return found


def too_many_clicks(rows: Sequence[Row], *, by: str, label: str, share: float, at_least: int) -> list[Row]:
    """Drop all rows of a user who clicked on more than ``share`` of at least ``at_least``, as ``bot_clicks``.

    Examples
    --------
    >>> from featurelib.testing.rows import numbered
    >>> rows = numbered({"user": user, "clicked": label} for user, label in [("a", 1), ("a", 0), ("b", 1), ("b", 1)])
    >>> [row["@dropped"] for row in too_many_clicks(rows, by="user", label="clicked", share=0.5, at_least=2)]
    [None, None, 'bot_clicks', 'bot_clicks']
    """
    found = copied(rows)
    for group in groups(live(found), by):
        clicked = sum(1 for row in group if row[label] == 1)
        if len(group) >= at_least and clicked / len(group) > share:
            drop(group, "bot_clicks")
    return found


def clicks_too_fast(rows: Sequence[Row], *, by: str, clicked_at: str, median_s: float, at_least: int = 5) -> list[Row]:
    """Drop all rows of a user whose clicks, at least ``at_least``, follow each other too fast, as ``bot_click_gaps``.

    Too fast: the median of the gaps between consecutive click times is below ``median_s`` seconds.

    Examples
    --------
    >>> import datetime as dt
    >>> def clicks(user, *seconds):
    ...     return [{"user": user, "at": dt.datetime(2026, 11, 1, 12, 0, second)} for second in seconds]
    >>> from featurelib.testing.rows import numbered
    >>> rows = numbered(clicks("a", 9, 0, 1, 2) + clicks("b", 0, 2, 4, 5))
    >>> found = clicks_too_fast(rows, by="user", clicked_at="at", median_s=2, at_least=4)
    >>> [row["@dropped"] for row in found]
    ['bot_click_gaps', 'bot_click_gaps', 'bot_click_gaps', 'bot_click_gaps', None, None, None, None]
    """
    found = copied(rows)
    for group in groups(live(found), by):
        times = sorted(row[clicked_at] for row in group if row[clicked_at] is not None)
        gaps = [microseconds(after - before) for before, after in pairwise(times)]
        if len(times) >= at_least and statistics.median(gaps) / 1_000_000 < median_s:
            drop(group, "bot_click_gaps")
    return found


def listed_agents(rows: Sequence[Row], *, column: str, agents: Sequence[str], empty: bool = False) -> list[Row]:
    """Drop rows whose user agent contains one of the texts, whatever its case, as ``bot_agent``.

    A null or blank agent is dropped only with ``empty``.

    Examples
    --------
    >>> from featurelib.testing.rows import numbered
    >>> rows = numbered({"agent": agent} for agent in ("Mozilla/5.0", "GoogleBot/2.1", " ", None))
    >>> [row["@dropped"] for row in listed_agents(rows, column="agent", agents=["googlebot"], empty=True)]
    [None, 'bot_agent', 'bot_agent', 'bot_agent']
    """
    found = copied(rows)
    for row in live(found):
        agent = row[column] or ""
        listed = any(text.lower() in agent.lower() for text in agents)
        if listed or (empty and not agent.strip()):
            drop([row], "bot_agent")
    return found


def skip_above(
    rows: Sequence[Row],
    *,
    request: str | Sequence[str],
    position: str,
    label: str,
    keep_below: int = 2,
    without_click: str = "keep",
) -> list[Row]:
    """Drop the rows of a request below its last click but for the first ``keep_below``, as ``below_last_click``.

    Rows of a request without a click stay, or are all dropped as ``no_click_in_request``. A row with a null position
    or a null part of the request stays and is not looked at.

    References
    ----------
    Joachims, Optimizing search engines using clickthrough data, KDD 2002.

    Examples
    --------
    >>> from featurelib.testing.rows import numbered
    >>> rows = numbered({"request": "r", "at": at, "clicked": int(at == 2)} for at in (1, 2, 3, 4))
    >>> found = skip_above(rows, request="request", position="at", label="clicked", keep_below=1)
    >>> [row["@dropped"] for row in found]
    [None, None, None, 'below_last_click']
    """
    found = copied(rows)
    for group in groups((row for row in live(found) if row[position] is not None), request):
        clicked = [row[position] for row in group if row[label] == 1]
        if clicked:
            below = ordered((row for row in group if row[position] > max(clicked)), position)
            drop(below[keep_below:], "below_last_click")
        elif without_click == "drop":
            drop(group, "no_click_in_request")
    return found


def keep_fraction(
    rows: Sequence[Row], *, rate: float, label: str, keys: str | Sequence[str], seed: int = 0
) -> list[Row]:
    """Keep each row with label 1, and the others whose hash is in the share ``rate``; the rest is ``sampled_out``.

    The column ``sample_weight`` is 1 for a label of 1 and 1 / rate for others; it is multiplied into one that is there.

    References
    ----------
    He et al., Practical lessons from predicting clicks on ads at Facebook, ADKDD 2014.

    Examples
    --------
    >>> from featurelib.testing.rows import numbered
    >>> rows = numbered({"id": n, "clicked": int(n == 3)} for n in range(4))
    >>> found = keep_fraction(rows, rate=0.5, label="clicked", keys="id")
    >>> [(row["@dropped"], row["sample_weight"]) for row in found]
    [('sampled_out', 2.0), ('sampled_out', 2.0), ('sampled_out', 2.0), (None, 1.0)]
    """
    found = copied(rows)
    for row in live(found):
        if row[label] != 1 and not in_share(seeded_hash("keep_fraction", seed, values(row, keys)), rate):
            drop([row], "sampled_out")
    for row in found:
        row[WEIGHT] = row.get(WEIGHT, 1.0) * (1.0 if row[label] == 1 else 1.0 / rate)
    return found


def cap_per_user(rows: Sequence[Row], *, by: str, most: int, keys: str | Sequence[str], seed: int = 0) -> list[Row]:
    """Keep of each user's rows the ``most`` with the smallest hash, equal ones by number; others are ``over_cap``.

    References
    ----------
    Covington et al., Deep neural networks for YouTube recommendations, RecSys 2016.

    Examples
    --------
    >>> from featurelib.testing.rows import numbered
    >>> rows = numbered({"user": "u", "id": n} for n in range(3))
    >>> [row["@dropped"] for row in cap_per_user(rows, by="user", most=1, keys=["id"])]
    [None, 'over_cap', 'over_cap']
    """
    found = copied(rows)
    for group in groups(live(found), by):
        by_hash = sorted(group, key=lambda row: (seeded_hash("cap_per_user", seed, values(row, keys)), row[ROW]))
        drop(by_hash[most:], "over_cap")
    return found
