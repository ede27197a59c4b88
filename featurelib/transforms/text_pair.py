"""TextPair: what transforms that compare two texts, or two lists, have in common."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from featurelib.errors import ParameterError
from featurelib.program.primitive import Kind
from featurelib.program.tokens import RULES
from featurelib.transforms.transform import Transform


@dataclass(frozen=True)
class Pair(Transform):
    """Compare two columns; the result is ``<a>_x_<b>__<suffix>``.

    Parameters
    ----------
    columns
        Two columns.
    """

    columns: Sequence[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        if len(self.columns) != 2 or self.columns[0] == self.columns[1]:
            raise ParameterError(self, "columns", got=self.columns, want="two different columns")

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(self.columns)


@dataclass(frozen=True)
class TextPair(Pair):
    """Compare the tokens of two text columns.

    Parameters
    ----------
    tokens
        The rule by which texts are split: ``words`` or ``chars1`` to ``chars9`` (see `featurelib.program.tokens`).
    """

    _: KW_ONLY
    tokens: str = "words"

    view = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_rule(self, self.tokens)


@dataclass(frozen=True)
class TokenSetPair(Pair):
    """Compare the distinct tokens of two text columns, or the distinct elements of two columns of lists.

    Parameters
    ----------
    tokens
        The rule by which texts are split; ``None`` if the columns hold lists.
    """

    _: KW_ONLY
    tokens: str | None = "words"

    @property
    def view(self) -> Kind:  # type: ignore[override]  # it depends on what the columns hold
        return "texts" if self.tokens is None else "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tokens is not None:
            check_rule(self, self.tokens)


def check_rule(owner: Transform, rule: str, *, name: str = "tokens") -> None:
    """Raise `ParameterError` if there is no rule of this name to split texts by."""
    if not isinstance(rule, str) or not RULES.fullmatch(rule):
        raise ParameterError(owner, name, got=rule, want="words, or chars1 to chars9")
