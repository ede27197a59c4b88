"""The pages of a table say all that is declared, load nothing, and survive any text."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import polars as pl
import pytest

from featurelib.schema import Column, Drift, Reference, RowCheck, Table
from featurelib.schema.checks import plan_checks
from featurelib.schema.pages import to_html, to_markdown

NASTY = "<script>alert(1)</script> a|b `c` *d* ``code`` \"q\" 'r' & more"


class Samples(Table):
    """One row per impression. Read by ``trainers``.

    <b>Not</b> for reports.
    """

    version = "2.1.0"
    owner = "ranking team <ranking@example.org>"
    key = ("id",)
    event_time = "shown_at"
    freshness = timedelta(hours=36)
    references = (Reference(columns=("id",), to="Items", at=("item",), max_missing=0.01),)
    checks = (RowCheck(id="cheaper", that="price <= 10", on_fail="quarantine"),)

    id = Column(dtype=pl.String(), doc="Unique.", role="key", pii="pseudonymous")
    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When.", role="time", epoch="ms", source="ts")
    price = Column(
        dtype=pl.Float32(), doc="Price.", unit="USD", between=(0, None), default=0.0, drift=Drift(psi=(0.3, 0.4))
    )
    kind = Column(dtype=pl.Enum(["a", "b|c"]), doc=NASTY, nullable=True, max_null=0.07, allowed=("b|c",))
    clicked = Column(dtype=pl.Int8(), doc="Label.", role="label", environments=("training",))


class _Reader(HTMLParser):
    """What a page shows and asks for, and whether its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.tags: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in {"meta", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def read_page(table: type[Table]) -> _Reader:
    reader = _Reader()
    reader.feed(to_html(table))
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_a_page_says_all_that_is_declared(form: str) -> None:
    shown = to_markdown(Samples) if form == "markdown" else " ".join(read_page(Samples).words)
    for said in [
        "2.1.0",
        "ranking team",
        "36 h",
        "USD",
        "pseudonymous",
        "training",
        "7 %",
        "0.3",
        "0.4",
        "1 %",
        "Items.item",
    ]:
        assert said in shown, said
    for check in plan_checks(Samples):
        assert check.id in shown
    for follows in ["the table is refused", "the row is set aside", "it is reported"]:
        assert follows in shown
    assert "ms since 1970" in shown


def test_html_loads_nothing_and_any_text_stays_text() -> None:
    reader = read_page(Samples)
    assert reader.tags.isdisjoint({"script", "img", "iframe", "object", "embed", "form", "b"})
    assert [value for name, value in reader.attributes if name in {"src", "href", "srcset", "style"}] == ["data:,"]
    assert "http" not in to_html(Samples)
    assert "url(" not in to_html(Samples)
    assert NASTY.replace("``", "") in re.sub("\n", "", "".join(reader.words))
    assert "Not" in "".join(reader.words)
    ids = [value for name, value in reader.attributes if name == "id"]
    assert ids == [f"column-{name}" for name in Samples.columns]


def test_markdown_tables_have_as_many_cells_as_heads() -> None:
    for block in re.findall(r"(?:^\|.*\n)+", to_markdown(Samples), re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1, block
    assert "<script>" not in to_markdown(Samples)
    assert "Read by `trainers`." in to_markdown(Samples)


def test_a_plain_table_leaves_out_what_it_does_not_have() -> None:
    class Plain(Table):
        """Rows."""

        x = Column(dtype=pl.Int64(), doc="A number.")

    told = to_markdown(Plain)
    assert "| Column | Meaning | Type | Role |\n" in told
    for absent in ["## References", "## In the raw files", "Freshness", "Event time"]:
        assert absent not in told
    assert told == to_markdown(Plain)
