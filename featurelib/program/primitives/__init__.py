"""The primitives, one small file each; a transform is a few of them in a row.

Owns what one step means in each evaluator. Must never hold fitting, column names or a second meaning of a step.
"""

from featurelib.program.primitives.affine import Affine
from featurelib.program.primitives.bin_search import BinSearch
from featurelib.program.primitives.bin_search_variant import BinSearchVariant
from featurelib.program.primitives.bm25_score import Bm25Score
from featurelib.program.primitives.clip import Clip
from featurelib.program.primitives.combine import Combine
from featurelib.program.primitives.cycle import Cycle
from featurelib.program.primitives.days_before import DaysBefore
from featurelib.program.primitives.edit_distance import EditDistanceStep
from featurelib.program.primitives.elapsed import Elapsed
from featurelib.program.primitives.fill_null import FillNull
from featurelib.program.primitives.fill_null_text import FillNullText
from featurelib.program.primitives.fill_null_text_within import FillNullTextWithin
from featurelib.program.primitives.fill_null_within import FillNullWithin
from featurelib.program.primitives.fold import Fold
from featurelib.program.primitives.gather import Gather
from featurelib.program.primitives.hash_bucket import HashBucket
from featurelib.program.primitives.hot_slots import HotSlots
from featurelib.program.primitives.index import Index
from featurelib.program.primitives.index_each import IndexEach
from featurelib.program.primitives.interpolate import Interpolate
from featurelib.program.primitives.is_among import IsAmong
from featurelib.program.primitives.is_missing import IsMissing
from featurelib.program.primitives.is_on_day import IsOnDay
from featurelib.program.primitives.join_text import JoinText
from featurelib.program.primitives.local_clock import LocalClock
from featurelib.program.primitives.log1p import Log1pStep
from featurelib.program.primitives.matches import Matches
from featurelib.program.primitives.mean_vector import MeanVector
from featurelib.program.primitives.normalize_text import NormalizeText
from featurelib.program.primitives.null_outside import NullOutside
from featurelib.program.primitives.number import Number
from featurelib.program.primitives.numbers import Numbers
from featurelib.program.primitives.pad_texts import PadTexts
from featurelib.program.primitives.place import Place
from featurelib.program.primitives.shared_tokens import SharedTokens
from featurelib.program.primitives.signed_log import SignedLogStep
from featurelib.program.primitives.split_text import SplitText
from featurelib.program.primitives.text import Text
from featurelib.program.primitives.texts import Texts
from featurelib.program.primitives.time import Time
from featurelib.program.primitives.to_float32 import ToFloat32
from featurelib.program.primitives.tree_leaves import TreeLeaves
from featurelib.program.primitives.variant_place import VariantPlace
from featurelib.program.primitives.vector_angle import VectorAngle
from featurelib.program.primitives.weighted_cosine import WeightedCosine
from featurelib.program.primitives.within_list import WithinList
from featurelib.program.primitives.yeo_johnson import YeoJohnsonStep

__all__ = [
    "Affine",
    "BinSearch",
    "BinSearchVariant",
    "Bm25Score",
    "Clip",
    "Combine",
    "Cycle",
    "DaysBefore",
    "EditDistanceStep",
    "Elapsed",
    "FillNull",
    "FillNullText",
    "FillNullTextWithin",
    "FillNullWithin",
    "Fold",
    "Gather",
    "HashBucket",
    "HotSlots",
    "Index",
    "IndexEach",
    "Interpolate",
    "IsAmong",
    "IsMissing",
    "IsOnDay",
    "JoinText",
    "LocalClock",
    "Log1pStep",
    "Matches",
    "MeanVector",
    "NormalizeText",
    "NullOutside",
    "Number",
    "Numbers",
    "PadTexts",
    "Place",
    "SharedTokens",
    "SignedLogStep",
    "SplitText",
    "Text",
    "Texts",
    "Time",
    "ToFloat32",
    "TreeLeaves",
    "VariantPlace",
    "VectorAngle",
    "WeightedCosine",
    "WithinList",
    "YeoJohnsonStep",
]
