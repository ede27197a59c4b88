"""Footer: what a Parquet file says about itself, read without its rows."""

from dataclasses import dataclass

import polars as pl

from featurelib.errors import TableError
from featurelib.tables.storage import Storage, storage_errors


@dataclass(frozen=True, slots=True)
class Footer:
    """Columns with their exact types, and the number of rows."""

    schema: pl.Schema
    rows: int


def read_footer(storage: Storage, path: str) -> Footer:
    """Read the footer of one file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TableError
        If it is not Parquet, or is cut short.
    """
    try:
        with storage_errors(f"reading {storage.url(path)}"):
            scan = pl.scan_parquet(
                storage.url(path), hive_partitioning=False, glob=False, storage_options=storage.options
            )
            return Footer(scan.collect_schema(), scan.select(pl.len()).collect(engine="in-memory").item())
    except pl.exceptions.PanicException as error:  # a BaseException: `except Exception` would miss it
        raise TableError(f"{path}: the Parquet footer cannot be read: polars panicked: {error}") from error
    except pl.exceptions.PolarsError as error:
        raise TableError(f"{path}: the Parquet footer cannot be read: {error}") from error
