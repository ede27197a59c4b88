"""The command that writes a first declaration from data: schema infer."""

import glob
import re
from contextlib import suppress
from pathlib import Path

import click

from featurelib.cli.schema_pages import write_new
from featurelib.errors import UsageError
from featurelib.logs.undeclared import Undeclared, raw_files, undeclared
from featurelib.schema.infer import infer as written
from featurelib.settings import Settings
from featurelib.tables import VersionedTable
from featurelib.tables.types import partition_columns


@click.command()
@click.argument("source", metavar="LOG|TABLE")
@click.option("--name", metavar="CLASS", help="Name of the class; made from the source's by default.")
@click.option("--table", metavar="TABLE", help="Of a pipeline, which table: features (by default), samples, ...")
@click.option("--log", "as_log", is_flag=True, help="Parquet files are a raw log: numbers may be instants.")
@click.option("--rows", default=200_000, show_default=True, type=click.IntRange(1), help="Files are read up to here.")
@click.option("--to", type=click.Path(path_type=Path), help="Write this file, which must not be there yet.")
def infer(source: str, name: str | None, table: str | None, rows: int, to: Path | None, *, as_log: bool) -> None:
    """Write a first declaration of a table from its data, for a person to curate.

    LOG is a file, a folder or a pattern of Parquet, CSV or JSON lines files, here or below the project's logs. TABLE is
    a Parquet file or folder, or the name of a pipeline that has stored one. Prints the class unless there is --to.
    """
    folder = _folder_of_table(source, table)
    if folder is not None:
        text = _of_stored(folder, name or _class_name(f"{folder.parent.name}_{folder.name}"))
    else:
        text = _of_files(source, name or _class_name(source), rows, as_log=as_log)
    if to is None:
        click.echo(text, nl=False)
    else:
        write_new(to, text)


def _folder_of_table(source: str, table: str | None) -> Path | None:
    """Return the folder of the stored table that is meant; None if files are."""
    if (Path(source) / "_delta_log").is_dir():
        if table is not None:
            raise UsageError(f"--table is one of a pipeline's tables, but {source!r} is a table itself.")
        return Path(source).resolve()
    files = _files(source)
    if files and table is not None:
        raise UsageError(f"--table is one of a pipeline's tables, but {source!r} is a path.")
    if files:
        return None
    if glob.has_magic(source) or "/" in source:
        raise UsageError(f"no file at {source!r}, neither here nor below the project's logs.")
    settings = Settings.find(Path.cwd())
    if source not in settings.pipeline_names():
        known = ", ".join(settings.pipeline_names()) or "none"
        raise UsageError(f"{source!r} is no path to files, and no pipeline. Pipelines: {known}.")
    return settings.workspace.table(source, table or "features")


def _of_stored(folder: Path, name: str) -> str:
    stored = VersionedTable.open(folder)
    frame = stored.scan()
    frame = frame.drop(name for name in partition_columns(hourly=True) if name in frame.collect_schema())
    origin = f"all rows of {folder.parent.name}/{folder.name}, version {stored.at().version}"
    return written(frame, name=name, origin=origin)


def _of_files(source: str, name: str, rows: int, *, as_log: bool) -> str:
    files = _files(source)
    found = undeclared(files, most_rows=rows, as_log=as_log)
    zoned = as_log or files[0].suffix != ".parquet"
    return written(found.frame, name=name, origin=_told(source, found), found=found.found, event_zone=zoned)


def _files(source: str) -> list[Path]:
    """Return the files that a path names, here or below the project's logs."""
    roots = [Path.cwd()]
    with suppress(UsageError):  # outside of a project, paths do
        roots.append(Settings.find(Path.cwd()).workspace.logs)
    for path in (root / source for root in roots):
        if path.is_dir():
            found = raw_files(path)
        else:
            named = glob.iglob(str(path), recursive=True)  # noqa: PTH207  Path.glob takes no absolute pattern
            found = [path] if path.is_file() else sorted(one for one in map(Path, named) if one.is_file())
        if found:
            return found
    return []


def _told(source: str, found: Undeclared) -> str:
    broken = f", of which {found.broken:,} cannot be cut into columns" if found.broken else ""
    return f"{found.rows:,} rows{broken} in {found.files:,} of {found.of:,} files: {source}"


def _class_name(source: str) -> str:
    """Return the name of a class for a path or a pipeline."""
    parts = [part for part in re.split(r"/", source) if re.search("[a-zA-Z]", re.sub(r"[a-z]+=.*|\*.*", "", part))]
    stem = (parts or ["Undeclared"])[-1].split(".")[0]
    words = re.findall("[a-zA-Z0-9]+", stem)
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return name if name.isidentifier() else f"Table{name}"
