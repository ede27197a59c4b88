"""Fitting: learn the constants of operators from data, through states that merge.

Owns the states (moments, rank summary, count table), what an operator is, and the order in which operators are
fitted. Must never learn where data lies: whoever fits hands in a function that surveys it.
"""

from featurelib.fitting.count_table import CountTable
from featurelib.fitting.document_counts import DocumentCounts
from featurelib.fitting.fit import check_names_taken, fit, learn
from featurelib.fitting.group_counts import GroupCounts
from featurelib.fitting.group_ranks import GroupRanks
from featurelib.fitting.group_sums import GroupSums
from featurelib.fitting.label_table import LabelTable
from featurelib.fitting.labels_by_part import LabelsByPart
from featurelib.fitting.moments import Moments
from featurelib.fitting.numbered_texts import NumberedTexts
from featurelib.fitting.operator import Operator
from featurelib.fitting.pair_counts import Gain, PairCounts
from featurelib.fitting.rank_summary import RankSummary
from featurelib.fitting.row_sample import RowSample
from featurelib.fitting.span import Span
from featurelib.fitting.state import Form, State
from featurelib.fitting.survey import Request, Survey, Surveyor, ask, merge_answers

__all__ = [
    "CountTable",
    "DocumentCounts",
    "Form",
    "Gain",
    "GroupCounts",
    "GroupRanks",
    "GroupSums",
    "LabelTable",
    "LabelsByPart",
    "Moments",
    "NumberedTexts",
    "Operator",
    "PairCounts",
    "RankSummary",
    "Request",
    "RowSample",
    "Span",
    "State",
    "Survey",
    "Surveyor",
    "ask",
    "check_names_taken",
    "fit",
    "learn",
    "merge_answers",
]
