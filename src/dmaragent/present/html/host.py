"""The host of a report: its facts, and what is unknown about it."""

from collections.abc import Iterator, Sequence

from dmaragent.answers.devices import DeviceRow
from dmaragent.answers.explain import who_decides
from dmaragent.checks.common.model import Checked
from dmaragent.inventory import Inventory
from dmaragent.policy.resolution import Stack
from dmaragent.present.html.devices import passed_through
from dmaragent.present.html.markup import element
from dmaragent.present.html.parts import Section, bullets, facts, section
from dmaragent.present.html.words import host as words
from dmaragent.present.words.devices import limits
from dmaragent.present.words.findings import rules_not_asked
from dmaragent.present.words.host import summary_facts


def host_section(inventory: Inventory) -> Section | None:
    """Return what is known of the machine, its system and its table."""
    known = list(summary_facts(inventory))
    return section("host", words.HOST, facts(known)) if known else None


def unknown_section(
    inventory: Inventory,
    checked: Checked | None,
    rows: Sequence[DeviceRow],
    stack: Stack | None,
) -> Section | None:
    """Return what limits the answers; nothing if all is known."""
    lines = [
        *_limits(inventory, rows, stack),
        *_open_paths(inventory),
        *(map(rules_not_asked, () if checked is None else checked.not_asked)),
        *map(words.not_read, inventory.host.problems),
    ]
    if not lines:
        return None
    return section(
        "unknown",
        words.UNKNOWN,
        element("p", words.UNKNOWN_LEAD, class_="note"),
        bullets(lines),
    )


def _limits(inventory: Inventory, rows: Sequence[DeviceRow], stack: Stack | None) -> Iterator[str]:
    if stack is None:
        return
    shown, _ = passed_through(rows)
    for limit in limits(inventory, shown, stack, who_decides(inventory)):
        if limit.strip("."):  # a release that is known has no origin to name
            yield limit


def _open_paths(inventory: Inventory) -> Iterator[str]:
    if inventory.undetermined:
        yield words.open_paths(inventory.undetermined)
