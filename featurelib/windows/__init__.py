"""Windows: point-in-time features of an entity's past, over tiles.

Owns tiles (partial aggregates per entity and moment), the windows over them, and how samples get the answers. Tiles
move, samples don't. Must never see a label, or an event at or after the sample's time minus the declared delay.
"""

from featurelib.windows.answers import Question, questions
from featurelib.windows.coec import Coec
from featurelib.windows.counter import Counter, Trend
from featurelib.windows.decayed import Decayed
from featurelib.windows.delays import Drawn, Landed
from featurelib.windows.distinct import Distinct
from featurelib.windows.extremes import Maximum, Minimum
from featurelib.windows.grain import Grain
from featurelib.windows.last import LastValue, Recency
from featurelib.windows.rate import Rate
from featurelib.windows.sequences import LastN
from featurelib.windows.smoothing import Beta, EmpiricalBayes, Wilson
from featurelib.windows.tiles import TileSpec, fold
from featurelib.windows.totals import Mean, Sum
from featurelib.windows.window import Window

__all__ = [
    "Beta",
    "Coec",
    "Counter",
    "Decayed",
    "Distinct",
    "Drawn",
    "EmpiricalBayes",
    "Grain",
    "Landed",
    "LastN",
    "LastValue",
    "Maximum",
    "Mean",
    "Minimum",
    "Question",
    "Rate",
    "Recency",
    "Sum",
    "TileSpec",
    "Trend",
    "Wilson",
    "Window",
    "fold",
    "questions",
]
