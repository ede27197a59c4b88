"""Fitting: learn the constants of operators from data, through states that merge.

Owns the states (moments, rank summary, count table), what an operator is, and the order in which operators are
fitted. Must never learn where data lies: whoever fits hands in a function that surveys it.
"""

from featurelib.fitting.count_table import CountTable
from featurelib.fitting.fit import fit, learn
from featurelib.fitting.label_table import LabelTable
from featurelib.fitting.moments import Moments
from featurelib.fitting.operator import Operator
from featurelib.fitting.rank_summary import RankSummary
from featurelib.fitting.state import State
from featurelib.fitting.survey import Request, Survey, merge_answers

__all__ = [
    "CountTable",
    "LabelTable",
    "Moments",
    "Operator",
    "RankSummary",
    "Request",
    "State",
    "Survey",
    "fit",
    "learn",
    "merge_answers",
]
