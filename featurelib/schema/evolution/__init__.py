"""Evolution: how the declaration of a table may change, and what each change does to those who rely on it.

Owns the rules. Must never read a file: where declarations are stored is the matter of `featurelib.locks`.
"""

from featurelib.schema.evolution.changes import Change, changes_between, needed_bump
from featurelib.schema.evolution.judgement import BUMPS, Bump, Judgement
from featurelib.schema.evolution.standing import Standing
from featurelib.schema.evolution.version import Version

__all__ = ["BUMPS", "Bump", "Change", "Judgement", "Standing", "Version", "changes_between", "needed_bump"]
