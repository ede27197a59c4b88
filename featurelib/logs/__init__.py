"""Raw logs: declared types, partitions, fingerprints, rejects.

Owns the way from files that others wrote to typed rows, each one kept, rejected with a reason, or counted elsewhere.
Never in here: what the rows mean (samples, cleaning), inferred types, or a write to the log's own folder.
"""

from featurelib.logs._rules import REJECTS
from featurelib.logs.files import LogFile, available, files_of, fingerprint, partitions_of
from featurelib.logs.log import Log
from featurelib.logs.slices import LogSlice, read

__all__ = ["REJECTS", "Log", "LogFile", "LogSlice", "available", "files_of", "fingerprint", "partitions_of", "read"]
