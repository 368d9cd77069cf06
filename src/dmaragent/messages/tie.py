"""From what was recognised to one host: its devices, its regions, what to ask next."""

from dataclasses import dataclass

from dmaragent.addresses import PAGE, SBDF, AddressRange
from dmaragent.host.groups import IommuGroup
from dmaragent.inventory import Inventory, LinuxState, Region
from dmaragent.memory_map import memory_words
from dmaragent.messages.findings import FINDINGS
from dmaragent.messages.model import (
    Address,
    Message,
    Names,
    Printer,
    Recognised,
    Recognition,
    Span,
    Weight,
)
from dmaragent.platforms.linux import Held, Hold
from dmaragent.snapshot import Missing
from dmaragent.topology import PciFunction, Presence
from dmaragent.views.model import ListEntry
from fwtables import Decoded

_HIGHEST = (1 << 64) - 1
_LOCKED = frozenset({"linux-rmrr-ineligible", "linux-direct-mapping-refused"})
"""The messages that Linux prints of devices that it holds to a region, and of no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTie:
    """What a host says of a device that a message names."""

    sbdf: SBDF
    presence: Presence
    """Whether a function answers there; UNKNOWN where the functions are not known."""
    function: PciFunction | None
    owned: tuple[Region, ...]
    """The regions whose scope names it."""
    held: tuple[tuple[Region, Held], ...]
    """The regions that Linux ties it to, bridges counted, and how firmly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanTie:
    """What a host says of addresses that a message names."""

    span: Span
    regions: tuple[Region, ...]
    """The regions that have any of them."""
    entries: tuple[ListEntry, ...]
    """Entries of Xen's list that have any of them and come from no region of the table."""
    units: tuple[int, ...]
    """Offsets of the DRHD structures that have their registers there."""
    memory: str | None
    """What the firmware's map calls them; None where there is no map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """A message, tied to a host."""

    recognised: Recognised
    devices: tuple[DeviceTie, ...]
    spans: tuple[SpanTie, ...]
    group: IommuGroup | None
    """The IOMMU group that it names, where the host has it."""
    drivers: tuple[tuple[SBDF, str | None], ...]
    """The devices of that group with their drivers; None: none, or not known."""
    fits: bool | None
    """Whether the host has what it names; None where it names nothing or that is not known."""
    decided_by_xen: bool
    """Whether Linux printed it on a host whose IOMMU is Xen's."""
    vtd_off: str
    """Why Xen switches VT-d off on the host, where its printer would notice; or empty."""
    forgotten: AddressRange | None
    """Pages in no region where a region may be missing from the table."""
    findings: tuple[str, ...]
    """Rules of ``dmaragent check`` that stand behind it."""
    commands: tuple[str, ...]
    """What to ask this program next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """All that was recognised in a text, tied to a host."""

    recognition: Recognition
    ties: tuple[Tie, ...]
    table_known: bool | None
    """Whether the host's table could be read, so that regions can be named; None where no host
    was asked, as nothing was recognised."""


def nothing_found(recognition: Recognition) -> Why:
    """Say that nothing was recognised, so that no host needs to be asked."""
    return Why(recognition=recognition, ties=(), table_known=None)


def tie_all(recognition: Recognition, inventory: Inventory) -> Why:
    """Tie what was recognised to the whole host of `inventory`."""
    return Why(
        recognition=recognition,
        ties=tuple(tie(each, inventory) for each in recognition.found),
        table_known=_table_known(inventory),
    )


def tie(recognised: Recognised, inventory: Inventory) -> Tie:
    """Tie one message to the whole host of `inventory`."""
    names, message = recognised.names, recognised.message
    group = _group(names, inventory)
    devices = tuple(_device(sbdf, inventory) for sbdf in names.devices)
    spans = tuple(_span(span, inventory) for span in names.spans)
    forgotten = (
        _forgotten(recognised, spans, inventory) if message.address is Address.ACCESS else None
    )
    return Tie(
        recognised=recognised,
        devices=devices,
        spans=spans,
        group=group,
        drivers=tuple((sbdf, _driver(sbdf, inventory)) for sbdf in group.devices)
        if group is not None
        else (),
        fits=_fits(message, devices, spans, inventory),
        decided_by_xen=(
            message.printer in (Printer.LINUX, Printer.QEMU)
            and inventory.linux_state is LinuxState.UNDER_XEN
        ),
        vtd_off=(
            inventory.xen.list.vtd_disabled
            if message.printer in (Printer.XEN, Printer.LIBXL) and message.weight is Weight.REFUSAL
            else ""
        ),
        forgotten=forgotten,
        findings=FINDINGS.get(message.id, ()),
        commands=tuple(_commands(recognised, spans, group, forgotten)),
    )


def _device(sbdf: SBDF, inventory: Inventory) -> DeviceTie:
    functions = inventory.host.topology.functions
    known = inventory.host.topology.known
    presence = Presence.PRESENT if sbdf in known else Presence.ABSENT
    regions = inventory.all_regions
    return DeviceTie(
        sbdf=sbdf,
        presence=Presence.UNKNOWN if isinstance(functions, Missing) else presence,
        function=known.get(sbdf),
        owned=tuple(one for one in regions if any(owner.sbdf == sbdf for owner in one.owners)),
        held=tuple((one, held) for one in regions for held in one.linux if held.sbdf == sbdf),
    )


def _driver(sbdf: SBDF, inventory: Inventory) -> str | None:
    function = inventory.host.topology.known.get(sbdf)
    return None if function is None else function.driver


def _span(span: Span, inventory: Inventory) -> SpanTie:
    taken = _range(span)
    memory_map = inventory.host.memory_map
    return SpanTie(
        span=span,
        regions=tuple(one for one in inventory.all_regions if _meets(one, span)),
        entries=tuple(
            one
            for one in inventory.xen.list.entries
            if one.region is None and taken is not None and one.range.overlaps(taken)
        ),
        units=tuple(
            one.offset for one in inventory.units if one.drhd.register_base_address == span.first
        ),
        memory=(
            None
            if isinstance(memory_map, Missing) or taken is None
            else memory_words(memory_map, taken)
        ),
    )


def _range(span: Span) -> AddressRange | None:
    """Give the span as a range; None where it ends before it starts."""
    if not span.first <= span.last <= _HIGHEST:
        return None
    return AddressRange(span.first, span.last + 1)


def _meets(region: Region, span: Span) -> bool:
    """Tell whether `region` has any of `span`; one that is wrong must be the same."""
    taken = _range(span)
    if taken is None or region.range is None:
        return (region.base, region.limit) == (span.first, span.last)
    return region.range.overlaps(taken)


def _group(names: Names, inventory: Inventory) -> IommuGroup | None:
    groups = inventory.host.groups
    if names.group is None or isinstance(groups, Missing):
        return None
    return next((one for one in groups if one.number == names.group), None)


def _fits(
    message: Message,
    devices: tuple[DeviceTie, ...],
    spans: tuple[SpanTie, ...],
    inventory: Inventory,
) -> bool | None:
    """Tell whether what is named is of this host.

    A region that is named counts more than a device: most machines have a 00:1d.0.
    """
    if devices and message.id in _LOCKED and _table_known(inventory):
        return inventory.linux_state is not LinuxState.UNDER_XEN and any(
            held.hold is Hold.LOCKED for one in devices for _, held in one.held
        )
    if spans and message.address in (Address.REGION, Address.UNIT) and _table_known(inventory):
        return any(one.regions or one.entries or one.units for one in spans)
    if isinstance(inventory.host.topology.functions, Missing) or not devices:
        return None
    return any(one.presence is Presence.PRESENT or one.owned for one in devices)


def _table_known(inventory: Inventory) -> bool:
    return isinstance(inventory.table, Decoded) and inventory.table.table is not None


def _forgotten(
    recognised: Recognised, spans: tuple[SpanTie, ...], inventory: Inventory
) -> AddressRange | None:
    """Give the first pages of a fault that no region has, where the table is known.

    Page 0 is what a device writes to that was told no address: no region is missing there.
    """
    if not recognised.names.devices or not _table_known(inventory):
        return None
    for one in spans:
        if not one.regions and not one.entries and PAGE <= one.span.first <= one.span.last:
            first = one.span.first // PAGE * PAGE
            return AddressRange(first, one.span.last // PAGE * PAGE + PAGE)
    return None


def _commands(
    recognised: Recognised,
    spans: tuple[SpanTie, ...],
    group: IommuGroup | None,
    forgotten: AddressRange | None,
) -> list[str]:
    """Give the lines that go on from here: the devices named, else those of what is named."""
    devices = recognised.names.devices
    if not devices and group is not None:
        devices = group.devices[:1]
    if not devices and recognised.message.weight is Weight.REFUSAL:
        devices = _owners(spans)
    lines = [f"dmaragent explain {sbdf}" for sbdf in devices]
    if forgotten is not None:
        place = f"{forgotten.start:#x}-{forgotten.end - 1:#x}"
        lines += [f"dmaragent rmrr-option {place}={sbdf}" for sbdf in recognised.names.devices]
    if recognised.message.id in FINDINGS:
        lines.append("dmaragent check")
    return lines


def _owners(spans: tuple[SpanTie, ...]) -> tuple[SBDF, ...]:
    """Give the devices whose regions are named, each once."""
    owners = (owner.sbdf for one in spans for region in one.regions for owner in region.owners)
    return tuple(dict.fromkeys(sbdf for sbdf in owners if sbdf is not None))
