"""The report of a fleet in a real browser: narrow and wide, light and dark, checked with axe."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dmaragent.fleet.guests import ClassVerdict, GuestOnFleet
from dmaragent.fleet.html import FleetReport, fleet_html
from dmaragent.fleet.records import NoData, Why
from dmaragent.policy.decisions import Verdict
from support.axe_check import axe_violations
from support.browser import Browser, chromium
from support.fleets import made_up_fleet, made_up_guests, made_up_record
from support.reports import HOSTILE

pytestmark = pytest.mark.slow  # a browser runs


PAGES = ("small", "large", "hostile")


@pytest.fixture(scope="module")
def browser(chromium_tools: None) -> Iterator[Browser]:
    """Return the one browser of this module."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write the pages, once for all tests."""
    folder = tmp_path_factory.mktemp("fleets")
    reports = {"small": _small(), "large": _large(), "hostile": _hostile()}
    for name, report in reports.items():
        (folder / f"{name}.html").write_text(fleet_html(report), "utf-8")
    return {name: folder / f"{name}.html" for name in PAGES}


def _small() -> FleetReport:
    """Return a fleet with every section."""
    records = made_up_fleet(12, 3)
    records += [made_up_record(f"odd{number}", 0, findings=(2, 1)) for number in range(8)]
    records += [made_up_record("odd9", 0, firmware="old", incomplete="a bridge is unknown")]
    without = [NoData("gone", Why.ABSENT, "there is no document for it", "collect from the host")]
    guests = made_up_guests(records, 2)
    return FleetReport(records, without, guests, guests)


def _large() -> FleetReport:
    records = made_up_fleet(10_000, 649)
    return FleetReport(records, guests=made_up_guests(records, 30))


def _hostile() -> FleetReport:
    """Return a fleet whose every name is an attack, and one long word."""
    name = (HOSTILE.replace(" ", "") * 5)[:250]
    facts = dict.fromkeys(("vendor", "model", "firmware", "xen", "linux"), name)
    records = [made_up_record(f"{name}{number}", number, **facts) for number in range(3)]
    found = ClassVerdict(Verdict.REFUSED, (name,), risk=False, remedies=(name,))
    verdicts = tuple((of, found) for of, _ in made_up_guests(records, 1)[0].verdicts)
    guest = GuestOnFleet(name=name, source="g", kvm=False, verdicts=verdicts)
    return FleetReport(records, [NoData(name, Why.ABSENT, name, name)], [guest])


@pytest.mark.parametrize("width", [360, 768, 1000, 1280, 1920])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_logs_nothing(
    name: str, width: int, browser: Browser, pages: dict[str, Path]
) -> None:
    browser.show(pages[name], width=width)

    assert browser.log == []
    assert browser.run(SCROLLED) <= width
    browser.run(UNFOLD)
    assert browser.run(SCROLLED) <= width
    assert browser.run("return [document.images.length, document.scripts.length];") == [0, 1]


SCROLLED = "return document.scrollingElement.scrollWidth"
UNFOLD = (
    "[...document.querySelectorAll('details')].slice(0, 40).forEach((one) => { one.open = true; });"
)


def test_a_link_to_a_folded_class_unfolds_it(browser: Browser, pages: dict[str, Path]) -> None:
    browser.show(pages["large"])
    browser.run(
        "const one = document.getElementById('class-CZ').closest('details');"
        "window.before = one.open; location.hash = '#class-CZ';"
    )

    opened = browser.wait_for("return document.getElementById('class-CZ').closest('details').open")

    assert browser.run("return window.before") is False
    assert opened


@pytest.mark.parametrize("screen", [(360, "dark"), (1280, "light"), (1280, "dark")])
@pytest.mark.parametrize("name", ["small", "hostile"])
def test_axe_finds_no_violation(
    name: str, screen: tuple[int, str], axe_core: str, browser: Browser, pages: dict[str, Path]
) -> None:
    browser.show(pages[name], width=screen[0], theme=screen[1])
    browser.run(UNFOLD)

    assert axe_violations(browser, axe_core) == []


def test_a_printed_page_is_unfolded(browser: Browser, pages: dict[str, Path]) -> None:
    browser.show(pages["small"], media="print")

    folded = browser.run(
        "return [...document.querySelectorAll('details > div')]"
        ".filter((one) => !one.checkVisibility()).length;"
    )

    assert folded == 0
