"""The regions of a host and the devices that own them, with what Xen and Linux say of each."""

from collections.abc import Iterator, Sequence

from dmaragent.addresses import SBDF
from dmaragent.answers.device import Explanation
from dmaragent.answers.devices import DeviceRow
from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.model import DeviceKind, Owner
from dmaragent.present.html.devices import device_matrix
from dmaragent.present.html.marks import can_mark
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
from dmaragent.present.words.device import card_facts, class_name, device_name
from dmaragent.present.words.numbers import count
from dmaragent.present.words.passthrough import step_title, verdict_sentence
from dmaragent.present.words.region import owner_with_presence, region_size, region_views
from dmaragent.present.words.table import device_words
from dmaragent.readings import Missing
from dmaragent.remedies.remedy import DeviceRemedy

_HEAD = ("Region", "Range", "Size", "Owners", "Xen and Linux", "RMRR at")


def regions_section(inventory: Inventory) -> Section | None:
    """List the regions in table order, and where table, Xen and Linux differ."""
    if not inventory.regions:
        return None
    differ = [
        element(
            "li",
            f"Region {difference.region}: " if difference.region else "",
            difference.explanation,
        )
        for difference in inventory.differences
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
    named: dict[tuple[str, ...], int] = {}
    for region in inventory.regions:
        yield (
            element("span", str(region.number), id=f"region-{region.number}"),
            code(region.place),
            [
                short(region_size(region)),
                f", segment {region.segment:04x}" if region.segment else "",
            ],
            _owners(region, named),
            region_views(inventory, region),
            code(f"{region.entry.offset:#x}"),
        )


def _owners(region: Region, named: dict[tuple[str, ...], int]) -> Child:
    """Name the owners; a long list is named once."""
    names = tuple(_owner(owner) for owner in region.owners)
    first = named.setdefault(names, region.number)
    if not names:
        return "none: its device scope is empty"
    shared = f"shared by {region.xen.sharers}: " if region.xen.shared else ""
    if len(names) > SHOWN_OWNERS and first != region.number:
        return f"{shared}the same as region {first}"
    return [shared, lines_of(names)]


def _owner(owner: Owner) -> str:
    if owner.device is DeviceKind.FUNCTION:
        return owner_with_presence(owner)
    return f"{owner_with_presence(owner)} ({device_words(owner.claim)})"


def devices_section(
    inventory: Inventory, rows: Sequence[DeviceRow], explanations: Sequence[Explanation]
) -> Section | None:
    """List the devices of the host, and the story of each that a region concerns, folded."""
    matrix, lost = device_matrix(rows), _lost(inventory)
    if not matrix and not explanations and lost is NOTHING:
        return None
    stories = {explanation.sbdf for explanation in explanations}
    untold = sum(sbdf not in stories for sbdf in tellable(inventory))
    more = f"Not asked of {untold} more: dmaragent explain tells of each."
    return section(
        "devices",
        "Devices",
        matrix,
        element("p", more) if untold else None,
        [_story(inventory, explanation) for explanation in explanations],
        lost,
    )


def _story(inventory: Inventory, explanation: Explanation) -> Markup:
    """Tell one device's story: the verdicts, the facts, what helps."""
    function = inventory.host.topology.known.get(explanation.sbdf)
    what = "" if function is None else f" {class_name(function)}, {device_name(function)}"
    xen, linux = explanation.xen, explanation.linux
    summary: list[Child] = [
        element("strong", str(explanation.sbdf)),
        what,
        element("span", " Xen: ", can_mark(xen.can, risk=xen.risk), class_="side"),
        element("span", " Linux: ", can_mark(linux.can, risk=linux.risk), class_="side"),
    ]
    steps = [element("h3", "Fixes, safest first"), _steps(explanation.remedies)]
    known = [] if function is None else list(card_facts(inventory, function))
    return folded(
        summary,
        facts(
            [
                ("Xen", verdict_sentence(explanation.xen)),
                ("Linux", verdict_sentence(explanation.linux)),
                *known,
            ]
        ),
        steps if explanation.remedies else None,
        [element("h3", "Notes"), bullets(explanation.notes)] if explanation.notes else None,
    )


def _steps(steps: Sequence[DeviceRemedy]) -> Markup:
    items = []
    for step in steps:
        lines = None
        if step.lines:
            lines = [
                element("p", f"In {step.where}:"),
                verbatim(step.lines, f"Lines: {step.title}"),
            ]
        title = element("strong", step_title(step))
        items.append(element("li", title, element("p", step.explanation), lines))
    return element("ol", items)


def _lost(inventory: Inventory) -> Markup:
    """Name the paths that lead to no device, and why."""
    reasons = {
        f"{_owner(owner)}: {owner.reason}"
        for region in inventory.regions
        for owner in region.owners
        if owner.sbdf is None
    }
    if not reasons:
        return NOTHING
    head = element("h3", f"{count(len(reasons), 'path')} that lead to no known device")
    return element("div", head, element("ul", [element("li", line) for line in sorted(reasons)]))


SHOWN_OWNERS = 4


def concerned(inventory: Inventory) -> tuple[SBDF, ...]:
    """Give the devices that a region names or that Linux ties to one."""
    named = {o.sbdf for region in inventory.regions for o in region.owners if o.sbdf is not None}
    held = {held.sbdf for region in inventory.regions for held in region.linux}
    return tuple(sorted(named | held))


def tellable(inventory: Inventory) -> tuple[SBDF, ...]:
    """Give those of the concerned devices that are not known to be absent."""
    functions = inventory.host.topology.functions
    devices = concerned(inventory)
    if isinstance(functions, Missing):
        return devices
    return tuple(sbdf for sbdf in devices if sbdf in functions)
