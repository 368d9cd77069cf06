"""A report in a real browser: narrow and wide, light and dark, by keyboard, without script."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.present.html import report_html
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question, read_guests
from dmaragent.question.host_report import report_of
from support.axe_check import axe_violations
from support.browser import Browser, chromium
from support.large import large_snapshot
from support.machines import MACHINES, load
from support.reports import GUEST, RELAXED, hostile_guest, hostile_host, recorded
from support.wording import Worded

pytestmark = pytest.mark.slow  # a browser runs


HP = "hp-dl380e-gen8"
GUESTS = {HP: RELAXED, "xen-pv-dom0": GUEST}
HOSTS = (
    HP,
    "xen-pv-dom0",
    "qemu-q35-rmrr",
    "synthetic-overlap",
    "synthetic-segment-1-above-4g",
    "synthetic-limit-below-base",
    "synthetic-sosreport-without-table",
    "hostile",
    "several guests",
    "large",
)
WIDTHS = pytest.mark.parametrize("width", [360, 768, 1280, 1920])
BOTH_THEMES = pytest.mark.parametrize("theme", ["light", "dark"])


@pytest.fixture(scope="module")
def browser(chromium_tools: None) -> Iterator[Browser]:
    """Return the one browser of this module."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write the reports, once for all tests."""
    folder = tmp_path_factory.mktemp("reports")
    return {name: _written(name, folder) for name in HOSTS}


def _written(name: str, folder: Path) -> Path:
    path = folder / f"{name}.html"
    if name == "large":
        path.write_text(report_html(take_inventory(join(large_snapshot(4096, 200))), None))
        return path
    hostile = name == "hostile"
    host = recorded(hostile_host(), folder) if hostile else MACHINES / name
    text = hostile_guest() if hostile else GUESTS.get(name, "")
    guests = read_guests(text, "win10.cfg") if text else ()
    if name == "several guests":
        host, guests = MACHINES / HP, 4 * read_guests(RELAXED, "win10.cfg")
    path.write_text(report_of(ask_host(str(host), Question(), guests), guests), "utf-8")
    return path


@WIDTHS
@pytest.mark.parametrize("name", HOSTS)
def test_a_page_fits_logs_nothing_and_shows_every_region(
    name: str, width: int, browser: Browser, pages: dict[str, Path]
) -> None:
    browser.show(pages[name], width=width)

    assert browser.log == []
    assert browser.run("return document.scrollingElement.scrollWidth") <= width
    boxes = browser.run(BOXES)
    least = 1 if name == "large" else 10
    assert [one for one in boxes if min(one["width"], one["height"]) < least] == []
    assert [one for one in boxes if one["left"] < 0 or one["right"] > width] == []
    assert len(boxes) == _regions(name)
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true;")
    assert browser.run("return document.scrollingElement.scrollWidth") <= width
    assert set(browser.run(LINE_BREAKS)) <= {"pre"}


LINE_BREAKS = """
return [...document.querySelectorAll("pre code")].map((one) => getComputedStyle(one).whiteSpace);
"""
BOXES = """
return [...document.querySelectorAll("[data-region] .box")].map((one) => {
  const {width, height, left, right} = one.getBoundingClientRect();
  return {width, height, left, right};
});
"""


@pytest.mark.parametrize("name", HOSTS)
def test_on_a_narrow_screen_every_cell_of_a_wide_table_is_seen_with_its_column(
    name: str, browser: Browser, pages: dict[str, Path]
) -> None:
    browser.show(pages[name], width=360)
    cells = browser.run(CELLS)
    browser.show(pages[name], width=1280)
    wide = browser.run(CELLS)

    assert [one for one in cells if one["right"] > 360 or one["label"] != one["column"]] == []
    assert {one["label"] for one in wide if not one["narrow"]} <= {"none"}
    assert len(wide) >= len(cells)
    assert cells


CELLS = """
return [...document.querySelectorAll(".stack tbody th, .stack td:not([colspan])")]
.filter((one) => one.checkVisibility()).map((one) => {
  const label = getComputedStyle(one, "::before").content.replaceAll('"', "");
  const right = Math.max(...[one, ...one.querySelectorAll("*")].map(
    (each) => each.getBoundingClientRect().right));
  const at = [...one.parentElement.children].indexOf(one);
  const column = one.closest("table").querySelectorAll("thead th")[at].textContent;
  const narrow = Boolean(one.closest(".beside-it"));  // has less room than the page
  return {label, right, column, narrow};
});
"""


def _regions(name: str) -> int:
    """Return how many regions a host has, by its own facts."""
    made = {"large": 200, "hostile": 1}
    if name in made:
        return made[name]
    expected = load(HP if name == "several guests" else name, "expected.toml")
    return len(expected.get("regions", expected.get("region", [])))


@BOTH_THEMES
@pytest.mark.parametrize("name", [HP, "xen-pv-dom0"])
def test_every_word_stands_out_from_what_is_behind_it(
    name: str, theme: str, browser: Browser, pages: dict[str, Path]
) -> None:
    browser.show(pages[name], theme=theme)

    worst: list[Any] = browser.run(CONTRASTS)

    assert len(worst) > 100
    assert [one for one in worst if one["ratio"] < 4.5] == []


CONTRASTS = """
const light = (color) => {
  const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((each) => {
    const part = each / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (one) => {
  for (let at = one; at; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor;
    if (!/, 0\\)$/.test(color)) return color;
  }
  return "rgb(255, 255, 255)";
};
const fillOf = (one) => getComputedStyle(one).fill;
for (const one of document.querySelectorAll("details")) one.open = true;
const found = [];
for (const one of document.querySelectorAll("body *")) {
  const own = [...one.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
  if (!own || ["SCRIPT", "title"].includes(one.tagName)) continue;
  const drawn = one.namespaceURI.endsWith("svg");
  const box = drawn && one.classList.contains("within") && one.parentElement.querySelector(".box");
  const back = box && fillOf(box) !== "none" ? fillOf(box) : behind(one);
  const pair = [light(drawn ? fillOf(one) : getComputedStyle(one).color), light(back)];
  const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  found.push({text: one.textContent.slice(0, 40), ratio});
}
return found;
"""


def test_the_keyboard_reaches_everything_and_looks_closer(
    browser: Browser, pages: dict[str, Path], worded: Worded
) -> None:
    browser.show(pages[HP])
    browser.run("document.querySelector('#map .zoom').scrollIntoView()")
    browser.press(Keys.TAB)
    first = browser.run(FOCUSED)
    browser.run("document.querySelector('#host-heading').tabIndex = -1;")
    browser.run("document.querySelector('#host-heading').focus();")
    reached: list[str] = []
    while len(reached) < 20 and (not reached or reached[-1] != "region 1"):
        browser.press(Keys.TAB)
        reached.append(browser.run(FOCUSED))

    worded(first)
    regions = [f"region {number}" for number in range(9, 0, -1)]  # by address
    assert reached == ["+", "\N{MINUS SIGN}", "Whole", *regions]
    whole = browser.run(VIEW)
    browser.press("+")
    closer = browser.run(VIEW)
    assert closer[2] < whole[2] / 1.5
    browser.press(Keys.ARROW_UP)
    assert browser.run(VIEW)[1] < closer[1]
    assert browser.run("return document.querySelector('#map output').textContent")
    browser.press("0")
    assert browser.run(VIEW) == whole


def test_the_keyboard_unfolds_and_copies(browser: Browser, pages: dict[str, Path]) -> None:
    browser.show(pages[HP])
    folded = "document.querySelector('#devices details')"
    browser.run(f"{folded}.querySelector('summary').focus()")
    browser.press(Keys.ENTER)
    unfolded = browser.run(f"return {folded}.open")
    browser.run(
        "window.pasted = null;"
        "navigator.clipboard.writeText = async (text) => { window.pasted = text; };"
        "document.querySelector('#guests .copy').focus()"
    )
    browser.press(Keys.ENTER)
    pasted, said, heard = browser.run(
        "return [window.pasted, document.activeElement.textContent,"
        " document.getElementById('copied').textContent]"
    )

    assert unfolded
    assert pasted == "rdm_mem_boundary = 1887"
    assert (said, heard) == ("Copied", "Copied")


def test_a_page_that_may_not_use_the_clipboard_copies_a_selection(
    browser: Browser, pages: dict[str, Path]
) -> None:
    browser.show(pages[HP])
    browser.run(
        "navigator.clipboard.writeText = async () => { throw new Error('denied'); };"
        "document.querySelector('#guests .copy').click()"
    )

    selected = browser.run("return String(getSelection())")

    assert selected == "rdm_mem_boundary = 1887"


def test_a_link_to_a_folded_guest_unfolds_it(browser: Browser, pages: dict[str, Path]) -> None:
    browser.show(pages["several guests"])
    folded = browser.run("return document.querySelectorAll('#guests > article > details').length")
    browser.run("document.querySelector('.strip a[href=\"#guest-2\"]').click()")

    open_now = browser.wait_for("return document.querySelector('#guest-2 > details').open")

    assert folded == 4
    assert open_now


@pytest.mark.parametrize("width", [360, 1280])
def test_the_contents_stay_in_view_and_cover_no_heading(
    width: int, browser: Browser, pages: dict[str, Path]
) -> None:
    browser.show(pages[HP], width=width)
    browser.run("document.querySelector('nav a[href=\"#findings\"]').click()")

    browser.wait_for("return document.querySelector('nav [aria-current]')?.hash === '#findings'")
    nav, heading = browser.run(
        "return ['nav', '#findings-heading'].map((one) => {"
        "  const {top, bottom} = document.querySelector(one).getBoundingClientRect();"
        "  return {top, bottom};"
        "});"
    )

    assert 0 <= nav["top"] < 5
    assert heading["top"] >= (nav["bottom"] if width == 360 else 0)
    assert heading["bottom"] < 200


FOCUSED = """
const one = document.activeElement;
return one.dataset.region ? "region " + one.dataset.region : one.textContent.trim();
"""
VIEW = (
    "return document.querySelector('#map svg.map').getAttribute('viewBox').split(' ').map(Number);"
)


def test_the_focus_can_be_seen(browser: Browser, pages: dict[str, Path]) -> None:
    browser.show(pages[HP])
    browser.press(Keys.TAB)
    skip = browser.run(
        "const one = document.activeElement, {left} = one.getBoundingClientRect();"
        "return [left, getComputedStyle(one).outlineStyle];"
    )
    widths = browser.run(
        "const area = document.querySelector('.area'), box = area.querySelector('.box');"
        "const before = getComputedStyle(box).strokeWidth; area.focus();"
        "return [before, getComputedStyle(box).strokeWidth];"
    )

    assert skip[0] >= 0
    assert skip[1] == "solid"
    assert widths[0] != widths[1]


def test_buttons_zoom_and_keep_within_the_picture(browser: Browser, pages: dict[str, Path]) -> None:
    browser.show(pages["large"])
    whole = browser.run(VIEW)
    click = "document.querySelector('[data-zoom={}]').click();"

    browser.run(click.format("in") * 4)
    closer = browser.run(VIEW)
    browser.run("document.querySelector('[data-region=\"200\"]').focus();")
    moved = browser.run(VIEW)
    browser.run(click.format("out") * 9)

    assert closer[2] < whole[2] / 6
    assert moved[1] > closer[1]
    assert moved[1] + moved[3] <= whole[3] + 0.01
    assert browser.run(VIEW) == whole


def test_without_script_the_picture_is_there_and_no_button(
    browser: Browser, pages: dict[str, Path]
) -> None:
    browser.cdp("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.show(pages[HP])
        shown = browser.run(
            "return [document.querySelector('.tools').getBoundingClientRect().height,"
            " document.querySelector('svg.map').getBoundingClientRect().height,"
            " document.querySelectorAll('[data-region]').length,"
            " document.querySelector('.copy').getBoundingClientRect().height];"
        )
    finally:
        browser.cdp("Emulation.setScriptExecutionDisabled", value=False)

    assert shown[0] == 0
    assert shown[1] > 300
    assert shown[2:] == [9, 0]


def test_a_printed_page_is_unfolded_and_without_tools(
    browser: Browser, pages: dict[str, Path]
) -> None:
    browser.show(pages[HP], media="print")

    folded = browser.run(
        "return [...document.querySelectorAll('details > div')]"
        ".filter((one) => !one.checkVisibility()).length;"
    )
    tools = browser.run("return document.querySelector('.tools').getBoundingClientRect().height;")
    printed = browser.cdp("Page.printToPDF")["data"]

    assert (folded, tools) == (0, 0)
    assert printed.startswith("JVBERi0")  # %PDF-
    assert browser.run("return document.querySelectorAll('details[open]').length;") == 0


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", [HP, "several guests", "synthetic-sosreport-without-table"])
def test_axe_finds_no_violation(
    name: str, width: int, axe_core: str, browser: Browser, pages: dict[str, Path]
) -> None:
    browser.show(pages[name], width=width, theme="dark" if width == 360 else "light")
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true;")

    assert axe_violations(browser, axe_core) == []


def test_a_page_of_attacks_runs_none(browser: Browser, pages: dict[str, Path]) -> None:
    browser.show(pages["hostile"])

    assert browser.run("return [document.images.length, document.scripts.length];") == [0, 1]
    assert browser.log == []
