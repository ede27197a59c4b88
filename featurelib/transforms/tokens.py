"""Tokens: the words of a text, or its character n-grams."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import SplitText
from featurelib.transforms.registry import register
from featurelib.transforms.text_pair import check_rule
from featurelib.transforms.transform import Transform


@register("tokens")
@dataclass(frozen=True)
class Tokens(Transform):
    """Split a text, such as a query, into a list of tokens.

    Parameters
    ----------
    column
        Text, integer or boolean column. Case matters: normalise in ``cleaning`` first.
    rule
        ``words``: runs of letters and digits; Chinese, Japanese and Korean as overlapping pairs. ``chars1`` to
        ``chars9``: overlapping n-grams of each run. `featurelib.program.tokens` has the exact definition, version 1.

    Raises
    ------
    ParameterError
        If there is no such rule.

    Notes
    -----
    Adds ``<column>__tokens``, ``List(String)``, in the order of the text, with repeats. Null stays null; a text without
    letters has an empty list. Transforms of texts split by themselves: this is for models that want the tokens.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"query": ["red shoes 42", "赤い靴", "!", None]})
    >>> fit(Tokens("query"), frame).transform(frame)["query__tokens"].to_list()
    [['red', 'shoes', '42'], ['赤い', 'い靴'], [], None]
    """

    column: str
    _: KW_ONLY
    rule: str = "words"

    suffix = "tokens"
    view = "text"

    def __post_init__(self) -> None:
        check_rule(self, self.rule, name="rule")

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield SplitText(self.rule)
