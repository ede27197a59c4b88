"""The primitives, one small file each; a transform is a few of them in a row.

Owns what one step means in each evaluator. Must never hold fitting, column names or a second meaning of a step.
"""

from featurelib.program.primitives.affine import Affine
from featurelib.program.primitives.bin_search import BinSearch
from featurelib.program.primitives.clip import Clip
from featurelib.program.primitives.fill_null import FillNull
from featurelib.program.primitives.fill_null_text import FillNullText
from featurelib.program.primitives.gather import Gather
from featurelib.program.primitives.hash_bucket import HashBucket
from featurelib.program.primitives.index import Index
from featurelib.program.primitives.is_missing import IsMissing
from featurelib.program.primitives.join_text import JoinText
from featurelib.program.primitives.log1p import Log1pStep
from featurelib.program.primitives.normalize_text import NormalizeText
from featurelib.program.primitives.number import Number
from featurelib.program.primitives.text import Text
from featurelib.program.primitives.to_float32 import ToFloat32

__all__ = [
    "Affine",
    "BinSearch",
    "Clip",
    "FillNull",
    "FillNullText",
    "Gather",
    "HashBucket",
    "Index",
    "IsMissing",
    "JoinText",
    "Log1pStep",
    "NormalizeText",
    "Number",
    "Text",
    "ToFloat32",
]
