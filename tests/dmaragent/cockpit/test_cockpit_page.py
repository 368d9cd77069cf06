"""The page in a real Cockpit and a real browser, over the real local API."""

import json
from collections.abc import Callable

import pytest

from dmaragent.agent.published import Published
from support.cockpit_host import BEYOND, HP, REFUSED, SCREENS, Host
from support.reports import hostile_guest

pytestmark = pytest.mark.slow  # a browser and Cockpit run

HOSTS = (
    HP,
    "xen-pv-dom0",
    "xen-amd-bookworm",
    "synthetic-pvh-dom0",
    "synthetic-epyc-segments",
    "synthetic-sosreport-without-table",
    "hostile",
)


@SCREENS
@pytest.mark.parametrize("name", HOSTS)
def test_a_page_fits_logs_nothing_and_has_no_violation(
    name: str,
    screen: tuple[int, str],
    axe_core: str,
    make_host: Callable[..., Host],
    published: Callable[[str], Published],
) -> None:
    host = make_host(published(name))
    host.show(width=screen[0], theme=screen[1])
    browser = host.browser
    host.check(hostile_guest() if name == "hostile" else REFUSED)
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true;")

    assert browser.log == []
    assert browser.run("return document.scrollingElement.scrollWidth") <= screen[0]
    assert browser.run(BEYOND, screen[0]) == []
    assert host.violations(axe_core) == []


@pytest.mark.parametrize("name", HOSTS)
def test_every_region_is_in_the_table_and_in_the_picture(
    name: str, make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(name))
    host.show()
    regions = json.loads(published(name).document)["answer"]["regions"]

    rows = host.regions()
    drawn = host.browser.run("return document.querySelectorAll('#picture .box.region').length")

    assert rows == [str(region["number"]) for region in regions]
    assert drawn == sum(int(r["base"], 16) <= int(r["limit"], 16) for r in regions)


def test_a_wide_table_has_headers_and_a_narrow_one_names_each_cell(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.show(width=360)

    cells = host.browser.run(LABELS)

    assert cells
    assert [one for one in cells if one["label"] != one["column"] or not one["scope"]] == []


LABELS = """
return [...document.querySelectorAll("tbody th, tbody td")].map((one) => {
  const label = getComputedStyle(one, "::before").content.replaceAll('"', "");
  const at = [...one.parentElement.children].indexOf(one);
  const head = one.closest("table").querySelectorAll("thead th")[at];
  const scope = head.scope === "col" && (at > 0 || one.scope === "row");
  return {label, column: head.textContent, scope};
});
"""
