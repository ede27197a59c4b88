"""Features: the table of all of them in plain HTML, and the compact data from which the script draws."""

from collections.abc import Sequence
from typing import Any

from featurelib.report.content import Day, Feature, Level
from featurelib.report.heat import levels
from featurelib.report.words import ICONS, decimal, esc, share

_WORDS: dict[Level, str] = {"good": "fine", "watch": "worth a look", "bad": "to be acted on"}
_ORDER: tuple[Level, ...] = ("bad", "watch", "good")
_HEADS = (
    ("name", "Feature", "", "text"),
    ("dist", "Distribution", "now over baseline", ""),
    ("line", "Drift by day", "PSI", ""),
    ("psi", "Drift", "highest PSI", "num"),
    ("missing", "Missing", "now, baseline", "num"),
    ("auc", "AUC", "alone", "num"),
    ("mi", "Information", "on the label, mnat", "num"),
    ("kept", "Selection", "", "text"),
)


def features_table(features: Sequence[Feature]) -> str:
    """Return the table: those that need a look first, the dropped last, else in order of declaration."""
    heads = "".join(_head(*head) for head in _HEADS)
    worst_first = sorted(enumerate(features), key=lambda one: (_ORDER.index(one[1].level), not one[1].kept))
    rows = "".join(_row(number, feature) for number, feature in worst_first)
    return (
        '<div class="scroll"><table class="features" id="feature-table"><thead><tr>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _head(key: str, name: str, unit: str, sort: str) -> str:
    told = f"{name}<small>{unit}</small>" if unit else name
    kind = ' class="num"' if sort == "num" else ""
    if not sort:
        return f'<th scope="col" class="{key}">{told}</th>'
    return f'<th scope="col"{kind} aria-sort="none"><button type="button" data-sort="{key}">{told}</button></th>'


def _row(number: int, feature: Feature) -> str:
    mark = ""
    if feature.level != "good":
        mark = f'<span class="mark {feature.level}"><span aria-hidden="true">{ICONS[feature.level]}</span>'
        mark += f'<span class="sr">{_WORDS[feature.level]}</span></span> '
    unit = f" ({feature.unit})" if feature.unit else ""
    doc = f"<small>{esc(feature.doc)}{esc(unit)}</small>" if feature.doc else ""
    decided = {True: "kept", False: f"dropped<small>{esc(feature.rule)}</small>", None: "not yet"}[feature.kept]
    kept = "" if feature.kept is None else int(feature.kept)
    information = None if feature.mutual_information is None else 1000 * feature.mutual_information
    now, before = share(feature.missing), share(feature.missing_before)
    missing = now if feature.missing_before is None else f"{now}<small>{before}</small>"
    return (
        f'<tr data-n="{number}" data-level="{feature.level}" data-kept="{kept}">'
        f'<th scope="row">{mark}<button type="button" class="open" aria-expanded="false">{esc(feature.name)}</button>'
        f'{doc}</th><td class="dist"></td><td class="line"></td>'
        f'<td class="num" data-label="Drift">{decimal(feature.drift_at_most)}</td>'
        f'<td class="num" data-label="Missing">{missing}</td>'
        f'<td class="num" data-label="AUC">{decimal(feature.auc)}</td>'
        f'<td class="num" data-label="Information">{decimal(information, 2)}</td>'
        f'<td class="decided" data-label="Selection">{decided}</td></tr>'
    )


def drawn(features: Sequence[Feature], days: Sequence[Day], baseline: str, label: str) -> dict[str, Any]:
    """Return what the script draws from: whole numbers, and each list of names of cells once."""
    names: dict[tuple[str, ...], int] = {}
    return {
        "days": [day.name for day in days],
        "baseline": baseline,
        "label": label,
        "features": [_drawn(feature, names) for feature in features],
        "cells": [list(cells) for cells in names],
    }


def _drawn(feature: Feature, names: dict[tuple[str, ...], int]) -> dict[str, Any]:
    told: dict[str, Any] = {"n": feature.name, "o": _ORDER.index(feature.level)}
    if feature.cells:
        told["c"] = names.setdefault(feature.cells, len(names))
        told["x"] = list(feature.now)
        told["b"] = _per_mille(feature.before)
        told["r"] = [None if rate is None else round(rate * 1e5) for rate in feature.rates]
    if feature.drift:
        told["p"] = [None if value is None else round(value * 1000) for value in feature.drift]
        told["w"] = [feature.watch, feature.alarm]
        told["l"] = "".join(shade[0] for shade in levels(feature))
    words = [feature.made_by and f"Made by {feature.made_by}.", feature.why and f"Dropped: {feature.why}."]
    if feature.coverage is not None:
        words.append(f"Says something in {share(feature.coverage)} of rows.")
    if feature.distinct is not None:
        words.append(f"{feature.distinct:,} distinct values.")
    told["s"] = [*feature.says, *filter(None, words)]
    told["k"] = [
        feature.drift_at_most,
        feature.missing,
        feature.auc,
        feature.mutual_information,
    ]
    return told


def _per_mille(counts: Sequence[int]) -> list[float]:
    """Return shares in units of 1/1000 with two digits: a baseline may be large, and only its shape is drawn."""
    whole = sum(counts)
    return [round(1000 * number / whole, 2) for number in counts] if whole else []
