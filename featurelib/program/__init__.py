"""Programs: what a fitted pipeline computes, as data.

Owns the primitives, their three evaluators (polars expression, Python row, NumPy array), and how a program is saved,
checked and compared. Must never learn of logs, tables, fitting or orchestration: a model server loads this package.
"""

from featurelib.program.chain import Chain
from featurelib.program.diff import Difference, diff
from featurelib.program.program import Program
from featurelib.program.storage import load, save, versions

__all__ = ["Chain", "Difference", "Program", "diff", "load", "save", "versions"]
