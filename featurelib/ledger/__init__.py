"""The ledger: which partitions are missing, stale or complete, and why.

Owns fingerprints and their comparison. The truth is in the tables' own logs; nothing is stored here. Must never build
anything.
"""

from featurelib.ledger.fingerprint import Fingerprints, describe, digest
from featurelib.ledger.fitted import declared_features, fitted
from featurelib.ledger.plan import Entry, Plan, plan

__all__ = ["Entry", "Fingerprints", "Plan", "declared_features", "describe", "digest", "fitted", "plan"]
