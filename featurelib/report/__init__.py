"""Report: one self-contained HTML page that tells what ran, what came of each row, and what needs a look.

Owns the page: its words, pictures, style and script. Plain data comes in, text goes out; knows nothing of tables,
ledgers or pipelines, reads no file of a project, and names no outside address.
"""

from featurelib.report.content import (
    CheckLine,
    Command,
    Content,
    Day,
    Edge,
    Failure,
    Feature,
    Level,
    Node,
    Note,
    Path,
    Rate,
    Rates,
    Square,
    Stage,
)
from featurelib.report.page import page

__all__ = [
    "CheckLine",
    "Command",
    "Content",
    "Day",
    "Edge",
    "Failure",
    "Feature",
    "Level",
    "Node",
    "Note",
    "Path",
    "Rate",
    "Rates",
    "Square",
    "Stage",
    "page",
]
