"""The page: everything is in it, sums agree, nothing of it comes from elsewhere, and no text of data breaks out."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from featurelib.errors import ConservationError
from featurelib.report import CheckLine, Content, Failure, Feature, Node, Note, Path, Rate, Rates, Square, Stage, page
from tests.report.contents import AWKWARD, content

SECTIONS = ("rows", "checks", "features", "drift", "label", "selection", "partitions", "lineage", "run")


class Elements(HTMLParser):
    """All elements of a page with their attributes, and the text of each kind."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def data_of(text: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_a_page_tells_all_that_it_is_given() -> None:
    text = page(content())
    found = Elements(text)
    assert [one.get("id") for one in found.of("section") if one.get("id")] == list(SECTIONS)
    shown = " ".join(found.texts)
    for told in (
        "1 thing has to be acted on", "10 of 14 days of features are complete", "60,216 rows", "duplicate",
        "2,208 · 3.67 %", "over_cap", "+ 4,412 made", "price_usd in [0, 10000]", "event_id=77 device=toaster",
        "2026-09-10 (4 days)", "ranking team", "NOT PUBLISHED: 1 failed, 46 passed",
        "keep_top", "2026-09-01 .. 2026-09-07", "its labels may change until",
        "program v3", "featurelib backfill search_ranking", "Rate of clicked by position",
    ):  # fmt: skip
        assert told in shown, told


def test_nothing_of_a_page_comes_from_elsewhere() -> None:
    text = page(content())
    found = Elements(text)
    for word in ("http:", "https:", "//", "@import", "url("):
        assert word not in re.sub(r"'sha256-.*?'|url\(#[\w-]+\)|^ *// .*$", "", text, flags=re.MULTILINE), word
    assert not any(
        name in attributes for _, attributes in found.elements for name in ("src", "style", "onclick", "onload")
    )
    links = [one["href"] for one in found.of("a")]
    assert all(link is not None and link.startswith("#") for link in links)
    assert {str(link)[1:] for link in links} <= {str(one["id"]) for _, one in found.elements if "id" in one}
    assert not found.of("link")


def test_the_policy_lets_only_this_style_and_this_script_run() -> None:
    text = page(content(2, 2))
    (policy,) = (one["content"] or "" for one in Elements(text).of("meta") if one.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (inner,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("awkward", AWKWARD, ids=range(len(AWKWARD)))
def test_no_text_of_data_breaks_out_of_the_page(awkward: str) -> None:
    feature = Feature(
        name=awkward, doc=awkward, unit=awkward, made_by=awkward, kept=False, rule=awkward, why=awkward,
        says=(awkward,), mutual_information=0.1, cells=(awkward, "missing"), now=(3, 1), before=(2, 2),
        rates=(0.5, None), drift=(0.3, 0.1), level="bad",
    )  # fmt: skip
    one = content(
        2,
        2,
        pipeline=awkward,
        span=awkward,
        facts={awkward: awkward},
        notes=(Note("bad", awkward, "checks"),),
        features=(feature, replace(feature, kept=True)),
        checks=(CheckLine(id=awkward, rule=awkward, status="failed", seen=awkward, example=awkward, since=awkward),),
        failures=(Failure(awkward, awkward),),
        paths=(Path((Stage(awkward, 3, 2, {awkward: 1}),), awkward),),
        rates=(Rates(awkward, awkward, (Rate(awkward, 10, 1), Rate("b", 10, 2))),),
        nodes=(Node("a", 0, awkward, (awkward,)),),
        edges=(),
        label=awkward,
        baseline=awkward,
    )
    text = page(one)
    text.encode()
    found = Elements(text)
    assert len(found.of("script")) == 2
    assert not found.of("img")
    assert not any(name.startswith("on") for _, attributes in found.elements for name in attributes)
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    data = data_of(text)
    assert len(data["features"]) == 2
    assert [tag for tag, _ in found.elements] == [tag for tag, _ in Elements(page(plain_of(one))).elements]


def plain_of(awkward: Content) -> Content:
    """Return a page of the same shape with harmless texts of the same length."""

    def harmless(text: str) -> str:
        return "x" * len(text)

    name = harmless(awkward.pipeline)
    features = tuple(
        replace(
            one,
            name=name,
            doc=name,
            unit=name,
            made_by=name,
            rule=name,
            why=name,
            says=(name,),
            cells=(name, "missing"),
        )
        for one in awkward.features
    )
    return replace(
        awkward, pipeline=name, span=name, facts={name: name}, notes=(Note("bad", name, "checks"),), features=features,
        checks=(CheckLine(id=name, rule=name, status="failed", seen=name, example=name, since=name),),
        failures=(Failure(name, name),), paths=(Path((Stage(name, 3, 2, {name: 1}),), name),),
        rates=(Rates(name, name, (Rate(name, 10, 1), Rate("b", 10, 2))),), nodes=(Node("a", 0, name, (name,)),),
        label=name, baseline=name,
    )  # fmt: skip


def test_sums_that_do_not_agree_make_no_page() -> None:
    with pytest.raises(ConservationError, match="1 rows are unaccounted for"):
        Stage("impressions", 10, 8, {"duplicate": 1})
    with pytest.raises(ConservationError, match="impressions to samples"):
        Path((Stage("impressions", 10, 10), Stage("samples", 9, 9)), "features")


def test_a_page_of_nothing_says_so() -> None:
    text = page(Content(pipeline="shop", span="2026-11-01", made_at="2026-11-02 03:00 UTC"))
    found = Elements(text)
    assert "Nothing is built yet." in " ".join(found.texts)
    assert not found.of("table")


def test_a_feature_of_which_little_is_known_is_told_all_the_same() -> None:
    text = page(content(features=(Feature(name="bare"), Feature(name="no_days", cells=("a", "missing"), now=(0, 0)))))
    assert "bare" in text
    assert "nan" not in text.lower().replace("nanosecond", "")


def test_what_is_not_decided_or_not_measured_yet_is_not_told_as_if_it_were() -> None:
    undecided = page(content(2, 2, features=(Feature(name="a", kept=None), Feature(name="b", kept=None))))
    assert ">Dropped 0<" in undecided
    assert "Features kept" not in undecided
    assert 'data-kept=""' in undecided
    few = Feature(name="few", cells=("a", "missing"), now=(3, 0), drift=(0.01, None), judged=("good", "good"))
    assert "drift of 1 feature is not told" in page(content(2, 2, features=(few,)))


def test_a_drift_that_is_usual_has_no_colour_of_an_alarm() -> None:
    usual = Feature(name="user", cells=("a", "missing"), now=(3, 0), drift=(0.3, 1.4), judged=("good", "good"))
    moved = replace(usual, name="item", drift=(0.0, 0.4), judged=("good", "bad"), level="bad")
    text = page(content(2, 2, features=(usual, moved)))
    assert [one["l"] for one in data_of(text)["features"]] == ["mm", "la"]
    heat = text[text.index('class="heat"') :]
    assert heat.index(">item</a>") < heat.index(">user</a>")  # what is wrong stands first
    assert 'class="num mild">1.400' in heat
    assert 'class="num alarm">0.400' in heat
    assert "1.400 <small>PSI" in text


def test_a_page_of_500_features_over_90_days_is_small() -> None:
    text = page(content(500, 90))
    assert len(text.encode()) < 1_500_000
    data = data_of(text)
    assert len(data["features"]) == 500
    assert len(data["features"][7]["p"]) == len(data["days"]) == 90


def test_hours_stand_in_the_row_of_their_day() -> None:
    hours = [
        Square(
            table="samples",
            day=day,
            hour=hour,
            state="stale" if hour == 24 else "complete",
            why="its clock" * (hour == 24),
        )
        for day, length in (("2026-10-24", 24), ("2026-10-25", 25))
        for hour in range(length)
    ]
    text = page(content(2, 2, squares=tuple(hours)))
    assert text.count('<th scope="row">2026-10-25</th>') == 1
    assert 'title="2026-10-25T24 stale, 0 rows: its clock"' in text
    assert "0 of 49 hours" not in text
    assert "2026-10-25T24</span></th>" in text


def test_tables_and_pictures_tell_what_they_are_to_those_who_cannot_see_them() -> None:
    found = Elements(page(content()))
    assert all(one.get("scope") in {"col", "row"} for one in found.of("th"))
    pictures = found.of("svg")
    assert len(pictures) > 10
    assert all("aria-labelledby" in one or "aria-label" in one or one.get("aria-hidden") == "true" for one in pictures)
    headings = [tag for tag, _ in found.elements if re.fullmatch(r"h\d", tag)]
    assert headings[0] == "h1"
    assert headings.count("h1") == 1
    named = [one["id"] for _, one in found.elements if "id" in one]
    assert len(named) == len(set(named))
