"""Transforms: one per file; each learns from data once and becomes a few steps of a program.

Owns binning, normalization, crossing and encoding. Must never hold an evaluator of its own, or learn of logs, labels'
construction, tables or orchestration: model code imports this package.
"""

from featurelib.fitting.fit import fit
from featurelib.transforms.age import Age
from featurelib.transforms.bm25 import Bm25
from featurelib.transforms.chi_merge import ChiMerge
from featurelib.transforms.cross_search import CrossSearch
from featurelib.transforms.cyclic_cos import CyclicCos
from featurelib.transforms.cyclic_sin import CyclicSin
from featurelib.transforms.difference import Difference
from featurelib.transforms.edges import Edges
from featurelib.transforms.edit_distance import EditDistance
from featurelib.transforms.equal_width_bins import EqualWidthBins
from featurelib.transforms.feature import Feature
from featurelib.transforms.fitted import EarlierDays, FirstDays, OutOfFold
from featurelib.transforms.frequency import Frequency
from featurelib.transforms.gbdt_leaves import GbdtLeaves
from featurelib.transforms.hash_buckets import HashBuckets
from featurelib.transforms.hashed_cross import HashedCross
from featurelib.transforms.holiday import Holiday
from featurelib.transforms.hour import Hour
from featurelib.transforms.jaccard import Jaccard
from featurelib.transforms.kmeans_bins import KMeansBins
from featurelib.transforms.list_min_max import ListMinMax
from featurelib.transforms.list_rank import ListRank
from featurelib.transforms.list_standardize import ListStandardize
from featurelib.transforms.log1p import Log1p
from featurelib.transforms.match_count import MatchCount
from featurelib.transforms.match_position import MatchPosition
from featurelib.transforms.max_abs import MaxAbs
from featurelib.transforms.mean_embedding import MeanEmbedding
from featurelib.transforms.min_max import MinMax
from featurelib.transforms.monotonic_woe import MonotonicWoe
from featurelib.transforms.multi_hot import MultiHot
from featurelib.transforms.one_hot import OneHot
from featurelib.transforms.padded import Padded
from featurelib.transforms.product import Product
from featurelib.transforms.quantile_bins import QuantileBins
from featurelib.transforms.quantile_normal import QuantileNormal
from featurelib.transforms.quantile_uniform import QuantileUniform
from featurelib.transforms.ratio import Ratio
from featurelib.transforms.registry import TRANSFORMS, register
from featurelib.transforms.robust import Robust
from featurelib.transforms.signed_log import SignedLog
from featurelib.transforms.standardize import Standardize
from featurelib.transforms.target_mean import TargetMean
from featurelib.transforms.tfidf_cosine import TfidfCosine
from featurelib.transforms.token_overlap import TokenOverlap
from featurelib.transforms.tokens import Tokens
from featurelib.transforms.transform import Transform
from featurelib.transforms.tree_bins import TreeBins
from featurelib.transforms.vector_cosine import VectorCosine
from featurelib.transforms.vocabulary import Vocabulary
from featurelib.transforms.vocabulary_cross import VocabularyCross
from featurelib.transforms.weekday import Weekday
from featurelib.transforms.weekend import Weekend
from featurelib.transforms.weight_of_evidence import WeightOfEvidence
from featurelib.transforms.yeo_johnson import YeoJohnson

__all__ = [
    "TRANSFORMS",
    "Age",
    "Bm25",
    "ChiMerge",
    "CrossSearch",
    "CyclicCos",
    "CyclicSin",
    "Difference",
    "EarlierDays",
    "Edges",
    "EditDistance",
    "EqualWidthBins",
    "Feature",
    "FirstDays",
    "Frequency",
    "GbdtLeaves",
    "HashBuckets",
    "HashedCross",
    "Holiday",
    "Hour",
    "Jaccard",
    "KMeansBins",
    "ListMinMax",
    "ListRank",
    "ListStandardize",
    "Log1p",
    "MatchCount",
    "MatchPosition",
    "MaxAbs",
    "MeanEmbedding",
    "MinMax",
    "MonotonicWoe",
    "MultiHot",
    "OneHot",
    "OutOfFold",
    "Padded",
    "Product",
    "QuantileBins",
    "QuantileNormal",
    "QuantileUniform",
    "Ratio",
    "Robust",
    "SignedLog",
    "Standardize",
    "TargetMean",
    "TfidfCosine",
    "TokenOverlap",
    "Tokens",
    "Transform",
    "TreeBins",
    "VectorCosine",
    "Vocabulary",
    "VocabularyCross",
    "Weekday",
    "Weekend",
    "WeightOfEvidence",
    "YeoJohnson",
    "fit",
    "register",
]
