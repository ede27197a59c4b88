"""Raw logs: declared types, partitions, fingerprints, rejects.

Owns the way from files that others wrote to typed rows, each one kept, rejected with a reason, or counted elsewhere.
Never in here: what the rows mean (samples, cleaning), inferred types, or a write to the log's own folder.
"""

from featurelib.logs._cache import FactsCache
from featurelib.logs._partitions import partition_span, partitions_of
from featurelib.logs._rules import REJECTS
from featurelib.logs._walk import FoundFile
from featurelib.logs.facts import facts_of
from featurelib.logs.files import LogFile, available, files_of, fingerprint
from featurelib.logs.index import LogIndex
from featurelib.logs.log import Log
from featurelib.logs.repeats import Repeats
from featurelib.logs.slices import LogSlice, read

__all__ = [
    "REJECTS",
    "FactsCache",
    "FoundFile",
    "Log",
    "LogFile",
    "LogIndex",
    "LogSlice",
    "Repeats",
    "available",
    "facts_of",
    "files_of",
    "fingerprint",
    "partition_span",
    "partitions_of",
    "read",
]
