"""Transforms: one per file; each learns from data once and becomes a few steps of a program.

Owns binning, normalization, crossing and encoding. Must never hold an evaluator of its own, or learn of logs, labels'
construction, tables or orchestration: model code imports this package.
"""

from featurelib.fitting.fit import fit
from featurelib.transforms.edges import Edges
from featurelib.transforms.equal_width_bins import EqualWidthBins
from featurelib.transforms.feature import Feature
from featurelib.transforms.frequency import Frequency
from featurelib.transforms.hash_buckets import HashBuckets
from featurelib.transforms.hashed_cross import HashedCross
from featurelib.transforms.log1p import Log1p
from featurelib.transforms.min_max import MinMax
from featurelib.transforms.quantile_bins import QuantileBins
from featurelib.transforms.registry import TRANSFORMS, register
from featurelib.transforms.standardize import Standardize
from featurelib.transforms.transform import Transform
from featurelib.transforms.vocabulary import Vocabulary

__all__ = [
    "TRANSFORMS",
    "Edges",
    "EqualWidthBins",
    "Feature",
    "Frequency",
    "HashBuckets",
    "HashedCross",
    "Log1p",
    "MinMax",
    "QuantileBins",
    "Standardize",
    "Transform",
    "Vocabulary",
    "fit",
    "register",
]
