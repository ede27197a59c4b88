"""NormalizeText: one spelling for texts that people read as the same."""

import re
import unicodedata
from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction

_WHITE_SPACE = re.compile(r"[ \t\n\r\f\v]+")


@dataclass(frozen=True)
class NormalizeText(Primitive):
    """Apply a Unicode form, lower case, and fold white space, in this order. Null stays null.

    ``form`` is ``NFKC`` (full width becomes half width, ligatures fall apart), ``NFC`` or ``None``. Folding replaces
    runs of ASCII white space by one space and strips both ends; NFKC has by then turned the other spaces of everyday
    text into it. Lower case and forms are those of Python's Unicode tables, for every evaluator: whole columns take
    polars' own functions where a text is ASCII (they agree there), and Python's for others, each distinct text once.
    """

    form: str | None = "NFKC"
    lower: bool = True
    fold_space: bool = True

    op = "normalize_text"
    takes = "text"
    gives = "text"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].map_batches(self._whole_column, return_dtype=pl.String, is_elementwise=True)

    def _whole_column(self, column: pl.Series) -> pl.Series:
        distinct = column.unique()
        is_ascii = distinct.str.len_bytes() == distinct.str.len_chars()
        plain, foreign = distinct.filter(is_ascii), distinct.filter(~is_ascii)
        normalize = self.row()
        spelled = pl.Series([normalize(text) for text in foreign], dtype=pl.String)
        table = pl.DataFrame({"from": pl.concat([plain, foreign]), "to": pl.concat([self._ascii(plain), spelled])})
        joined = pl.DataFrame({"from": column}).join(table, on="from", how="left", maintain_order="left")
        return joined["to"].alias(column.name)

    def _ascii(self, column: pl.Series) -> pl.Series:
        if self.lower:
            column = column.str.to_lowercase()
        if self.fold_space:
            column = column.str.replace_all(r"[ \t\n\r\f\v]+", " ").str.strip_chars(" ")
        return column

    def row(self) -> RowFunction:
        form, lower, fold_space = self.form, self.lower, self.fold_space

        def normalize_text(value: str | None) -> str | None:
            if value is None:
                return None
            text = unicodedata.normalize(form, value) if form else value  # type: ignore[arg-type]  # checked by Normalize
            text = text.lower() if lower else text
            return _WHITE_SPACE.sub(" ", text).strip(" ") if fold_space else text

        return normalize_text
