"""The ledger: which partitions are missing, provisional, stale, failed or complete, and why.

Owns fingerprints and their comparison. The truth is in the tables' own logs; only failures, of which no table tells,
and a cache of what is known of log files are stored beside them. Must never build anything.
"""

from featurelib.ledger.conservation import Conservation, conservation
from featurelib.ledger.description import describe
from featurelib.ledger.explain import Explanation, explain
from featurelib.ledger.failures import Failures
from featurelib.ledger.fingerprint import Fingerprints, digest
from featurelib.ledger.fitted import declared_features, declared_windows, fitted
from featurelib.ledger.plan import STATES, Entry, Plan, State, plan, samples_due

__all__ = [
    "STATES",
    "Conservation",
    "Entry",
    "Explanation",
    "Failures",
    "Fingerprints",
    "Plan",
    "State",
    "conservation",
    "declared_features",
    "declared_windows",
    "describe",
    "digest",
    "explain",
    "fitted",
    "plan",
    "samples_due",
]
