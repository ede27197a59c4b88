"""DocumentCounts: in how many documents each token occurs, and how long the documents are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import polars as pl

from featurelib.fitting.numbered_texts import NumberedTexts
from featurelib.fitting.state import State
from featurelib.program.tokens import tokenizer

_ROWS_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True)
class DocumentCounts(State):
    """Rows per token of a column of texts or lists; exact under any merge.

    A row is a document, so one that many rows show counts many times.

    Parameters
    ----------
    tokens
        The rule by which a text is split (see `featurelib.program.tokens`); ``None`` for a column of lists, whose
        elements are the tokens.

    Attributes
    ----------
    counts
        Frame of ``term`` (rising) and ``rows``: the documents that have the token at least once.
    documents
        Rows that are not null, those without a token included.
    missing
        Rows with null.
    length
        Tokens of all documents together, repeats included, null elements not.
    """

    tokens: str | None = None
    counts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"term": pl.String, "rows": pl.Int64}))
    documents: int = 0
    missing: int = 0
    length: int = 0

    def of(self, *columns: pl.Series) -> Self:
        (column,) = columns
        there = column.drop_nulls()
        found, length = _in_lists(there) if self.tokens is None else _in_texts(there, self.tokens)
        return type(self)(self.tokens, _add(found), len(there), column.null_count(), length)

    def merge(self, other: Self) -> Self:
        return self.merge_all([other])

    def merge_all(self, others: Sequence[Self]) -> Self:
        every = [self, *others]
        return type(self)(
            self.tokens,
            _add([state.counts for state in every]),
            sum(state.documents for state in every),
            sum(state.missing for state in every),
            sum(state.length for state in every),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DocumentCounts):
            return False
        numbers = (self.tokens, self.documents, self.missing, self.length)
        same = numbers == (other.tokens, other.documents, other.missing, other.length)
        return same and self.counts.equals(other.counts)

    __hash__ = None  # type: ignore[assignment]  # it holds a frame

    def most_frequent_first(self, *, at_least: int = 1, at_most: int | None = None) -> pl.DataFrame:
        """Return the tokens of ``at_least`` documents, most frequent first, ties by the token; ``at_most`` of them."""
        frequent = self.counts.filter(pl.col("rows") >= at_least).sort("rows", "term", descending=[True, False])
        return frequent if at_most is None else frequent.head(at_most)


def _in_lists(column: pl.Series) -> tuple[list[pl.DataFrame], int]:
    found, length = [], 0
    for part in column.to_frame("term").iter_slices(_ROWS_AT_ONCE):
        there = part["term"].list.drop_nulls()
        length += int(there.list.len().sum())
        found.append(NumberedTexts.of(there.list.unique().explode()).counted()[0])
    return found, length


def _in_texts(column: pl.Series, rule: str) -> tuple[list[pl.DataFrame], int]:
    split = tokenizer(rule)
    distinct = column.rename("text").value_counts(name="rows")
    found, length = [], 0
    for part in distinct.cast({"text": pl.String}).iter_slices(_ROWS_AT_ONCE):
        counts: Counter[str] = Counter()
        for text, rows in part.iter_rows():
            tokens = split(text)
            length += rows * len(tokens)
            for token in set(tokens):
                counts[token] += rows
        found.append(pl.DataFrame({"term": counts.keys(), "rows": counts.values()}, schema=_SCHEMA))
    return found, length


_SCHEMA = {"term": pl.String, "rows": pl.Int64}


def _add(parts: list[pl.DataFrame]) -> pl.DataFrame:
    whole = pl.concat([pl.DataFrame(schema=_SCHEMA), *parts])
    return whole.group_by("term").agg(pl.col("rows").sum()).sort("term")
