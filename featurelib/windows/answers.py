"""Answers: what the windows of an entity say at each moment that a sample asks for, and how samples get it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from featurelib.windows.delays import instant
from featurelib.windows.entities import Numbering
from featurelib.windows.grain import Grain
from featurelib.windows.lists import cut
from featurelib.windows.past import Asked, Past, Tiles
from featurelib.windows.tiles import TileSpec
from featurelib.windows.track import Track
from featurelib.windows.window import Window, combined

ASKS = "@asks"
"""Which of what is asked a sample asks."""


@dataclass(frozen=True)
class Question:
    """What the windows of one entity and one grain ask of the past.

    Attributes
    ----------
    by
        The columns that make the entity.
    grain
        What a moment is.
    windows
        Those that ask.
    """

    by: tuple[str, ...]
    grain: Grain
    windows: tuple[Window, ...]

    def __str__(self) -> str:
        return f"{'_x_'.join(self.by)}_{self.grain}"

    @property
    def tiles(self) -> tuple[TileSpec, ...]:
        """The tiles that the windows read."""
        return combined([spec for window in self.windows for spec in window.tiles(self.grain.timezone)])

    @property
    def surveyed(self) -> tuple[TileSpec, ...]:
        """The tiles that windows learn from."""
        return combined([spec for window in self.windows for spec in window.surveyed(self.grain.timezone)])

    @property
    def makes(self) -> dict[str, pl.DataType]:
        """The columns that the windows make."""
        return {name: dtype for window in self.windows for name, dtype in window.makes.items()}

    def asked(
        self, samples: pl.LazyFrame, time: str, numbering: Numbering | None = None
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return what samples ask, each once, and which of it each sample asks.

        Where some columns are lists, as long as each other in each sample, every element asks.

        Parameters
        ----------
        samples
            The samples of one partition.
        time
            The column with the instant at which each asks.
        numbering
            Who is to number the samples' entities: somebody who may have met the same rows.

        Returns
        -------
        ``id`` (0, 1, ...), ``entity``, ``at`` and ``bucket`` of what is asked, in the order of tiles; and `ASKS`, the
        id of each sample, in their order, or of each element: null where the entity is, for which nothing is asked.
        """
        import numpy as np

        given = samples.select(*self.by, pl.col(time).alias("@time")).collect(engine="in-memory")
        lists = [name for name, dtype in given.schema.items() if isinstance(dtype, pl.List)]
        single = given.explode(lists) if lists else given
        moments = self.grain.number_at(single.select(instant(pl.col("@time"))).to_series())
        entities = (numbering or Numbering()).of(single.select(self.by))
        known = np.flatnonzero(entities.codes >= 0)
        track = Track(entities.codes[known], moments[known])
        ranks = pl.Series(track.rank(), dtype=pl.get_index_type())
        asks = pl.repeat(None, len(single), dtype=ranks.dtype, eager=True).alias(ASKS).scatter(known, ranks)
        if lists:
            asks = cut(asks, given[lists[0]].list.len().cast(pl.Int64).to_numpy(), asks.dtype)
        at = self.grain.moments(track.moments).alias("at")
        return entities.named[track.codes].hstack([at]).with_row_index("id"), asks.to_frame()

    def survey(self, tiles: Mapping[TileSpec, pl.LazyFrame], start: datetime) -> dict[str, Any]:
        """Return what there is to learn in a bucket for the samples of the partition that begins at an instant.

        Parameters
        ----------
        tiles
            By spec of `surveyed`; read twice.
        start
            The beginning of the partition.
        """
        at = pl.select(self.grain.floor(pl.lit(start))).to_series().cast(self.grain.dtype)
        everyone = pl.concat([rows.select("entity") for rows in tiles.values()]).unique().collect().to_series().sort()
        asked = pl.DataFrame({"entity": range(len(everyone))}).with_columns(at=pl.lit(at.item(), self.grain.dtype))
        past = self.lay(tiles.items(), everyone).past(asked, {})
        return {window.name: window.survey(past) for window in self.windows if window.surveyed(self.grain.timezone)}

    def settle(self, surveys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return what the windows know, from the surveys of all buckets."""
        known = {}
        for window in self.windows:
            parts = [survey[window.name] for survey in surveys if window.name in survey]
            if parts:
                known[window.name] = window.settle(
                    [sum(columns[1:], columns[0]) for columns in zip(*parts, strict=True)]
                )
        return known

    def lay(self, tiles: Iterable[tuple[TileSpec, pl.LazyFrame]], entities: pl.Series) -> "Laid":
        """Lay out the tiles of some entities, to be asked.

        Parameters
        ----------
        tiles
            Of each spec of `tiles` or `surveyed`, read one after the other; those of several partitions by partition,
            reaching back as far as the windows do.
        entities
            All that will be asked for, each once.
        """
        # NOTE: one expression for all tiles, as each that is made hashes all entities anew
        code = pl.col("entity").cast(pl.Enum(entities), strict=False).to_physical()
        return Laid(self, {spec.without_parts: Tiles(spec, rows, code) for spec, rows in tiles}, entities)

    def told(self, answers: pl.DataFrame, asks: pl.Expr, *, listed: bool = False) -> pl.Expr:
        """Return the windows' columns of samples, as one of structs; null where nothing was asked.

        Parameters
        ----------
        answers
            Of all buckets, in the order of what was asked.
        asks
            The id that each sample asks.
        listed
            Whether each sample asks a list of them; then the columns are lists, too.
        """
        windows = answers.select(*self.makes).rechunk()

        def tell(ids: pl.Series) -> pl.Series:
            known = ids.is_not_null()
            if known.all():
                return windows[ids].to_struct(ids.name)
            if not known.any():
                return windows.clear(len(ids)).to_struct(ids.name)
            # NOTE: to take rows by numbers of which some are null costs twice as much as to make nulls of them after it
            rows = windows[ids.fill_null(strategy="max")]
            return rows.select(pl.when(pl.lit(known)).then(pl.all())).to_struct(ids.name)

        def tell_lists(ids: pl.Series) -> pl.Series:
            told, sizes = tell(ids.explode()).struct.unnest(), ids.list.len().cast(pl.Int64).to_numpy()
            return pl.DataFrame([cut(told[name], sizes, dtype) for name, dtype in self.makes.items()]).to_struct(
                ids.name
            )

        if not listed:
            return asks.map_batches(tell, return_dtype=pl.Struct(self.makes), is_elementwise=True)
        lists = pl.Struct({name: pl.List(dtype) for name, dtype in self.makes.items()})
        return asks.map_batches(tell_lists, return_dtype=lists, is_elementwise=True)


@dataclass(frozen=True, eq=False)
class Laid:
    """The tiles of a bucket of entities, laid out for a question.

    Attributes
    ----------
    question
        Whose.
    tiles
        By spec without its parts.
    entities
        Those that can be asked for, by code.
    """

    question: Question
    tiles: Mapping[TileSpec, Tiles]
    entities: pl.Series

    def past(self, asked: pl.DataFrame, known: Mapping[str, Any]) -> Past:
        """Return what the windows read to answer what is asked: by code in ``entity``, and moment, in this order."""
        grain = self.question.grain
        codes = asked["entity"].cast(pl.Int64).to_numpy()
        return Past(grain, self.entities, Asked(codes, grain.number(asked["at"])), self.tiles, known)

    def answer(self, asked: pl.DataFrame, known: Mapping[str, Any]) -> pl.DataFrame:
        """Return the windows' columns for what is asked, with its ``id``, in an order of its own.

        Parameters
        ----------
        asked
            Columns ``id``, ``entity`` (its position in `entities`) and ``at``, each pair once, in any order.
        known
            What was settled for the partition that asks.
        """
        import numpy as np

        # NOTE: searches whose needles are in order are ten times as fast
        order = Track(asked["entity"].cast(pl.Int64).to_numpy(), self.question.grain.number(asked["at"])).sort()
        ordered = asked[order]
        past = self.past(ordered, known)
        # NOTE: infinities in a log may meet; what they make is NaN, and no reason to warn of
        with np.errstate(invalid="ignore", over="ignore"):
            answers = [column for window in self.question.windows for column in window.answer(past).values()]
        return pl.DataFrame([ordered["id"], *answers])


def questions(windows: Sequence[Window], timezone: str) -> tuple[Question, ...]:
    """Return what some windows ask, one question for each entity and grain."""
    asking: dict[tuple[tuple[str, ...], Grain], list[Window]] = {}
    for window in windows:
        asking.setdefault((window.entity, window.moments(timezone)), []).append(window)
    return tuple(Question(by, grain, tuple(those)) for (by, grain), those in asking.items())
