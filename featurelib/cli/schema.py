"""The group ``featurelib schema``: what can be done with the declarations of the project's tables."""

import click

from featurelib.cli.lazy import LazyGroup

_MODULES = {
    "diff": "schema_versions",
    "docs": "schema_pages",
    "export": "schema_pages",
    "infer": "schema_infer",
    "lock": "schema_versions",
}


@click.group(cls=LazyGroup, modules=_MODULES)
def schema() -> None:
    """Look after the declarations of the project's tables: the classes in its package schemas."""
