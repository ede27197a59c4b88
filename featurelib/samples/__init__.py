"""Samples: from raw logs to labelled rows, each raw row accounted for.

Owns duplicates, attribution, labels, and the sums that must agree. Must never learn of features, programs or tables,
and never drop a row without a reason.
"""

from featurelib.samples.attribution import attribute
from featurelib.samples.conservation import RowCounts
from featurelib.samples.duplicates import Distinct, distinct
from featurelib.samples.impressions import Impressions
from featurelib.samples.labels import AttributedLabel, CarriedLabel, Label, add_carried, add_credits

__all__ = [
    "AttributedLabel",
    "CarriedLabel",
    "Distinct",
    "Impressions",
    "Label",
    "RowCounts",
    "add_carried",
    "add_credits",
    "attribute",
    "distinct",
]
