"""Click-log generator: impression, click and order logs whose truth is known, for tests and benchmarks.

Owns the declaration of such logs, the shapes of their values, their files, and the faults planted in them.
Must never leak in: a random generator, the clock, or anything of the library's other stages.
"""

from featurelib.generator.declaration import ClickLogs
from featurelib.generator.generate import Generated, LogCount, generate, impressions_of

__all__ = ["ClickLogs", "Generated", "LogCount", "generate", "impressions_of"]
