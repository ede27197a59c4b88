"""Window columns: which columns all sides of the benchmark of windows add to the samples.

Imports the standard library alone: DuckDB's side runs where nothing else is installed.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

AT = {"impressions": "shown_at", "clicks": "clicked_at", "carts": "carted_at", "orders": "ordered_at"}
PRICED = ("carts", "orders")
PRICE, CENTS = "price_cents", "_cents"
MEASURES = (*AT, *(log + CENTS for log in PRICED))
ENTITIES = {"item": ("item_id",), "user": ("user_id",), "search": ("query", "category")}
HOURS = {"1h": 1, "1d": 24, "7d": 168, "30d": 720}
DELAY = 1  # hours


def names() -> Iterator[tuple[str, str, str, str]]:
    """Yield each column with its entity, measure and window, in order: ``item_clicks_7d, item, clicks, 7d``."""
    for entity in ENTITIES:
        for measure in MEASURES:
            for over in HOURS:
                yield f"{entity}_{measure}_{over}", entity, measure, over


def files(logs: Path, log: str, start: date, days: int) -> list[Path]:
    """Return the files of some days of a log."""
    return [logs / log / f"dt={start + timedelta(days=number)}" / "part-0.parquet" for number in range(days)]
