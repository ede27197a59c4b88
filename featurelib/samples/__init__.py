"""Samples: from raw logs to labelled rows, each raw row accounted for.

Owns duplicates, attribution, labels, the steps that thin or add to labelled rows, and the sums that must agree. Must
never learn of features, programs or tables, and never drop a row without a reason.
"""

from featurelib.samples.attribution import attribute, attribute_via
from featurelib.samples.bots import CRAWLERS, ClicksTooFast, ListedAgents, TooManyClicks, TooManyImpressions
from featurelib.samples.caps import CapPerUser
from featurelib.samples.conservation import RowCounts
from featurelib.samples.delayed_feedback import DelayedFeedback, calibrate_fake_negatives, fake_negative_weight
from featurelib.samples.duplicates import Distinct, distinct
from featurelib.samples.fractions import KeepFraction, calibrate
from featurelib.samples.impressions import Impressions
from featurelib.samples.labels import AttributedLabel, CarriedLabel, Label, add_carried, add_credits
from featurelib.samples.lists import Lists
from featurelib.samples.query_pairs import QueryPairs
from featurelib.samples.random_items import RandomItems
from featurelib.samples.sessions import Sessions
from featurelib.samples.skip_above import SkipAbove
from featurelib.samples.splits import Fold, Holdout, TimeSplit, walk_forward
from featurelib.samples.step import RowMaker, RowRule, SampleStep, Shape

__all__ = [
    "CRAWLERS",
    "AttributedLabel",
    "CapPerUser",
    "CarriedLabel",
    "ClicksTooFast",
    "DelayedFeedback",
    "Distinct",
    "Fold",
    "Holdout",
    "Impressions",
    "KeepFraction",
    "Label",
    "ListedAgents",
    "Lists",
    "QueryPairs",
    "RandomItems",
    "RowCounts",
    "RowMaker",
    "RowRule",
    "SampleStep",
    "Sessions",
    "Shape",
    "SkipAbove",
    "TimeSplit",
    "TooManyClicks",
    "TooManyImpressions",
    "add_carried",
    "add_credits",
    "attribute",
    "attribute_via",
    "calibrate",
    "calibrate_fake_negatives",
    "distinct",
    "fake_negative_weight",
    "walk_forward",
]
