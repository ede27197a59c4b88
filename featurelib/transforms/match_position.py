"""MatchPosition: how far back the candidate last stands in a list."""

from collections.abc import Iterable
from dataclasses import dataclass

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Matches, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.text_pair import Pair


@register("match_position")
@dataclass(frozen=True)
class MatchPosition(Pair):
    """Find the last element of a user's list that is the candidate's, such as its item, shop or category.

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
    Adds ``<a>_x_<b>__position``, ``Float32``: 1 if it is the last of the list, 2 if it is the one before,
    and so on. Null if there is none, or if either column is null; `MatchCount` tells these two apart. Values are
    compared as texts, as `Vocabulary` reads them; null elements match nothing. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"item": ["a", "z", None], "last_items": [["a", "b", "a", "c"], ["a"], ["a"]]})
    >>> fit(MatchPosition(["item", "last_items"]), frame).transform(frame)["item_x_last_items__position"].to_list()
    [2.0, None, None]
    """

    suffix = "position"
    view = ("text", "texts")

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield Matches("last")
        yield ToFloat32()
