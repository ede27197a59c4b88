"""Parity: whether a model server had the values that this code computes, value by value.

Owns the reading of a log of served features, the comparison, and the bundle of the worst rows. Knows nothing of
pipelines, tables or partitions: `featurelib.runs` hands it rows.
"""

from featurelib.parity.bundle import write_bundle
from featurelib.parity.compare import Difference, FeatureParity, Parity, compare
from featurelib.parity.served import Served, read_served

__all__ = ["Difference", "FeatureParity", "Parity", "Served", "compare", "read_served", "write_bundle"]
