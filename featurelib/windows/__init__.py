"""Windows: point-in-time features of an entity's past, over tiles.

Owns tiles (partial aggregates per entity and hour), the window over them, and how samples get the answers. Tiles move,
samples don't. Must never see a label, or an event at or after the sample's time minus the declared delay.
"""

from featurelib.windows.answers import answer, attach
from featurelib.windows.rate import Rate
from featurelib.windows.tiles import TileSpec, bucket_of, fold, merge

__all__ = ["Rate", "TileSpec", "answer", "attach", "bucket_of", "fold", "merge"]
