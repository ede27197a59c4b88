"""Tags: names for versions that must stay readable, such as ``train-2026-11-22``."""

import json
import re
from dataclasses import dataclass
from difflib import get_close_matches

from featurelib.errors import TableError, UsageError
from featurelib.tables.lineage import recorded_hashes
from featurelib.tables.snapshot import Snapshot
from featurelib.tables.storage import Storage

_FOLDER = "_featurelib/tags"
# A first letter keeps names apart from version numbers on a command line.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag as stored: the version, and all that is needed to keep its files."""

    version: int
    files: frozenset[str]


def create_tag(storage: Storage, snapshot: Snapshot, name: str) -> None:
    """Give a version a name; see `VersionedTable.tag`."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"tag {name!r} must be a letter, then up to 99 letters, digits, '_', '.' or '-'.")
    content = json.dumps(_document(storage, snapshot), indent=1).encode()
    if not storage.create(_path(name), content):
        held = read_tag(storage, name).version
        if held != snapshot.version:
            raise UsageError(f"tag {name!r} is taken: it points at version {held}. Untag it first, or choose another.")
        return
    # NOTE: looked at after the tag exists, so that a vacuum either sees the tag or is seen by this.
    lost = [file.path for file in snapshot.files if storage.size(file.path) is None]
    if lost:
        storage.delete(_path(name))
        raise TableError(f"version {snapshot.version} cannot be tagged: {len(lost)} of its files are gone: {lost[0]}.")


def read_tag(storage: Storage, name: str) -> Tag:
    """Return a tag.

    Raises
    ------
    UsageError
        If there is no such tag.
    """
    [content] = storage.read([_path(name)])
    if content is None:
        names = list(tag_versions(storage))
        close = get_close_matches(name, names, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise UsageError(f"{storage.root}: there is no tag {name!r}.{hint} Tags: {names}.")
    return _parse(name, content)


def read_tags(storage: Storage) -> dict[str, Tag]:
    """Return all tags by name, in the order of names."""
    paths = sorted(file.path for file in storage.list(_FOLDER) if file.path.endswith(".json"))
    names = [path.removeprefix(f"{_FOLDER}/").removesuffix(".json") for path in paths]
    contents = zip(names, storage.read(paths), strict=True)
    return {name: _parse(name, content) for name, content in contents if content is not None}


def tag_versions(storage: Storage) -> dict[str, int]:
    """Return the version of each tag."""
    return {name: tag.version for name, tag in read_tags(storage).items()}


def delete_tag(storage: Storage, name: str) -> None:
    """Delete a tag, which must exist."""
    read_tag(storage, name)
    storage.delete(_path(name))


def _document(storage: Storage, snapshot: Snapshot) -> dict[str, object]:
    hashes = recorded_hashes(storage, snapshot)
    return {
        "version": snapshot.version,
        "schema": {name: str(dtype) for name, dtype in snapshot.schema.items()},
        "files": {
            file.path: {"bytes": file.bytes, "rows": file.rows, "sha256": hashes.get(file.path)}
            for file in snapshot.files
        },
    }


def _path(name: str) -> str:
    return f"{_FOLDER}/{name}.json"


def _parse(name: str, content: bytes) -> Tag:
    try:
        document = json.loads(content)
        return Tag(int(document["version"]), frozenset(document["files"]))
    except (ValueError, KeyError, TypeError) as error:
        raise TableError(f"tag {name!r} is damaged: {error!r}. Its version's files may still be live.") from error
