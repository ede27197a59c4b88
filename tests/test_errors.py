import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from featurelib import errors
from featurelib.errors import ColumnMissingError, ConservationError, FeaturelibError, LogFileError, ParameterError


def tree(kind: type[FeaturelibError]) -> Iterator[type[FeaturelibError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


MADE = [
    ParameterError("Vocabulary('lang')", "min_count", got=0, want="at least 1"),
    ColumnMissingError("vocabulary", "lang", where="the frame", columns=["land"]),
    ConservationError("samples", "2026-11-01", rows_in=3, made=0, kept=1, dropped={"duplicate": 1}),
    LogFileError("clicks/a.csv", "the file is empty", hint="Ship it again."),
    errors.SchemaViolationError("one screen"),
]


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
def test_an_error_crosses_from_a_worker_to_the_driver(error: FeaturelibError) -> None:
    crossed = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert type(crossed) is type(error)
    assert str(crossed) == str(error)


def test_a_missing_column_names_reader_column_place_and_a_close_name() -> None:
    error = ColumnMissingError("vocabulary", "lang", where="the frame", columns=["land"])
    assert str(error) == (
        "vocabulary reads column 'lang', which the frame lacks. Did you mean 'land'? Columns: [land]."
    )


@dataclass
class Declared:
    column: str
    room: int = 0
    share: object = None
    terms: list[str] = field(default_factory=list)
    hidden: int = field(default=0, repr=False)


class Named(Declared):
    def __repr__(self) -> str:
        return "it"


@pytest.mark.parametrize(
    ("owner", "shown"),
    [
        (Declared("a"), "Declared(column='a')"),
        (
            Declared("a", room=False, share=0, terms=["b"], hidden=3),
            "Declared(column='a', room=False, share=0, terms=['b'])",
        ),
        (Named("a"), "it"),
        ("Vocabulary('a')", "\"Vocabulary('a')\""),
        (Declared, repr(Declared)),
    ],
)
def test_a_wrong_parameter_shows_what_was_declared_and_no_defaults(owner: object, shown: str) -> None:
    assert str(ParameterError(owner, "x", got=1, want="2")) == f"{shown}: x must be 2, got 1."


def test_a_broken_sum_tells_how_many_rows_are_unaccounted_for() -> None:
    error = ConservationError("samples", "2026-11-01", rows_in=3, made=0, kept=1, dropped={"duplicate": 1})
    assert "+1 rows are unaccounted for" in str(error)


@pytest.mark.parametrize(
    "kind", sorted(set(tree(FeaturelibError)), key=lambda kind: kind.__name__), ids=lambda k: k.__name__
)
def test_every_error_stands_in_the_tree_and_says_how_the_command_line_exits(kind: type[FeaturelibError]) -> None:
    assert errors.__doc__ is not None
    assert kind.__name__ in errors.__doc__
    assert kind.exit_code in {1, 2, 3, 70}
