"""MatchCount: how often the candidate stands in a list."""

from collections.abc import Iterable
from dataclasses import dataclass

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Matches, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.text_pair import Pair


@register("match_count")
@dataclass(frozen=True)
class MatchCount(Pair):
    """Count the elements of a user's list that are the candidate's, such as its item, shop or category.

    Parameters
    ----------
    columns
        The candidate's column (text, integer or boolean), and one with a list of such values, oldest first, in this
        order: ``["item_id", "last_items"]``, or by an attribute, ``["category", "last_categories"]``.

    Raises
    ------
    ParameterError
        If ``columns`` are not two.

    Notes
    -----
    Adds ``<a>_x_<b>__matches``, ``Float32``: 0 if there is none, also in an empty list; null if either column is null.
    Values are compared as texts, as `Vocabulary` reads them; null elements match nothing. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"item": ["a", "z", None], "last_items": [["a", "b", "a", "c"], ["a"], ["a"]]})
    >>> fit(MatchCount(["item", "last_items"]), frame).transform(frame)["item_x_last_items__matches"].to_list()
    [2.0, 0.0, None]
    """

    suffix = "matches"
    view = ("text", "texts")

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield Matches("count")
        yield ToFloat32()
