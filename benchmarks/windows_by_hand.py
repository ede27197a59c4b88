"""Windows by hand: counts and sums over the past of each sample as one would write them for speed in polars and NumPy.

The same columns and rows in the same order, by day, in the same Parquet layout, without what a pipeline adds: no rules
on the logs, no quarantine, no tiles to keep, no versions. An entity and an hour are one integer. The integers of all
events lie sorted in an array per log and entity, so that the events of a window are the distance between two places in
it, and their prices the difference of the running sum at the two. It knows that all logs fit in memory, that texts and
hours fit in 54 bits, and that each log has one file a day.
Run as ``python -m benchmarks.windows_by_hand LOGS START HISTORY DAYS OUT``: samples of the last DAYS of HISTORY days.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.window_columns import AT, CENTS, DELAY, ENTITIES, HOURS, PRICE, PRICED, files, names

Ints = NDArray[np.int64]

SPAN, TEXTS = 2**10, 2**22  # hours of the logs, and different texts, at most
TEXT_COLUMNS = sorted({column for columns in ENTITIES.values() for column in columns})


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """One log's events of all entities, in order of entity and hour; ``cents`` is the running sum of their prices."""

    keys: Ints
    cents: Ints | None

    @classmethod
    def of(cls, events: pl.DataFrame, entity: str) -> "Past":
        """Sort what is of one entity; events of nobody are of no use."""
        if PRICE not in events.columns:
            return cls(events[entity].drop_nulls().sort().to_numpy(), None)
        known = events.select(entity, PRICE).drop_nulls(entity).sort(entity)
        running = known[PRICE].fill_null(0).cum_sum().to_numpy()
        return cls(known[entity].to_numpy(), np.concatenate([np.zeros(1, dtype=np.int64), running]))

    def windows(self, asked: Ints, log: str) -> Iterator[tuple[tuple[str, str], Ints]]:
        """Yield what each window says of the entities and hours asked, by measure and window."""
        first = asked - asked % SPAN  # NOTE: hour 0 of the entity: a window never reaches into the one before it
        end = np.searchsorted(self.keys, np.maximum(asked - DELAY, first))
        for over, hours in HOURS.items():
            start = np.searchsorted(self.keys, np.maximum(asked - DELAY - hours, first))
            yield (log, over), end - start
            if self.cents is not None:
                yield (log + CENTS, over), self.cents[end] - self.cents[start]


def read(logs: Path, start: date, days: int) -> dict[str, pl.DataFrame]:
    """Return per log its prices and, per entity, one integer of entity and hour, null where the entity is."""
    epoch = pl.lit(start).cast(pl.Datetime("us", "UTC"))

    def scan(log: str, at: str) -> pl.LazyFrame:
        texts = pl.col(TEXT_COLUMNS).cast(pl.Categorical)
        hour = ((pl.col(at) - epoch).dt.total_microseconds() // 3_600_000_000).alias("hour")
        price = [PRICE] if log in PRICED else []
        return pl.scan_parquet(files(logs, log, start, days), hive_partitioning=False).select(texts, hour, *price)

    # NOTE: all at once: a text keeps its number only while something lives that has it
    found = pl.collect_all([scan(log, at) for log, at in AT.items()])
    keys = [_key(columns).alias(entity) for entity, columns in ENTITIES.items()]
    return {log: one.select(*keys, *({PRICE} & set(one.columns))) for log, one in zip(AT, found, strict=True)}


def _key(columns: tuple[str, ...]) -> pl.Expr:
    number = pl.lit(0, dtype=pl.Int64)
    for column in columns:
        number = number * TEXTS + pl.col(column).to_physical()
    return number * SPAN + pl.col("hour")


def answers(keys: pl.Series, pasts: Mapping[str, Past]) -> tuple[pl.Series, dict[tuple[str, str], Ints]]:
    """Answer each entity and hour once; return the answer's row for each sample, and the answers."""
    asked = keys.drop_nulls().unique().sort().to_numpy()
    rows = pl.Series(np.searchsorted(asked, keys.fill_null(0).to_numpy()), dtype=pl.UInt32)
    found = {name: window for log, past in pasts.items() for name, window in past.windows(asked, log)}
    return rows.set(keys.is_null(), None), found


def main() -> None:
    """Write one file for each day."""
    logs, start, out = Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), Path(sys.argv[5])
    history, days = int(sys.argv[3]), int(sys.argv[4])
    out.mkdir(parents=True, exist_ok=True)
    events = read(logs, start, history)
    samples = files(logs, "impressions", start + timedelta(days=history - days), days)
    rows = [pl.scan_parquet(file).select(pl.len()).collect().item() for file in samples]
    keys = events["impressions"].tail(sum(rows))
    pasts = {entity: {log: Past.of(one, entity) for log, one in events.items()} for entity in ENTITIES}
    del events
    for number, file in enumerate(samples):
        today = keys.slice(sum(rows[:number]), rows[number])
        found = {entity: answers(today[entity], pasts[entity]) for entity in ENTITIES}
        added = [
            pl.Series(name, found[entity][1][measure, over]).gather(found[entity][0])
            for name, entity, measure, over in names()
        ]
        day = start + timedelta(days=history - days + number)
        shown = pl.read_parquet(file, hive_partitioning=False).hstack(added)
        shown.write_parquet(out / f"{day}.parquet", compression="zstd", row_group_size=65_536)


if __name__ == "__main__":
    main()
