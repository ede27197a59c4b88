"""Heat: the drift of the features that drift most, by day."""

from collections.abc import Iterator, Sequence

from featurelib.report.content import Day, Feature
from featurelib.report.words import decimal, esc

_SHOWN, _LEAST = 30, 5
LEVELS = ("none", "low", "mild", "watch", "alarm")


def hottest(features: Sequence[Feature]) -> list[Feature]:
    """Return the features that drifted most, the worst and then the highest first: few of those that stayed low."""
    measured = [feature for feature in features if feature.drift_at_most is not None]
    ranked = sorted(
        measured, key=lambda one: (-max(map(LEVELS.index, levels(one))), -(one.drift_at_most or 0), one.name)
    )
    warm = sum(any(shade not in {"none", "low"} for shade in levels(one)) for one in ranked)
    return ranked[: min(max(warm, _LEAST), _SHOWN)]


def level(value: float | None, feature: Feature) -> str:
    """Return how high a drift is among `LEVELS`.

    Examples
    --------
    >>> [level(value, Feature(name="price")) for value in (None, 0.01, 0.07, 0.2, 0.3)]
    ['none', 'low', 'mild', 'watch', 'alarm']
    """
    if value is None:
        return "none"
    watch = 0.1 if feature.watch is None else feature.watch
    if feature.alarm is not None and value > feature.alarm:
        return "alarm"
    return "watch" if feature.watch is not None and value > watch else "mild" if value > watch / 2 else "low"


def levels(feature: Feature) -> list[str]:
    """Return how high the drift of each day is among `LEVELS`.

    Examples
    --------
    >>> levels(Feature(name="user", drift=(0.3, 0.4), judged=("good", "bad")))
    ['mild', 'alarm']
    """
    shades = [level(value, feature) for value in feature.drift]
    if not feature.judged:
        return shades
    found = {"bad": "alarm", "watch": "watch", "good": "mild"}
    loud = {"watch", "alarm"}
    return [found[judged] if shade in loud else shade for shade, judged in zip(shades, feature.judged, strict=True)]


def heat(features: Sequence[Feature], days: Sequence[Day]) -> str:
    """Return a table of the hottest features, with one coloured cell per day."""
    if not days:
        return ""
    rows = "".join(_row(feature, days) for feature in hottest(features))
    ends = f"<span>{esc(days[0].name)}</span>" + (f"<span>{esc(days[-1].name)}</span>" if len(days) > 1 else "")
    return (
        '<div class="scroll"><table class="heat"><thead><tr><th scope="col">Feature</th>'
        f'<th scope="col"><span class="ends">{ends}</span></th><th scope="col" class="num">Highest</th>'
        f'<th scope="col" class="num">Last</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _row(feature: Feature, days: Sequence[Day]) -> str:
    most = feature.drift_at_most or 0.0
    place = feature.drift.index(most)
    title = f"Drift of {feature.name}: highest {most:.3f} on {days[place].name}"
    picture = (
        f'<svg viewBox="0 0 {len(days)} 1" preserveAspectRatio="none" role="img" aria-label="{esc(title)}">'
        f"<title>{esc(title)}</title>{''.join(_runs(feature))}</svg>"
    )
    last = decimal(feature.drift_at_last)
    return (
        f'<tr><th scope="row"><a href="#features" data-find="{esc(feature.name)}">{esc(feature.name)}</a></th>'
        f'<td class="strip">{picture}</td><td class="num {levels(feature)[place]}">{most:.3f}</td>'
        f'<td class="num">{last}</td></tr>'
    )


def _runs(feature: Feature) -> Iterator[str]:
    """Yield one path per level, in which days that follow on each other are one rectangle."""
    shades = levels(feature)
    for name in LEVELS[1:]:
        path, start = "", 0
        while start < len(shades):
            end = start
            while end < len(shades) and shades[end] == name:
                end += 1
            if end > start:
                path += f"M{start} 0h{end - start}v1H{start}z"
            start = end + 1 if end == start else end
        if path:
            yield f'<path class="{name}" d="{path}"/>'
