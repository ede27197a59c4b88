"""The command that judges stored rows again."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from featurelib import runs
from featurelib.cli.options import days, engine, parallel_option, project
from featurelib.errors import UsageError
from featurelib.runs import Judged
from featurelib.settings import Settings
from featurelib.tables import Partition


@click.command()
@click.argument("pipeline", metavar="PIPELINE", required=False)
@click.option("--partition", metavar="DAY", help="One day, such as 2026-11-01; or hour, 2026-11-01T05.")
@click.option("--start", metavar="DAY", help="Instead, the first of some days.")
@click.option("--end", metavar="DAY", help="The last of them.")
@click.option(
    "--table",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Instead of a pipeline, a Parquet file; may be given several times.",
)
@click.option("--schema", metavar="TABLE", help="The table of these files: the name of a class in the schemas.")
@click.option("--other", "others", multiple=True, metavar="TABLE=FILE", help="A file of a table that it refers to.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of one screen.")
@parallel_option
def validate(
    pipeline: str | None,
    partition: str | None,
    start: str | None,
    end: str | None,
    files: tuple[Path, ...],
    schema: str | None,
    others: tuple[str, ...],
    parallel: int,
    *,
    as_json: bool,
) -> None:
    """Judge stored features, or files, by their table as it is declared now; exit code 1 if they are refused."""
    known = _others(others)
    if (pipeline is None) == (not files) or bool(files) != (schema is not None):
        raise UsageError("validate takes a pipeline and --partition (or --start and --end), or --table and --schema.")
    if pipeline is None:
        table = Settings.find(Path.cwd()).table_class(str(schema))
        _told(runs.validate_files(files, table, others=known), as_json=as_json)
        return
    if (start is None) != (end is None) or (start is None) == (partition is None):
        raise UsageError("validate takes --partition, or both --start and --end.")
    declared, workspace = project(pipeline)
    wanted = [Partition.parse(partition)] if partition is not None else days(str(start), str(end))
    _told(runs.validate(declared, workspace, engine(parallel), wanted, others=known), as_json=as_json)


def _told(judged: Judged, *, as_json: bool) -> None:
    click.echo(json.dumps(judged.to_json(), indent=1) if as_json else judged.text())
    if judged.is_refused:
        sys.exit(1)


def _others(words: Sequence[str]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for word in words:
        name, is_given, file = word.partition("=")
        if not is_given or not Path(file).is_file():
            raise UsageError(
                f"--other takes TABLE=FILE, such as Items=items.parquet, and the file must be there; got {word!r}."
            )
        found.setdefault(name, []).append(Path(file))
    return found
