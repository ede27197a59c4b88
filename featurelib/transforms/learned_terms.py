"""LearnedTerms: what the vocabularies have in common: which terms are known, and their numbers from fit to fit."""

from dataclasses import replace
from typing import Any, Literal

import polars as pl

from featurelib.errors import DeclarationError, ParameterError
from featurelib.fitting import CountTable, DocumentCounts
from featurelib.fitting.state import State
from featurelib.parameters import check_whole
from featurelib.program.chain import Chain
from featurelib.program.primitives import Index, PadTexts
from featurelib.transforms.transform import Transform

OnGone = Literal["keep", "retire"]
LONGEST = 2**20  # numbers in a list of each row
_MOST_BUCKETS = 2**31  # leaves as many numbers of a UInt32 to terms


class LearnedTerms(Transform):
    """Number the frequent terms, most frequent first; a refit keeps the numbers of those that an earlier one knew.

    A subclass is a dataclass with these parameters; its chain ends in the step that `index` makes.
    """

    min_count: int
    max_size: int | None
    unseen_buckets: int
    on_gone: OnGone
    room: int = 0

    suffix = "index"
    view = "text"

    @property
    def continues(self) -> bool:  # type: ignore[override]  # some say so by their parameters
        return True

    def check_limits(self) -> None:
        """Raise `ParameterError` if a parameter is out of range."""
        check_whole(self, "min_count")
        if self.max_size is not None:
            check_whole(self, "max_size")
        most = 0 if self.max_size is None else self.max_size - 1
        check_whole(self, "room", least=0, most=most, want="0, or less than a max_size that is given too")
        check_whole(self, "unseen_buckets", most=_MOST_BUCKETS, want="from 1 to 2**31")
        if self.on_gone not in {"keep", "retire"}:
            raise ParameterError(self, "on_gone", got=self.on_gone, want="'keep' or 'retire'")

    def state(self) -> State | None:
        return CountTable()

    def index(self, learned: CountTable | DocumentCounts) -> Index:
        """Return the step that numbers the terms as a first fit does."""
        most = None if self.max_size is None else self.max_size - self.room
        return self.index_of(learned.most_frequent_first(at_least=self.min_count, at_most=most)["term"])

    def index_of(self, terms: pl.Series) -> Index:
        """Return the step that numbers these terms in order, behind the slots of those that are not known."""
        unseen = self.unseen_buckets
        return Index.of_terms(terms, first=1 + unseen, missing=0, unseen=1, buckets=unseen)

    def continued(self, learned: State | None, earlier: tuple[Chain, ...]) -> tuple[Chain, ...]:
        (fresh,), (before,) = self.chains(learned), earlier
        *others, found = fresh.steps
        held = before.steps[-1] if before.steps else None
        if not (self.continues and isinstance(found, Index) and isinstance(held, Index)):
            return (fresh,)
        if _meaning(before) != _meaning(fresh):
            return (fresh,)
        return (replace(fresh, steps=(*others, self._going_on(found, held, learned))),)

    def numbered_as(self, learned: State | None, other: tuple[Chain, ...]) -> tuple[Chain, ...]:
        (fresh,), standing = self.chains(learned), other[-1].steps[-1]
        *others, found = fresh.steps
        if not (isinstance(found, Index) and isinstance(standing, Index)):
            return (fresh,)
        return (replace(fresh, steps=(*others, replace(found, terms=standing.terms, retired=standing.retired))),)

    def record(self, learned: Any, chains: tuple[Chain, ...]) -> dict[str, Any] | None:  # the counts of `state`
        """Return which terms would have a number if any were left: of those most frequent now, the new ones."""
        found = chains[-1].steps[-1]
        if self.max_size is None or not isinstance(found, Index) or len(found.tables()["terms"]) < self.max_size:
            return None
        frequent = learned.most_frequent_first(at_least=self.min_count, at_most=self.max_size)
        outside = frequent.filter(~pl.col("term").is_in(found.tables()["terms"].implode()))
        if outside.is_empty():
            return None
        terms, rows = outside.height, int(outside["rows"].sum())
        note = (
            f"{self!r}: all {self.max_size:,} numbers are given, so {terms:,} of the {frequent.height:,} terms that "
            f"are most frequent now, with {rows:,} rows, have none. Give it a greater size, or all terms new numbers: "
            "renumber=True, or featurelib fit --renumber."
        )
        return {"outgrown": self.makes[0], "terms": terms, "rows": rows, "note": note}

    def _alike(self) -> tuple[object, ...]:
        """Return a `numbering` of single values by these parameters."""
        return self.min_count, self.max_size, self.unseen_buckets, self.on_gone, self.room

    def _going_on(self, found: Index, held: Index, learned: Any) -> Index:  # the counts of `state`
        if self.max_size is not None and len(held.terms) > self.max_size:
            raise DeclarationError(
                f"{self!r}: the earlier program gave numbers to {len(held.terms)} terms, more than max_size="
                f"{self.max_size}. Raise max_size, or give all terms new numbers: renumber=True, or featurelib fit "
                "--renumber."
            )
        known = set(held.terms)
        frequent = learned.most_frequent_first(at_least=self.min_count, at_most=self.max_size)["term"]
        new = [term for term in frequent if term not in known]
        free = len(new) if self.max_size is None else self.max_size - len(held.terms)
        terms = (*held.terms, *new[:free])
        if self.on_gone == "keep":
            return replace(found, terms=terms)
        there = set(learned.most_frequent_first(at_least=self.min_count)["term"].to_list())
        retired = tuple(position for position, term in enumerate(terms) if term not in there)
        return replace(found, terms=terms, retired=retired)


def _meaning(chain: Chain) -> Chain:
    """Return what a chain means apart from its name, its terms, and how many of them a list has."""
    steps = [
        replace(step, terms=(), retired=()) if isinstance(step, Index) else step
        for step in chain.steps
        if not isinstance(step, PadTexts)
    ]
    return replace(chain, into="", steps=tuple(steps))
