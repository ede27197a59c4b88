"""Selection: which features stay, and the record of why.

Owns the rules that drop features and the decision they leave for each column. Must never fit transforms or read
tables: it asks for label tables through the same survey as a fit.
"""

from featurelib.selection.decision import Decision, decide, label_tables
from featurelib.selection.rules import DropConstant, DropMissing, KeepTop, Selector

__all__ = ["Decision", "DropConstant", "DropMissing", "KeepTop", "Selector", "decide", "label_tables"]
