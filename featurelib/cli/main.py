"""``featurelib``: the commands by name, and what an error becomes.

Exit codes: 0 done, 1 data refused, 2 wrong use or declaration, 3 an infrastructure error that a retry may cure,
70 a defect of featurelib.
"""

import gc
import sys
import traceback

import click

from featurelib import __version__
from featurelib.cli.lazy import LazyGroup
from featurelib.errors import FeaturelibError

# NOTE: a plan makes a million objects and no rubbish: to look for it each 700 of them takes a tenth of the time
_OBJECTS = 500_000
_MODULES = {
    "show": "inspect",
    "plan": "inspect",
    "ledger": "ledger",
    "run": "build",
    "fit": "build",
    "backfill": "build",
    "quarantine": "quarantine",
    "schema": "schema",
    "lag": "lag",
    "export-online": "online",
    "diff": "diff",
    "parity": "parity",
    "drift": "drift",
    "profile": "drift",
    "validate": "validate",
    "report": "report",
    "history": "inspect",
    "tags": "tables",
    "tag": "tables",
    "verify": "tables",
    "vacuum": "tables",
    "generate": "generate",
}


@click.group(
    cls=LazyGroup, modules=_MODULES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="featurelib")
def cli() -> None:
    """Build trusted training tables from raw click logs.

    Pipelines and folders come from [tool.featurelib] in the project's pyproject.toml.
    """


def run_and_exit(command: click.Command) -> None:
    """Run a command on the words of the shell; an error becomes one line, and the exit code says of which kind it was.

    Parameters
    ----------
    command
        A command or a group of them, of this package or of another front to the library.
    """
    try:
        command(standalone_mode=False)
    except FeaturelibError as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        click.echo("Stopped. What was committed stands; the same command goes on from there.", err=True)
        sys.exit(3)
    except Exception:  # a defect of ours: neither refused data nor a matter for a retry, and not to be taken for one
        traceback.print_exc()
        click.echo("This is a defect of featurelib: please report it with the lines above.", err=True)
        sys.exit(70)


def main() -> None:
    """Run ``featurelib``."""
    gc.set_threshold(_OBJECTS, 50, 50)
    try:
        run_and_exit(cli)
    finally:
        gc.freeze()  # NOTE: or Python looks through all it has imported once more before it ends, for 0.1 s
