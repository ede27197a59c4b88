"""Check rows: one row of 30 columns against its rules, beside pydantic with the same rules.

Run it with ``python -m benchmarks.check_rows``. It first checks that both find the same rows bad.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import ConfigDict, Field, ValidationError, create_model

from featurelib.schema import Column, RowCheck, Table
from featurelib.schema.rows import row_validator

CALLS, REPEATS = 20_000, 5
NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Served(Table):
    """Features of one candidate, as a model server gets them."""

    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the item came into view.")
    landed_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the row could first be read.")
    floats = {f"rate_{n}": Column(dtype=pl.Float32(), doc="A share.", between=(0, 1)) for n in range(10)}  # noqa: RUF012
    wholes = {f"index_{n}": Column(dtype=pl.UInt32(), doc="Index.", between=(0, 2**20)) for n in range(10)}  # noqa: RUF012
    texts = {f"text_{n}": Column(dtype=pl.String(), doc="A text.", nullable=True) for n in range(5)}  # noqa: RUF012
    kinds = {f"kind_{n}": Column(dtype=pl.String(), doc="A kind.", allowed=("a", "b")) for n in range(3)}  # noqa: RUF012


class Ordered(Served):
    """The same with a comparison of two columns."""

    checks = (RowCheck(id="later", that="landed_at >= shown_at"),)


class Asked(Served):
    """The same with a rule that polars has to answer."""

    checks = (RowCheck(id="sum", that="rate_0 + rate_1 <= 1.5"),)


def good_row() -> dict[str, Any]:
    """Return a row that breaks nothing."""
    values = {"rate": 0.5, "index": 7, "text": "abc", "kind": "a"}
    return {name: values.get(name.partition("_")[0], NOW) for name in Served.columns}


def by_pydantic() -> Callable[[Mapping[str, Any]], Any]:
    """Return the validation of a pydantic model with the same rules as ``Served``, and as strict about types."""
    kinds: dict[str, Any] = {
        "rate": Annotated[float, Field(ge=0, le=1)],
        "index": Annotated[int, Field(ge=0, le=2**20)],
        "text": str | None,
        "kind": Literal["a", "b"],
    }
    fields: dict[str, Any] = {name: (kinds.get(name.partition("_")[0], datetime), ...) for name in Served.columns}
    model = create_model("Served", __config__=ConfigDict(strict=True, extra="forbid"), **fields)
    return model.model_validate


def agree(rows: list[dict[str, Any]], peer: Callable[[Mapping[str, Any]], Any]) -> None:
    """Stop unless both find the same rows bad."""
    ours = row_validator(Served)
    for row in rows:
        try:
            peer(row)
            accepted = True
        except ValidationError:
            accepted = False
        if accepted == bool(ours.check(row)):
            raise SystemExit(f"pydantic accepts {accepted}, and we say {ours.check(row)} of {row}")


def cpu_us(function: Callable[[Any], Any], row: Any, calls: int) -> float:
    """Return the median CPU microseconds of a call."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time_ns()
        for _ in range(calls):
            function(row)
        times.append((time.process_time_ns() - start) / 1e3 / calls)
    return statistics.median(times)


def main() -> None:
    """Print the table."""
    good, peer = good_row(), by_pydantic()
    agree([good, *({**good, name: bad} for name in good for bad in (None, -1, 2.0, "c", True))], peer)
    plain, ordered, asked = (row_validator(table).check for table in (Served, Ordered, Asked))
    many = row_validator(Asked).check_many
    pydantic = cpu_us(peer, good, CALLS)
    print(f"| {len(Served.columns)} columns, CPU µs a row | | times pydantic |\n| --- | --- | --- |")
    for name, cost in [
        ("pydantic, strict", pydantic),
        ("good row", cpu_us(plain, good, CALLS)),
        ("good row, and a comparison of two columns", cpu_us(ordered, good, CALLS)),
        ("a row with a value out of range", cpu_us(plain, {**good, "rate_0": 2.0}, CALLS // 20)),
        ("good row, and a rule for polars", cpu_us(asked, good, CALLS // 20)),
        ("the same, 500 rows a call", cpu_us(many, [good] * 500, CALLS // 500) / 500),
    ]:
        print(f"| {name} | {cost:.1f} | {cost / pydantic:.2f} |")


if __name__ == "__main__":
    main()
