"""The report: all that is known of a host's reserved memory, as a single HTML file.

:func:`report_html` is a pure function from frozen values to text: equal values give equal bytes.
The page loads nothing, and its own policy forbids that.
"""

from collections.abc import Sequence

from dmaragent.checks.common.model import Checked
from dmaragent.inventory import Inventory
from dmaragent.policy.resolution import Stack
from dmaragent.present.html.devices import DeviceAnswers, devices_section
from dmaragent.present.html.findings import findings_section
from dmaragent.present.html.glance import glance_section
from dmaragent.present.html.guests import AnyAnswer, guests_section
from dmaragent.present.html.host import host_section, unknown_section
from dmaragent.present.html.host_map import map_section
from dmaragent.present.html.regions import regions_section
from dmaragent.present.html.structures import raw_section, tree_section
from dmaragent.present.html.whole_page import whole_page
from dmaragent.present.html.words import page as words
from dmaragent.present.words.host import host_sentence, machine_name

_NO_DEVICES = DeviceAnswers()


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
    return whole_page(
        title, host_sentence(inventory), [part for part in sections if part is not None]
    )
