"""A report: all that is known of a host's reserved memory on one page, a single HTML file.

Pure: :func:`report_html` is a function from frozen values to text.  The page loads nothing, and
its own policy forbids it; the same values give the same bytes.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from dmaragent import __version__
from dmaragent.addresses import SBDF
from dmaragent.answers.device import Explanation
from dmaragent.answers.devices import DeviceRow
from dmaragent.answers.guest import Answer
from dmaragent.checks.common.model import Checked
from dmaragent.inventory import Inventory
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.present.html.findings import findings_section
from dmaragent.present.html.head import head_section, limits_section
from dmaragent.present.html.host_map import map_section
from dmaragent.present.html.kvm_guests import any_guest_section, guest_links
from dmaragent.present.html.markup import Markup, element, page, several
from dmaragent.present.html.parts import Section
from dmaragent.present.html.regions import devices_section, regions_section, tellable
from dmaragent.present.html.structures import raw_section, tree_section
from dmaragent.present.words.host import machine_name

MOST_TOLD = 32
"""Devices whose whole story is told; working it out takes about 10 ms each."""


class DeviceAnswers(NamedTuple):
    """What a report has of the devices of a host."""

    rows: Sequence[DeviceRow] = ()
    """All of them, with their verdicts."""
    explanations: Sequence[Explanation] = ()
    """The stories of ``devices_to_tell``."""


_NO_DEVICES = DeviceAnswers()


@cache
def own_file(name: str) -> str:
    """Return a file of this package, the style or the script, that begins a line of the page."""
    return "\n" + (files(__name__) / name).read_text("utf-8")


def devices_to_tell(inventory: Inventory) -> Sequence[SBDF]:
    """Give the devices whose story belongs into the report."""
    return tellable(inventory)[:MOST_TOLD]


def report_html(
    inventory: Inventory,
    checked: Checked | None,
    devices: DeviceAnswers = _NO_DEVICES,
    guests: Sequence[Answer | KvmResolution] = (),
    origin: str = "",
) -> str:
    """Write the page.

    Args:
        inventory: of the whole host.
        checked: its findings; None where there is no table to look at.
        devices: its devices with their verdicts.
        guests: what becomes of guests on it.
        origin: how the releases are known that the stories and the guests are told for.

    """
    name = machine_name(inventory) or "a host"
    title = f"Reserved device memory of {name}"
    sections = [
        head_section(inventory, checked, origin, guest_links(guests)),
        devices_section(inventory, devices.rows, devices.explanations),
        limits_section(inventory, checked),
        map_section(inventory),
        regions_section(inventory),
        findings_section(checked),
        tree_section(inventory),
        raw_section(inventory),
        *(any_guest_section(number, answer) for number, answer in enumerate(guests, 1)),
    ]
    head = several(
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
    )
    shown = [part for part in sections if part is not None]
    return page(head, _body(title, shown), css=own_file("style.css"), script=own_file("script.js"))


def _body(title: str, sections: Sequence[Section]) -> Markup:
    skip = element("a", "Skip to the report", href="#report", class_="skip")
    banner = element("header", element("h1", title))
    links = [element("li", element("a", part.title, href=f"#{part.key}")) for part in sections]
    contents = element("nav", element("ul", links), aria_label="Contents")
    main = element("main", [part.content for part in sections], id="report", tabindex="-1")
    footer = element("footer", element("p", f"Made by dmaragent {__version__}."))
    return several(skip, banner, contents, main, footer)
