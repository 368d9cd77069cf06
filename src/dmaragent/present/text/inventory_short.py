"""The text of ``dmaragent inventory``: about 40 lines, with the command for the full text."""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.addresses import SBDF
from dmaragent.host.topology import PciFunction, Presence
from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.claims import Owner
from dmaragent.linux.regions import Hold
from dmaragent.linux.view import LinuxState
from dmaragent.present.escaping import visible
from dmaragent.present.text.inventory import (
    DIFFERENCES,
    device_card,
    difference_words,
    limits_text,
    lost_paths,
    published_text,
    summary_line,
    xen_list_text,
)
from dmaragent.present.text.tables import paragraph, render
from dmaragent.present.words.device import driver_cell
from dmaragent.present.words.host import short_summary_facts
from dmaragent.present.words.inventory import (
    LINUX_PREDICTED,
    absent_words,
    is_linux_predicted,
    left_out,
    linux_cell,
    region_remarks,
    regions_label,
    xen_cell,
)
from dmaragent.present.words.region import (
    meaning_words,
    named_ids,
    owner_class_words,
    owner_name,
    padded_range,
    region_size,
    without_owner,
)
from dmaragent.readings import Missing
from dmaragent.spans import span_words

_MOST_REGIONS = 12
_MOST_DEVICES = 12
_FEW_DEVICES = 5
_MOST_LISTED = 24
"""Lines of regions and devices together: a row of a region can take two."""
_MOST_REASONS = 6
_MOST_LINES = 4
_NOTHING = "-"


def inventory_short_text(inventory: Inventory, details: str, options: str = "") -> Iterator[str]:
    """Yield the lines of ``dmaragent inventory``.

    They have every warning, unknown and assumption of the full text.  A list that is cut ends with
    the number of its other entries.  `details` is the command for the full text, `options` those
    that name the host for the next command.
    """
    device = inventory.device
    yield from limits_text(inventory)
    for name, facts in short_summary_facts(inventory):
        yield from summary_line(name, facts)
    if device is not None:
        yield from ["", *device_card(inventory, device)]
    if inventory.regions:
        regions = list(_regions(inventory))
        yield from ["", *regions]
        if device is None:
            yield from ["", *_devices(inventory, _MOST_LISTED - len(regions))]
            yield from lost_paths(inventory)
    elif inventory.xen.list.entries and device is None:
        yield from ["", "Xen's list, in its order", *xen_list_text(inventory)]
    yield from published_text(inventory)
    differences = [difference_words(difference) for difference in inventory.differences]
    if differences:
        yield from ["", DIFFERENCES, *_cut(differences, "difference", indent=2)]
    problems = [f"Not read: {visible(problem)}" for problem in inventory.host.problems]
    if problems:
        yield from ["", *_cut(problems, "failed reading")]
    yield ""
    yield f"Details: {visible(details)}"
    next_device = device or _worst_device(inventory)
    verb = "devices" if next_device is None else f"explain {next_device}"
    yield f"Next: dmaragent {verb}{visible(options)}"


def _cut(sentences: Sequence[str], what: str, *, indent: int = 0) -> Iterator[str]:
    """Yield whole sentences in a few lines, at least one sentence, and how many are left out."""
    lines: list[str] = []
    for number, sentence in enumerate(sentences):
        more = paragraph(sentence, indent=indent, hang=2)
        if lines and len(lines) + len(more) > _MOST_LINES:
            yield from lines
            yield from paragraph(left_out(len(sentences) - number, what), indent=indent)
            return
        lines += more
    yield from lines


# Regions --------------------------------------------------------------------------------


def _regions(inventory: Inventory) -> Iterator[str]:
    """Yield a row for each region, then the reasons and memory types, each once."""
    under_xen = inventory.linux.state is LinuxState.UNDER_XEN
    shown = inventory.regions[:_MOST_REGIONS]
    named = any(named_ids(region) for region in inventory.regions)
    segments = not named and any(region.segment for region in inventory.regions)
    columns = {
        "#": [str(region.number) for region in shown],
        "Range": [padded_range(region) for region in shown],
        "Size": [region_size(region) for region in shown],
        "Segment": [f"{region.segment:04x}" if segments else _NOTHING for region in shown],
        "Kind": [meaning_words(region) or _NOTHING for region in shown],
        "Named": [_named(region) for region in shown],
        "Devices": [_owner_count(inventory, region) for region in shown],
        "Xen": [xen_cell(region) or _NOTHING for region in shown],
        "Linux": [(not under_xen and linux_cell(region)) or _NOTHING for region in shown],
    }
    table = _columns(columns)
    if len(table) > len(shown) + 1 and all(region.xen.listed is False for region in shown):
        del columns["Xen"]  # the remarks have it, and each row fits the screen
        table = _columns(columns)
    yield from table
    if len(inventory.regions) > len(shown):
        yield f"  {left_out(len(inventory.regions) - len(shown), 'region')}"
    reasons = _by_reason(inventory.regions)
    for reason, numbers in list(reasons.items())[:_MOST_REASONS]:
        yield from paragraph(f"{regions_label(numbers)}: {reason}", indent=2, hang=2)
    if len(reasons) > _MOST_REASONS:
        yield f"  {left_out(len(reasons) - _MOST_REASONS, 'remark')}"
    if is_linux_predicted(inventory):
        yield f"  {LINUX_PREDICTED}"


def _named(region: Region) -> str:
    """Return the device IDs that a region names, with their segment unless it is the first."""
    ids = named_ids(region)
    return f"{region.segment:04x}:{ids}" if ids and region.segment else ids or _NOTHING


def _owner_count(inventory: Inventory, region: Region) -> str:
    """Return how many devices a region names; of a range of IDs, how many are present."""
    if named_ids(region) and isinstance(inventory.host.topology.functions, Missing):
        return _NOTHING
    return str(len(region.owners))


def _by_reason(regions: Iterable[Region]) -> dict[str, list[int]]:
    """Return the remarks on `regions` that their rows do not show, with the region numbers."""
    numbers: dict[str, list[int]] = {}
    for region in regions:
        for reason in region_remarks(region):
            numbers.setdefault(reason, []).append(region.number)
    return numbers


def _columns(columns: dict[str, list[str]]) -> list[str]:
    """Return a table of the columns that have a value."""
    kept = {name: cells for name, cells in columns.items() if set(cells) != {_NOTHING}}
    whole = frozenset(n for n, name in enumerate(kept) if name == "Range")
    return render([[*kept], *zip(*kept.values(), strict=True)], whole=whole)


# Devices --------------------------------------------------------------------------------


def _devices(inventory: Inventory, most: int) -> Iterator[str]:
    """Yield a row for each device of a region, about `most` lines with those of absent devices.

    Absent devices with the same regions share one.
    """
    regions_of: dict[str, list[int]] = {}
    owners: dict[str, Owner] = {}
    for region in inventory.regions:
        for owner in region.owners:
            name = owner_name(owner)
            owners.setdefault(name, owner)
            numbers = regions_of.setdefault(name, [])
            if numbers[-1:] != [region.number]:  # they ascend
                numbers.append(region.number)
    if not owners:
        yield from paragraph(without_owner(inventory))
        return
    present = sorted(name for name in owners if owners[name].presence is not Presence.ABSENT)
    absent: dict[str, list[str]] = {}
    for name in sorted(set(owners) - set(present)):
        absent.setdefault(regions_label(regions_of[name]), []).append(name)
    shown = present[: min(max(_FEW_DEVICES, most - len(absent)), _MOST_DEVICES)]
    functions = [owners[name].function for name in shown]
    if shown:
        yield from _columns(
            {
                "Device": shown,
                "What it is": [owner_class_words(owners[name], short=True) for name in shown],
                "Driver": [driver_cell(function) for function in functions],
                "Group": [_group(function) for function in functions],
                "Slot": [_slot(function) for function in functions],
                "Regions": [span_words(regions_of[name]) for name in shown],
            }
        )
    if len(present) > len(shown):
        yield f"  {left_out(len(present) - len(shown), 'device')}"
    for label, names in absent.items():
        yield from paragraph(absent_words(label, names), indent=2, hang=2)


def _group(function: PciFunction | None) -> str:
    group = None if function is None else function.iommu_group
    return _NOTHING if group is None else str(group)


def _slot(function: PciFunction | None) -> str:
    return visible((function and function.slot) or _NOTHING)


def _worst_device(inventory: Inventory) -> str | None:
    """Return the device that is most likely blocked by its regions, or None.

    A device that Linux locks comes first, then one with a shared region, then one in a slot.
    Bridges and absent devices are left out.
    """
    regions_of: dict[SBDF, list[Region]] = {}
    functions: dict[SBDF, PciFunction | None] = {}
    for region in inventory.regions:
        for owner in region.owners:
            function, absent = owner.function, owner.presence is Presence.ABSENT
            if owner.sbdf is None or absent or (function is not None and function.is_bridge):
                continue
            functions[owner.sbdf] = function
            regions_of.setdefault(owner.sbdf, []).append(region)

    def hindrance(sbdf: SBDF) -> tuple[bool, bool, bool, bool, int]:
        regions, function = regions_of[sbdf], functions[sbdf]
        held = [each for region in regions for each in region.linux if each.sbdf == sbdf]
        return (
            any(each.hold is Hold.DIRECT for each in held),
            any(region.xen.shared for region in regions),
            function is not None and function.slot is not None,
            function is not None and function.driver is not None,
            len(regions),
        )

    return str(max(sorted(regions_of), key=hindrance)) if regions_of else None
