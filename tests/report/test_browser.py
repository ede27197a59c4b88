"""The page in a real browser: what it shows, that it loads nothing, and that it works with a finger and a keyboard.

Screenshots are kept in ``data/screenshots``, which git ignores: look at them when you change the page.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from featurelib.report import page
from featurelib.schema.pages import to_html
from schemas import SearchRankingFeatures
from tests.report.browser import Tab, browser
from tests.report.contents import AWKWARD, content

SHOTS = Path(__file__).parents[2] / "data" / "screenshots"
DESK, PHONE = (1280, 900), (390, 844)

pytestmark = pytest.mark.browser

CONTRAST = """
(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.getClientRects().length || ["SCRIPT", "title", "desc"].includes(element.tagName)) continue;
    const style = getComputedStyle(element), front = element.ownerSVGElement ? style.fill : style.color;
    const [a, b] = [light(rgb(front)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) low.push(`${element.outerHTML.slice(0, 80)}: ${ratio.toFixed(2)}`);
  }
  return low;
})()
"""
SHOWN = """
[...document.querySelectorAll("#feature-table > tbody > tr[data-n]:not([hidden])")].map(
  (row) => row.querySelector(".open").textContent)
"""


@pytest.fixture(scope="session")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "small.html"
    path.write_text(page(content()), encoding="utf-8")
    return path


def quiet(tab: Tab) -> bool:
    assert tab.problems == []
    assert tab.requests == []
    return True


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_all_sections_are_there_and_nothing_overflows(tab: Tab, small: Path, size: tuple[int, int], dark: bool) -> None:
    width, height = size
    tab.open(small, width=width, height=height, dark=dark)
    told = tab.ask("document.body.innerText")
    for heading in (
        "Rows",
        "Checks",
        "Features",
        "Drift over time",
        "Label and volume",
        "Selection",
        "Partitions",
        "Lineage",
    ):
        assert heading in told
    assert "1 thing has to be acted on" in told
    assert tab.ask("document.documentElement.scrollWidth") == width
    assert tab.ask(CONTRAST) == []
    tab.shot(SHOTS / f"small-{'dark' if dark else 'light'}-{width}.png")
    assert tab.ask("document.querySelectorAll('.features .dist svg').length") == 24
    assert (
        tab.ask("[...document.querySelectorAll('svg.flow')].filter((one) => one.getBoundingClientRect().width).length")
        == 2
    )
    assert quiet(tab)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_page_of_a_table_shows_all_columns(tab: Tab, tmp_path: Path, size: tuple[int, int], dark: bool) -> None:
    table, (width, height) = SearchRankingFeatures, size
    path = tmp_path / "table.html"
    path.write_text(to_html(table), encoding="utf-8")
    tab.open(path, width=width, height=height, dark=dark)
    assert tab.ask("document.querySelector('h1').textContent") == table.__name__
    assert tab.ask(
        "[...document.querySelectorAll('tr[id] td:first-child code')].map((one) => one.textContent)"
    ) == list(table.columns)
    told = tab.ask("document.body.innerText")
    assert all(column.doc in told for column in table.columns.values())
    assert table.owner in told
    assert tab.ask("matchMedia('(prefers-color-scheme: dark)').matches") == dark
    assert tab.ask("document.documentElement.scrollWidth") == width
    assert tab.ask(CONTRAST) == []
    tab.shot(SHOTS / f"table-{'dark' if dark else 'light'}-{width}.png")
    assert quiet(tab)


def test_features_are_found_sorted_and_opened_with_the_keyboard(tab: Tab, small: Path) -> None:
    tab.open(small)
    assert tab.ask(SHOWN)[:2] == ["price_bin_003", "user_rate_005"]  # what needs a look comes first
    tab.ask("document.getElementById('search').focus()")
    tab.call("Input.insertText", text="query AGE")
    assert tab.ask(SHOWN) == ["query_age_log_022", "query_age_log_002"]
    assert tab.ask("document.getElementById('found').textContent") == "2 of 24 shown"
    tab.ask("document.getElementById('search').value = ''; document.querySelector('[data-show=off]').click()")
    assert len(tab.ask(SHOWN)) == 3
    tab.ask("document.querySelector('[data-show=all]').click(); document.querySelector('[data-sort=mi]').click()")
    assert tab.ask(SHOWN)[0] == "user_index_001"
    assert tab.ask("document.querySelector('[data-sort=mi]').parentElement.ariaSort") == "descending"
    tab.ask("document.querySelector('.open').focus()")
    for kind in ("keyDown", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    assert tab.ask("document.querySelector('.open').ariaExpanded") == "true"
    opened = tab.ask("document.querySelector('.detail').innerText")
    assert "Made by Standardize('item_click_rate_7d')." in opened
    assert "Baseline" in opened
    tab.ask("document.querySelector('#drift a[data-find]').click()")
    assert tab.ask(SHOWN) == ["price_bin_003"]
    assert "PSI 0.276" in tab.ask("document.querySelector('.detail').innerText")
    assert quiet(tab)


def test_on_paper_all_is_drawn_and_open(tab: Tab, tmp_path: Path) -> None:
    path = tmp_path / "paper.html"
    path.write_text(page(content(80, 3)), encoding="utf-8")
    tab.open(path)
    assert tab.ask("document.querySelectorAll('#feature-table > tbody > tr:not([hidden])').length") == 60
    tab.ask("window.dispatchEvent(new Event('beforeprint'))")
    assert tab.ask("document.querySelectorAll('.features .dist svg').length") == 80
    assert tab.ask("[...document.querySelectorAll('details')].every((part) => part.open)")
    assert quiet(tab)


def test_texts_of_data_stay_texts(tab: Tab, tmp_path: Path) -> None:
    path = tmp_path / "awkward.html"
    made = content()
    odd = tuple(
        replace(one, name=text, cells=(text, "missing"), now=(3, 1), before=(2, 2), rates=())
        for one, text in zip(made.features, AWKWARD, strict=False)
    )
    path.write_text(page(replace(made, features=odd, pipeline=AWKWARD[0])), encoding="utf-8")
    for size in (DESK, PHONE):
        tab.open(path, width=size[0], height=size[1])
        assert tab.ask("document.title").startswith("</script><script>document.title=")
        tab.ask("document.querySelectorAll('.open').forEach((button) => button.click())")
        assert tab.ask("document.querySelectorAll('.detail').length") == len(AWKWARD)
        assert tab.ask("document.querySelectorAll('script').length") == 2
        assert tab.ask("document.querySelectorAll('img, main b:not(.legend b)').length") == 0
        assert tab.ask("document.documentElement.scrollWidth") == size[0]
    assert quiet(tab)


def test_a_script_that_came_in_is_not_run(tab: Tab, tmp_path: Path) -> None:
    path = tmp_path / "broken-in.html"
    inside = "<script>document.title = 'broken'</script><img src='data:,' onerror='document.title = 1'>"
    path.write_text(page(content(2, 2)).replace("<footer>", f"{inside}<footer>"), encoding="utf-8")
    tab.open(path)
    assert tab.ask("document.title").startswith("search_ranking")
    assert any("Content Security Policy" in problem for problem in tab.problems)


def test_a_page_of_500_features_over_90_days_opens_at_once(tab: Tab, tmp_path: Path) -> None:
    path = tmp_path / "large.html"
    path.write_text(page(content(500, 90)), encoding="utf-8")
    for width, height in (DESK, PHONE):
        # NOTE: the best of three, as other tests may run beside this one
        assert min(tab.open(path, width=width, height=height) for _ in range(3)) < 2
        assert tab.ask("document.querySelectorAll('.features .dist svg').length") < 60
        tab.ask("document.getElementById('more').click()")
        assert tab.ask("document.getElementById('found').textContent") == "500 of 500 shown"
        assert tab.ask("document.documentElement.scrollWidth") == width
    assert quiet(tab)


def test_without_a_script_the_numbers_are_there(tab: Tab, small: Path) -> None:
    tab.open(small, scripts=False)
    told = tab.ask("document.body.innerText")
    assert "0.276" in told
    assert "the numbers do not" in told
    assert quiet(tab)
