"""The regions of a host and the devices that own them, with what Xen and Linux say of each."""

from collections.abc import Iterator, Sequence

from dmaragent.addresses import SBDF
from dmaragent.answers.device import Explanation
from dmaragent.host.topology import Presence
from dmaragent.inventory import Inventory, Owner, Region
from dmaragent.present.html.markup import NOTHING, Child, Markup, element
from dmaragent.present.html.parts import (
    Section,
    bullets,
    code,
    facts,
    folded,
    lines_of,
    section,
    short,
    table,
    verbatim,
)
from dmaragent.present.html.words import SHOWN_OWNERS, can_mark, owner_name, tellable
from dmaragent.present.text.device_card import card_facts, class_name, device_name
from dmaragent.present.text.explain import SAFETY_WORDS
from dmaragent.present.text.inventory import region_views
from dmaragent.present.wording import count, region_size, scope_words, span_words
from dmaragent.remedies.remedy import DeviceRemedy
from fwtables.dmar.constants import ScopeType

_HEAD = ("Region", "Range", "Size", "Owners", "Xen and Linux", "RMRR at")
_DEVICE_HEAD = ("Device", "Xen", "Linux", "What it is", "Driver", "Group", "Slot", "Regions")


def regions_section(inventory: Inventory) -> Section | None:
    """List the regions in table order, and where table, Xen and Linux differ."""
    if not inventory.regions:
        return None
    differ = [
        element("li", f"Region {one.region}: " if one.region else "", one.explanation)
        for one in inventory.differences
    ]
    return section(
        "regions",
        "Reserved regions",
        table("Reserved regions, in table order", _HEAD, _rows(inventory)),
        [element("h3", "Where table, Xen and Linux differ"), element("ul", differ)]
        if differ
        else None,
    )


def _rows(inventory: Inventory) -> Iterator[Sequence[Child]]:
    said: dict[tuple[str, ...], int] = {}
    for one in inventory.regions:
        yield (
            element("span", str(one.number), id=f"region-{one.number}"),
            code(one.place),
            [short(region_size(one)), f", segment {one.segment:04x}" if one.segment else ""],
            _owners(one, said),
            region_views(inventory, one),
            code(f"{one.offset:#x}"),
        )


def _owners(region: Region, said: dict[tuple[str, ...], int]) -> Child:
    """Name the owners; a long list is named once."""
    names = tuple(_owner(one) for one in region.owners)
    first = said.setdefault(names, region.number)
    if not names:
        return "none: its device scope is empty"
    shared = f"shared by {region.sharers}: " if region.shared else ""
    if len(names) > SHOWN_OWNERS and first != region.number:
        return f"{shared}the same as region {first}"
    return [shared, lines_of(names)]


def _owner(owner: Owner) -> str:
    if owner.scope_type == ScopeType.PCI_ENDPOINT:
        return owner_name(owner)
    return f"{owner_name(owner)} ({scope_words(owner.scope_type)})"


def devices_section(
    inventory: Inventory, devices: Sequence[SBDF], told: Sequence[Explanation]
) -> Section | None:
    """List the devices that a region concerns, and the story of each, folded."""
    if not devices:
        return None
    stories = {one.sbdf: one for one in told}
    untold = sum(one not in stories for one in tellable(inventory))
    more = f"Not asked of {untold} more: dmaragent explain tells of each."
    return section(
        "devices",
        "Devices",
        table(
            "Devices that a region concerns", _DEVICE_HEAD, _devices(inventory, devices, stories)
        ),
        element("p", more) if untold else None,
        [_story(inventory, one) for one in told],
        _lost(inventory),
    )


def _devices(
    inventory: Inventory, devices: Sequence[SBDF], stories: dict[SBDF, Explanation]
) -> Iterator[Sequence[Child]]:
    regions: dict[SBDF, list[int]] = {}
    for region in inventory.regions:
        for sbdf in _named_or_held(region):
            regions.setdefault(sbdf, []).append(region.number)
    absent = _absent(inventory)
    for sbdf in devices:
        function = inventory.host.topology.known.get(sbdf)
        story = stories.get(sbdf)
        missing = "absent" if sbdf in absent else "not known"
        yield (
            str(sbdf),
            "-" if story is None else can_mark(story.xen.can),
            "-" if story is None else can_mark(story.linux.can),
            missing if function is None else class_name(function),
            (function and function.driver) or "-",
            "-" if function is None or function.iommu_group is None else str(function.iommu_group),
            (function and function.slot) or "-",
            span_words(regions.get(sbdf, [])),
        )


def _named_or_held(region: Region) -> list[SBDF]:
    named = [one.sbdf for one in region.owners if one.sbdf is not None]
    return sorted({*named, *(held.sbdf for held in region.linux)})


def _absent(inventory: Inventory) -> frozenset[SBDF]:
    """Give the owners that are known not to answer."""
    return frozenset(
        owner.sbdf
        for region in inventory.regions
        for owner in region.owners
        if owner.sbdf is not None and owner.presence is Presence.ABSENT
    )


def _story(inventory: Inventory, told: Explanation) -> Markup:
    """Tell one device's story: the verdicts, the facts, what helps."""
    function = inventory.host.topology.known.get(told.sbdf)
    what = "" if function is None else f" {class_name(function)}, {device_name(function)}"
    summary: list[Child] = [
        element("strong", str(told.sbdf)),
        what,
        element("span", " Xen: ", can_mark(told.xen.can), class_="side"),
        element("span", " Linux: ", can_mark(told.linux.can), class_="side"),
    ]
    steps = [element("h3", "What helps, the safest first"), _steps(told.remedies)]
    known = [] if function is None else list(card_facts(inventory, function))
    return folded(
        summary,
        facts([("Xen", told.xen.explanation), ("Linux", told.linux.explanation), *known]),
        steps if told.remedies else None,
        [element("h3", "Notes"), bullets(told.notes)] if told.notes else None,
    )


def _steps(steps: Sequence[DeviceRemedy]) -> Markup:
    items = []
    for one in steps:
        side = f"{one.side}; " if one.side else ""
        lines = None
        if one.lines:
            lines = [element("p", f"In {one.where}:"), verbatim(one.lines, f"Lines: {one.title}")]
        title = element("strong", f"{one.title} ({side}{SAFETY_WORDS[one.safety]})")
        items.append(element("li", title, element("p", one.explanation), lines))
    return element("ol", items)


def _lost(inventory: Inventory) -> Markup:
    """Name the paths that lead to no device, and why."""
    reasons = {
        f"{_owner(one)}: {one.reason}"
        for region in inventory.regions
        for one in region.owners
        if one.sbdf is None
    }
    if not reasons:
        return NOTHING
    head = element("h3", f"{count(len(reasons), 'path')} that lead to no known device")
    return element("div", head, element("ul", [element("li", one) for one in sorted(reasons)]))
