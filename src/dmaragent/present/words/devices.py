"""The devices of a host in words: class, verdicts and fixes, and the limits of the answer."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dmaragent.addresses import span
from dmaragent.answers.devices import BestRemedy, DeviceRow, Verdict
from dmaragent.inventory import Inventory
from dmaragent.inventory.words import why_missing
from dmaragent.linux.view import LinuxState
from dmaragent.passthrough.model import Can
from dmaragent.policy.resolution import Stack
from dmaragent.present.escaping import visible
from dmaragent.present.screen import toned
from dmaragent.present.words.device import class_name, device_name, short_class_name
from dmaragent.present.words.numbers import count
from dmaragent.present.words.passthrough import can_tone, verdict_word
from dmaragent.present.words.region import named_ids, named_paths, without_owner
from dmaragent.readings import Missing
from dmaragent.spans import span_words
from dmaragent.xen.reserved_list.model import ListSource

VERDICTS = (
    Verdict(Can.YES),
    Verdict(Can.CONDITIONS, risk=True),
    Verdict(Can.CONDITIONS),
    Verdict(Can.NO),
    Verdict(Can.UNKNOWN),
    Verdict(Can.NOT_APPLICABLE),
)
"""A verdict for each verdict word, in the order of the counts."""
_KEYS = {
    Can.YES: "allowed",
    Can.CONDITIONS: "allowed-if",
    Can.NO: "blocked",
    Can.UNKNOWN: "unknown",
    Can.NOT_APPLICABLE: "not-applicable",
}
SIDES = {"xen": "Xen", "linux": "Linux"}
CONDITIONAL = "conditional"
"""The cell of a device that is allowed with conditions."""
UNKNOWN = "?"
"""The cell of an unknown value."""
NOTHING = "-"
_MOST_SPANS = 3
_LEAST_NAME = 8
_MOST_REASONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceList:
    """The devices to list, and how many are left out."""

    rows: tuple[DeviceRow, ...]
    """The listed devices."""
    known: int
    """How many devices the host has, without bridges and chipset functions."""
    chipset: int
    """How many bridges and chipset functions are left out."""
    absent: int
    """How many absent devices that a region names are left out."""
    may_match: int = 0
    """How many others may be meant: their class or their numbers are unknown."""
    title: str = ""
    """The source of the host's data."""
    options: str = ""
    """The options that name the host and the release, for the next command."""


def device_list(
    every: Sequence[DeviceRow],
    rows: Sequence[DeviceRow] | None = None,
    *,
    chipset: bool = False,
    absent: bool = False,
) -> DeviceList:
    """Return those of `rows` to list, of `every` row of a host; all of them by default.

    Chipset functions and absent devices are only counted, unless `chipset` or `absent` lists them.
    """
    passed = every if rows is None else rows
    listed = [row for row in passed if (absent or not row.absent) and (chipset or not row.chipset)]
    return DeviceList(
        rows=tuple(listed),
        known=sum(not row.chipset and not row.absent for row in every),
        chipset=sum(row.chipset for row in passed) - sum(row.chipset for row in listed),
        absent=sum(row.absent for row in passed) - sum(row.absent for row in listed),
    )


# Cells ----------------------------------------------------------------------------------


def verdict_words(verdict: Verdict) -> str:
    """Return the verdict of one side."""
    return verdict_word(verdict.can, risk=verdict.risk)


def verdict_cell(verdict: Verdict, *, decides: bool) -> str:
    """Return the verdict of one side for a table, in its colour if that side decides."""
    word = verdict_words(verdict)
    if verdict.can is Can.CONDITIONS and not verdict.risk:
        word = CONDITIONAL
    return toned(word, can_tone(verdict.can, risk=verdict.risk) if decides else None)


def verdict_key(verdict: Verdict) -> str:
    """Return the name of a verdict on the command line and in CSV."""
    if verdict.risk and verdict.can in (Can.YES, Can.CONDITIONS):
        return "allowed-with-risk"
    return _KEYS[verdict.can]


def key_words(key: str) -> str:
    """Return the words of the verdict that the command line names `key`."""
    return next(verdict_words(verdict) for verdict in VERDICTS if verdict_key(verdict) == key)


def short_class(row: DeviceRow) -> str:
    """Return the class of a device without "controller": ``USB xHCI``, ``Ethernet``."""
    if row.function is None:
        return "not present" if row.absent else UNKNOWN
    return short_class_name(row.function)


def device_id(row: DeviceRow) -> str:
    """Return the device's ``vendor:device``, or empty if it is unknown."""
    function = row.function
    if function is None or function.vendor_id is None or function.device_id is None:
        return ""
    return f"{function.vendor_id:04x}:{function.device_id:04x}"


def known_name(row: DeviceRow) -> str:
    """Return the device's name in the hardware database, or empty."""
    function = row.function
    if function is None or not (function.vendor_name or function.device_name):
        return ""
    return device_name(function)


def what_it_is(row: DeviceRow, width: int | None = None) -> str:
    """Return class, ``vendor:device`` and name of a device, as far as they are known.

    To fit `width`, the name is cut or left out first, then the class is cut.
    """
    own, name = identity(row), known_name(row)
    whole = f"{own} {name}" if name else own
    if width is None or len(whole) <= width:
        return whole
    if len(own) + _LEAST_NAME <= width:
        return cut(whole, width)
    return identity(row, width)


def identity(row: DeviceRow, width: int | None = None) -> str:
    """Return class and ``vendor:device`` of a device; the class is cut to `width`."""
    name, number = short_class(row), device_id(row)
    if not number:
        return name
    if width is not None and len(name) + 1 + len(number) > width:
        name = cut(name, width - len(number) - 1)
    return f"{name} {number}"


def cut(text: str, width: int) -> str:
    """Return `text`, cut to `width` if it is longer."""
    if len(text) <= width:
        return text
    return text[: max(width - 1, 0)].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def driver_cell(row: DeviceRow) -> str:
    """Return the driver's name."""
    function = row.function
    if function is None:
        return NOTHING if row.absent else UNKNOWN
    if function.driver is None:
        return NOTHING if function.driver_known else UNKNOWN
    return visible(function.driver)


def region_spans(row: DeviceRow, most: int = _MOST_SPANS) -> str:
    """Return the numbers of a device's regions, and how many others Xen or Linux report."""
    spans = span_words(row.regions).split()
    shown = spans[:most]
    if len(spans) > most:
        shown.append(f"+{len(row.regions) - len(numbers_in(shown))}")
    if row.reported:
        shown.append(f"{len(row.reported)} reported")
    if shown:
        return " ".join(shown)
    return NOTHING if row.regions_known else UNKNOWN


def numbers_in(spans: Sequence[str]) -> list[int]:
    """Return the numbers that spans like ``3-9`` stand for."""
    numbers: list[int] = []
    for part in spans:
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def group_cell(row: DeviceRow) -> str:
    """Return the number of the device's IOMMU group."""
    return NOTHING if row.group is None else str(row.group)


# Remedies -------------------------------------------------------------------------------


def remedy_words(remedy: BestRemedy | None) -> str:
    """Return the remedy in a few words, or empty."""
    return "" if remedy is None else visible(remedy.words)


def remedy_sentence(remedy: BestRemedy) -> str:
    """Return the remedy with its cost."""
    return f"{remedy_words(remedy)}: {remedy.cost}" if remedy.cost else remedy_words(remedy)


# The host -------------------------------------------------------------------------------


def verdict_counts(rows: Sequence[DeviceRow], side: str) -> str:
    """Return the number of devices for each verdict of `side`: ``5 allowed, 8 blocked``."""
    numbers = Counter(verdict_words(row.xen if side == "xen" else row.linux) for row in rows)
    counts = ((numbers[word], word) for word in map(verdict_words, VERDICTS))
    return ", ".join(f"{number} {word}" for number, word in counts if number)


def side_words(inventory: Inventory, rows: Sequence[DeviceRow], side: str) -> str:
    """Return the numbers of verdicts of a side, and whether it decides on this host."""
    state = inventory.linux.state
    if side == "linux" and state is LinuxState.UNDER_XEN:
        return "not applicable: Xen owns the IOMMU of this host"
    counts = verdict_counts(rows, side) or "no device"
    if side == "xen" and state in (LinuxState.GROUPS, LinuxState.NO_GROUPS):
        return f"not applicable: this host does not run Xen. With Xen: {counts}"
    return counts


def limits(
    inventory: Inventory, rows: Sequence[DeviceRow], stack: Stack, decides: Sequence[str]
) -> Iterator[str]:
    """Yield the limits of the answer: assumptions, predictions and unknowns."""
    under_xen = inventory.linux.state is LinuxState.UNDER_XEN
    if len(decides) > 1:
        yield "It is unknown whether the host runs Xen, so both verdicts are shown."
    verdicts = [verdict for row in rows for verdict in (row.xen, row.linux)]
    if any(verdict.can is Can.CONDITIONS and not verdict.risk for verdict in verdicts):
        yield f"{CONDITIONAL.capitalize()}: allowed with conditions; dmaragent explain lists them."
    predicted = []
    if inventory.xen.devices_source is ListSource.PREDICTED:
        predicted.append("Xen's")
    held = [held for region in inventory.regions for held in region.linux]
    if not under_xen and any(not tie.by_kernel for tie in held):
        predicted.append("Linux's")
    if predicted:
        yield f"Predicted from the table: {' and '.join(predicted)} verdicts."
    yield f"{visible(stack.origin[:1].upper() + stack.origin[1:])}."
    yield from _unknown_verdicts(rows)
    yield from _unread(inventory, rows)
    if any(row.reported for row in rows):
        yield (
            '"Reported" counts regions that Xen or Linux reports. They have no number, because they '
            "are in no table here."
        )


def _unknown_verdicts(rows: Sequence[DeviceRow]) -> Iterator[str]:
    """Yield why verdicts are unknown, each reason once."""
    reasons = Counter(reason for row in rows for reason in row.unknown)
    for reason, number in reasons.most_common(_MOST_REASONS):
        yield f"Unknown for {count(number, 'device')}: {visible(reason.rstrip('.'))}."
    left = len(reasons) - _MOST_REASONS
    if left > 0:
        yield f"{count(left, 'more reason')}: dmaragent explain has the reason for each device."


def _unread(inventory: Inventory, rows: Sequence[DeviceRow]) -> Iterator[str]:
    """Yield the unknown facts about the devices themselves."""
    functions = inventory.host.topology.functions
    if isinstance(functions, Missing):
        why = why_missing(functions)
        yield f"Classes are unknown: the PCI functions could not be read ({visible(why)})."
    if any(not row.regions_known for row in rows):
        yield "Regions are unknown: there is no table, and neither Xen nor Linux reports regions."
    if any(row.function is not None and driver_cell(row) == UNKNOWN for row in rows):
        yield "Driver ?: unknown (not collected)."


def problem_lines(inventory: Inventory, most: int = _MOST_REASONS) -> Iterator[str]:
    """Yield the first `most` readings that failed, and how to see the others."""
    problems = inventory.host.problems
    for problem in problems[:most]:
        yield f"Not read: {visible(problem)}"
    left = len(problems) - most
    if left > 0:
        yield (f"Not read: {count(left, 'more reading')}; dmaragent inventory --details lists all")


def left_out_words(chipset: int, absent: int) -> str:
    """Return how many functions are not listed, or empty."""
    parts = []
    if chipset:
        parts.append(count(chipset, "bridge or chipset function", "bridges and chipset functions"))
    if absent:
        devices = count(
            absent, "absent device that a region names", "absent devices that regions name"
        )
        parts.append(devices)
    return f"Not listed: {' and '.join(parts)} (add --all)." if parts else ""


def more_devices(number: int, option: str = "") -> str:
    """Return how many devices a table leaves out; with `option`, the command lists them."""
    return f"{count(number, 'more device')}: dmaragent devices{option} lists all."


def may_match_words(number: int, *, listed: bool) -> str:
    """Return how many devices may be meant besides those that are listed, or empty."""
    devices, too = count(number, "device"), ", too" if listed else ""
    return f"May match{too}: {devices} of unknown class or numbers." if number else ""


def none_listed(devices: DeviceList, inventory: Inventory) -> str:
    """Return why no device is listed."""
    functions, known = inventory.host.topology.functions, devices.known
    if devices.may_match:
        return "No device is known to match."
    if known:
        return "The host's only device does not match." if known == 1 else _no_match(known)
    if not isinstance(functions, Missing):
        others = "only bridges and chipset functions" if functions else "no PCI function"
        return f"The host has {others}."
    if any(map(named_ids, inventory.regions)) or named_paths(inventory.regions):
        return without_owner(inventory)
    if inventory.decoded and inventory.region_count is not None:
        return "No device is known: the PCI functions were not read, and no region names a device."
    return "No device is known: the PCI functions were not read, and regions may be missing."


def _no_match(known: int) -> str:
    return f"None of the host's {known} devices matches."


# Comma-separated values -----------------------------------------------------------------

CSV_HEAD = (
    "device",
    "class_code",
    "class",
    "vendor_id",
    "device_id",
    "name",
    "driver",
    "slot",
    "decides",
    "xen",
    "linux",
    "regions",
    "reported",
    "iommu_group",
    "fix",
)
"""The header of ``dmaragent devices --csv``."""


def csv_cells(row: DeviceRow) -> tuple[str, ...]:
    """Return a device's cells for CSV_HEAD; a cell without a known value is empty."""
    function = row.function
    code = None if function is None else function.class_code
    known = function is not None and function.interface_known
    return (
        str(row.sbdf),
        "" if code is None or not known else f"{code:06x}",
        "" if function is None or code is None else class_name(function),
        "" if function is None or function.vendor_id is None else f"{function.vendor_id:04x}",
        "" if function is None or function.device_id is None else f"{function.device_id:04x}",
        known_name(row),
        (function and function.driver) or "",
        (function and function.slot) or "",
        " ".join(row.decides),
        verdict_key(row.xen),
        verdict_key(row.linux),
        span_words(row.regions) if row.regions_known else "unknown",
        " ".join(span(place) for place in row.reported),
        "" if row.group is None else str(row.group),
        "" if row.remedy is None else remedy_sentence(row.remedy),
    )
