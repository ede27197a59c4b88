"""Address: which storage a table's path or address means."""

from collections.abc import Mapping
from pathlib import Path

from featurelib.errors import UsageError
from featurelib.tables.local import LocalStorage
from featurelib.tables.s3 import S3Storage
from featurelib.tables.storage import Storage


def open_storage(uri: str | Path, storage_options: Mapping[str, str] | None) -> Storage:
    """Return the storage for a local path or an ``s3://`` address.

    Raises
    ------
    UsageError
        If the address is of another kind, contains ``=`` or ``%``, or options are given for a local path.
    """
    text = str(uri)
    if "=" in text or "%" in text:
        raise UsageError(
            f"table {text!r}: the address must not contain '=' (readers take it for a partition) or '%' (an escape)."
        )
    if text.startswith("s3://"):
        return S3Storage.at(text, storage_options or {})
    if "://" in text:
        raise UsageError(f"table {text!r}: give a local path or s3://bucket/prefix.")
    if storage_options:
        raise UsageError(f"table {text!r}: storage options are for s3:// addresses; a local path takes none.")
    return LocalStorage.at(Path(text))
