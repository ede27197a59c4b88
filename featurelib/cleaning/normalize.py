"""Normalize: one spelling for texts that people read as the same."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.cleaning.cleaner import Cleaner
from featurelib.errors import ParameterError
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import NormalizeText

_FORMS = ("NFKC", "NFC", None)
_CASES = ("lower", None)


@dataclass(frozen=True)
class Normalize(Cleaner):
    """Rewrite a text column: Unicode form, case, white space, in this order.

    Parameters
    ----------
    column
        Text column such as ``query``.
    form
        ``NFKC`` (full width becomes half width, ligatures fall apart), ``NFC``, or ``None`` to leave it.
    case
        ``lower``, or ``None`` to leave it.
    fold_space
        Whether runs of white space become one space and both ends are stripped.

    Raises
    ------
    ParameterError
        If ``form`` or ``case`` is not one of the above.

    Notes
    -----
    Null stays null; a text of white space alone becomes the empty text. Unicode tables are Python's, in every
    evaluator. Nothing is fitted.

    References
    ----------
    Unicode Standard Annex #15, Unicode normalization forms.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"query": ["  Ｒｅｄ   Shoes ", None]})
    >>> fit(Normalize("query"), frame).transform(frame)["query"].to_list()
    ['red shoes', None]
    """

    column: str
    _: KW_ONLY
    form: str | None = "NFKC"
    case: str | None = "lower"
    fold_space: bool = True

    view = "text"

    def __post_init__(self) -> None:
        if self.form not in _FORMS:
            raise ParameterError(self, "form", got=self.form, want="NFKC, NFC or None")
        if self.case not in _CASES:
            raise ParameterError(self, "case", got=self.case, want="lower or None")

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield NormalizeText(self.form, lower=self.case == "lower", fold_space=self.fold_space)
