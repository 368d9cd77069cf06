"""The report: all that is known of a host's reserved memory, as a single HTML file.

:func:`report_html` is a pure function from frozen values to text: equal values give equal bytes.
The page loads nothing, and its own policy forbids that.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from dmaragent import __version__
from dmaragent.checks.common.model import Checked
from dmaragent.inventory import Inventory
from dmaragent.policy.resolution import Stack
from dmaragent.present.html import words
from dmaragent.present.html.devices import DeviceAnswers, devices_section
from dmaragent.present.html.findings import findings_section
from dmaragent.present.html.glance import glance_section
from dmaragent.present.html.guests import AnyAnswer, guests_section
from dmaragent.present.html.host import host_section, unknown_section
from dmaragent.present.html.host_map import map_section
from dmaragent.present.html.markup import Markup, element, page, several
from dmaragent.present.html.parts import Section
from dmaragent.present.html.regions import regions_section
from dmaragent.present.html.structures import raw_section, tree_section
from dmaragent.present.words.host import host_sentence, machine_name

_NO_DEVICES = DeviceAnswers()


@cache
def own_file(name: str) -> str:
    """Return a file of this package, the style or the script; it begins on a line of its own."""
    return "\n" + (files(__name__) / name).read_text("utf-8")


def report_html(
    inventory: Inventory,
    checked: Checked | None,
    devices: DeviceAnswers = _NO_DEVICES,
    guests: Sequence[AnyAnswer] = (),
    stack: Stack | None = None,
) -> str:
    """Return the report.

    Args:
        inventory: of the whole host.
        checked: its findings; None if there is no table to check.
        devices: its devices with their verdicts.
        guests: the answers about guests on it.
        stack: the releases that the verdicts and the guests are for, if there are any.

    """
    title = words.title(machine_name(inventory) or words.UNNAMED_HOST)
    sections = [
        glance_section(inventory, checked, devices.rows, guests),
        devices_section(inventory, devices),
        guests_section(inventory, guests),
        unknown_section(inventory, checked, devices.rows, stack),
        host_section(inventory),
        map_section(inventory),
        regions_section(inventory),
        findings_section(checked),
        tree_section(inventory),
        raw_section(inventory),
    ]
    head = several(
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
    )
    body = _body(title, host_sentence(inventory), [part for part in sections if part is not None])
    return page(head, body, css=own_file("style.css"), script=own_file("script.js"))


def _body(title: str, sentence: str, sections: Sequence[Section]) -> Markup:
    skip = element("a", words.SKIP, href="#report", class_="skip")
    lead = element("p", sentence, class_="lead")
    banner = element("header", element("h1", title), lead)
    links = [element("li", element("a", part.title, href=f"#{part.key}")) for part in sections]
    contents = element("nav", element("ul", links), aria_label=words.CONTENTS)
    main = element("main", [part.content for part in sections], id="report", tabindex="-1")
    footer = element("footer", element("p", words.made_by(__version__)))
    heard = element("p", "", role="status", class_="unseen", id="copied")
    return several(skip, banner, element("div", contents, main, class_="page"), footer, heard)
