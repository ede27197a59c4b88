"""Selection: what each feature tells about the label, and which rule dropped the others."""

from collections import Counter
from collections.abc import Sequence

from featurelib.report.content import Feature
from featurelib.report.words import count, esc

_BARS_SHOWN = 30


def selection_section(features: Sequence[Feature]) -> str:
    """Return the scores of the features that stay, and why the others do not; empty without scores."""
    scored = sorted(
        (feature for feature in features if feature.mutual_information is not None),
        key=lambda feature: (-(feature.mutual_information or 0), feature.name),
    )
    if not scored:
        return ""
    kept = [feature for feature in scored if feature.kept]
    rules = Counter(feature.rule for feature in features if feature.kept is False)
    told = ", ".join(f"{number:,} by {esc(rule)}" for rule, number in sorted(rules.items()))
    most = max((feature.mutual_information or 0.0) for feature in scored) or 1.0
    rows = "".join(_scored(feature, most) for feature in kept[:_BARS_SHOWN])
    more = f" The best {_BARS_SHOWN} are shown; the table above has all." if len(kept) > _BARS_SHOWN else ""
    stays = sum(feature.kept is True for feature in features)
    says = f"{stays:,} kept, {sum(rules.values()):,} dropped{': ' + told if told else ''}.{more}"
    out = [feature for feature in features if feature.kept is False]
    dropped = ""
    if out:
        lines = "".join(
            f'<tr><th scope="row">{esc(feature.name)}</th><td>{esc(feature.rule)}</td><td>{esc(feature.why)}</td></tr>'
            for feature in out
        )
        dropped = (
            f"<details><summary>{count(len(out), 'feature')} dropped, and why</summary>"
            '<div class="scroll"><table><thead><tr><th scope="col">Feature</th><th scope="col">Rule</th>'
            f'<th scope="col">Why</th></tr></thead><tbody>{lines}</tbody></table></div></details>'
        )
    return (
        f'<p class="says">{says} Bars: mutual information with the label, in thousandths of a nat.</p>'
        f'<div class="scroll"><table class="scores"><thead><tr><th scope="col">Feature</th><th scope="col">'
        f'Mutual information</th><th scope="col" class="num">mnat</th></tr></thead><tbody>{rows}</tbody></table></div>'
        f"{dropped}"
    )


def _scored(feature: Feature, most: float) -> str:
    value = feature.mutual_information or 0.0
    bar = (
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="bar" width="{max(100 * value / most, 0):.2f}" height="10"/></svg>'
    )
    return (
        f'<tr><th scope="row">{esc(feature.name)}</th><td class="strip">{bar}</td>'
        f'<td class="num">{1000 * value:.3f}</td></tr>'
    )
