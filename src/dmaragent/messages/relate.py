"""From what was recognised to one host: its devices, its regions, what to ask next."""

from dataclasses import dataclass

from dmaragent.addresses import PAGE, SBDF, AddressRange
from dmaragent.boot_option.dma_faults import no_memory, physical, placed
from dmaragent.boot_option.model import OptionHost
from dmaragent.boot_option.option import write_option
from dmaragent.boot_option.rmrr_writer import Wanted
from dmaragent.host.groups import IommuGroup
from dmaragent.host.memory_map import memory_words
from dmaragent.host.topology import PciFunction, Presence
from dmaragent.inventory import Inventory, Region
from dmaragent.linux.regions import Held, Hold
from dmaragent.linux.view import LinuxState
from dmaragent.messages.dma_address import DmaAddress, dma_address
from dmaragent.messages.findings import FINDINGS
from dmaragent.messages.iommu_state import ABOUT_IOMMU, IommuState, iommu_state
from dmaragent.messages.model import (
    AMD,
    Message,
    MessageAddress,
    MessageSeverity,
    Names,
    Program,
    Recognised,
    Recognition,
    Span,
)
from dmaragent.readings import Missing, MissingKind
from dmaragent.xen.reserved_list.model import ListEntry

_HIGHEST = (1 << 64) - 1
_MOST_OTHERS = 3
"""Devices that are asked about, though no message names them."""
_BY_VFIO = frozenset({
    Program.LINUX, Program.QEMU, Program.PROXMOX, Program.DPDK, Program.SPDK,
})  # fmt: skip
"""Who prints what Linux decides."""
_LOCKED = frozenset({"linux-rmrr-ineligible", "linux-direct-mapping-refused"})
"""The messages that Linux prints of devices that it holds to a region, and of no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMatch:
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
class RangeMatch:
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
class HostMatch:
    """A message, tied to a host."""

    recognised: Recognised
    devices: tuple[DeviceMatch, ...]
    spans: tuple[RangeMatch, ...]
    group: IommuGroup | None
    """The IOMMU group that it names, where the host has it."""
    drivers: tuple[tuple[SBDF, str | None], ...]
    """The devices of that group with their drivers; None: none, or not known."""
    locked: tuple[tuple[SBDF, tuple[int, ...]], ...]
    """The devices of that group that Linux holds to regions, and the numbers of these."""
    fits: bool | None
    """Whether the host has what it names; None where it names nothing or that is not known."""
    other_iommu: bool
    """Whether it is about an IOMMU of another vendor than the host's table."""
    decided_by_xen: bool
    """Whether Linux printed it on a host whose IOMMU is Xen's."""
    vtd_off: str
    """Why Xen switches VT-d off on the host, where its printer would notice; or empty."""
    translated: bool
    """Whether its addresses are probably the IOMMU's own: Linux logged them, and is not known
    to use physical ones."""
    forgotten: AddressRange | None
    """Pages in no region where a region may be missing from the table."""
    iommu: IommuState | None
    """What the host says of its IOMMU, if the message says that it is off; else None."""
    dma: tuple[DmaAddress, ...]
    """What the host says of addresses that a guest or a program wants for DMA."""
    findings: tuple[str, ...]
    """Rules of ``dmaragent check`` that stand behind it."""
    commands: tuple[str, ...]
    """What to ask this program next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """All that was recognised in a text, tied to a host."""

    recognition: Recognition
    ties: tuple[HostMatch, ...]
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


def tie(recognised: Recognised, inventory: Inventory) -> HostMatch:
    """Tie one message to the whole host of `inventory`."""
    names, message = recognised.names, recognised.message
    group = _group(names, inventory)
    of_amd = recognised.vendor == AMD
    other_iommu = of_amd and _table_known(inventory)
    named = names.devices
    if message.address is MessageAddress.ACCESS and not names.segment_named:
        named = tuple(placed(sbdf, inventory.host.topology.known) for sbdf in named)
    devices = tuple(_device(sbdf, inventory) for sbdf in named)
    for_dma = message.address is MessageAddress.GUEST
    spans = (
        ()
        if for_dma
        else tuple(_span(span, inventory, in_table=not of_amd) for span in names.spans)
    )
    translated = (
        message.address is MessageAddress.ACCESS
        and message.printer is Program.LINUX
        and not (other_iommu or physical(inventory.host.system.options))
    )
    forgotten = (
        _forgotten(devices, spans, inventory)
        if message.address is MessageAddress.ACCESS
        and message.printer in (Program.LINUX, Program.XEN)
        and not (translated or of_amd)
        else None
    )
    by_xen = message.printer in (Program.XEN, Program.LIBXL)
    of_linux = message.printer in _BY_VFIO
    under_xen = inventory.linux.state is LinuxState.UNDER_XEN
    locked = () if not of_linux or under_xen else _locked(group, inventory)
    option = forgotten if by_xen or under_xen else None
    return HostMatch(
        recognised=recognised,
        devices=devices,
        spans=spans,
        group=group,
        drivers=tuple((sbdf, _driver(sbdf, inventory)) for sbdf in group.devices)
        if group is not None
        else (),
        fits=False if other_iommu else _fits(message, devices, spans, inventory),
        other_iommu=other_iommu,
        locked=locked,
        decided_by_xen=of_linux and under_xen,
        vtd_off=(
            inventory.xen.list.iommu_disabled
            if by_xen and message.weight is MessageSeverity.REFUSAL
            else ""
        ),
        translated=translated,
        forgotten=forgotten,
        iommu=iommu_state(inventory) if message.id in ABOUT_IOMMU else None,
        dma=tuple(dma_address(span, inventory) for span in names.spans) if for_dma else (),
        findings=FINDINGS.get(message.id, ()),
        commands=()
        if other_iommu
        else (
            *_commands(message, devices, spans, group, locked, inventory),
            *_options(devices, option, inventory),
            *(("dmaragent check",) if message.id in FINDINGS else ()),
        ),
    )


def _device(sbdf: SBDF, inventory: Inventory) -> DeviceMatch:
    functions = inventory.host.topology.functions
    known = inventory.host.topology.known
    presence = Presence.PRESENT if sbdf in known else Presence.ABSENT
    regions = inventory.all_regions
    return DeviceMatch(
        sbdf=sbdf,
        presence=Presence.UNKNOWN if isinstance(functions, Missing) else presence,
        function=known.get(sbdf),
        owned=tuple(one for one in regions if any(owner.sbdf == sbdf for owner in one.owners)),
        held=tuple((one, held) for one in regions for held in one.linux if held.sbdf == sbdf),
    )


def _driver(sbdf: SBDF, inventory: Inventory) -> str | None:
    function = inventory.host.topology.known.get(sbdf)
    return None if function is None else function.driver


def _span(span: Span, inventory: Inventory, *, in_table: bool) -> RangeMatch:
    """Return what the host knows of `span`; without its table's regions if not `in_table`."""
    taken = _range(span)
    memory_map = inventory.host.memory_map
    return RangeMatch(
        span=span,
        regions=tuple(one for one in inventory.all_regions if in_table and _meets(one, span)),
        entries=tuple(
            one
            for one in inventory.xen.list.entries
            if in_table and one.region is None and taken and one.range.overlaps(taken)
        ),
        units=tuple(one.source.offset for one in inventory.units if one.registers == span.first),
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
        return (region.first, region.last) == (span.first, span.last)
    return region.range.overlaps(taken)


def _group(names: Names, inventory: Inventory) -> IommuGroup | None:
    groups = inventory.host.groups
    if names.group is None or isinstance(groups, Missing):
        return None
    return next((one for one in groups if one.number == names.group), None)


def _fits(
    message: Message,
    devices: tuple[DeviceMatch, ...],
    spans: tuple[RangeMatch, ...],
    inventory: Inventory,
) -> bool | None:
    """Tell whether what is named is of this host.

    A region that is named counts more than a device: most machines have a 00:1d.0.
    """
    of_regions = spans and message.address in (MessageAddress.REGION, MessageAddress.UNIT)
    locks = devices and message.id in _LOCKED
    if (of_regions or locks) and _table_lost(inventory):
        return None
    if locks and _table_known(inventory):
        if isinstance(inventory.host.topology.functions, Missing):
            return None
        locked = any(held.hold is Hold.DIRECT for one in devices for _, held in one.held)
        fits = inventory.linux.state is not LinuxState.UNDER_XEN and locked
        gaps = [gap for gap in inventory.gaps.linux for one in devices if gap.concerns(one.sbdf)]
        if any(gap.refusals or not fits for gap in gaps):
            return None
        open_paths = bool(inventory.undetermined)
        return fits or (False if _is_whole(inventory) and not open_paths else None)
    if of_regions and _table_known(inventory):
        named = any(one.regions or one.entries or one.units for one in spans)
        return named or (False if _is_whole(inventory) else None)
    if isinstance(inventory.host.topology.functions, Missing) or not devices:
        return None
    return any(one.presence is Presence.PRESENT or one.owned for one in devices)


def _is_whole(inventory: Inventory) -> bool:
    return not isinstance(inventory.iommu, Missing) and inventory.iommu.whole


def _table_lost(inventory: Inventory) -> bool:
    """Return whether there may be a table that was not read."""
    table = inventory.iommu
    if not isinstance(table, Missing):
        return table.header is None
    return table.kind is not MissingKind.ABSENT or inventory.host.acpi_tables == ()


def _table_known(inventory: Inventory) -> bool:
    return inventory.decoded


def _locked(
    group: IommuGroup | None, inventory: Inventory
) -> tuple[tuple[SBDF, tuple[int, ...]], ...]:
    """Give the devices of `group` that Linux holds to regions: none of the group can go."""
    found: dict[SBDF, list[int]] = {}
    for region in inventory.all_regions:
        for held in region.linux:
            if group is not None and held.sbdf in group.devices and held.hold is Hold.DIRECT:
                found.setdefault(held.sbdf, []).append(region.number)
    return tuple((sbdf, tuple(numbers)) for sbdf, numbers in sorted(found.items()))


def _forgotten(
    devices: tuple[DeviceMatch, ...], spans: tuple[RangeMatch, ...], inventory: Inventory
) -> AddressRange | None:
    """Give the first pages of a fault that no region has, where the table is known."""
    if not devices or not _table_known(inventory):
        return None
    known = inventory.host.memory_map
    memory_map = None if isinstance(known, Missing) else known
    for one in spans:
        if not one.regions and not one.entries and not no_memory(one.span.first, memory_map):
            first = one.span.first // PAGE * PAGE
            return AddressRange(first, one.span.last // PAGE * PAGE + PAGE)
    return None


def _options(
    devices: tuple[DeviceMatch, ...], forgotten: AddressRange | None, inventory: Inventory
) -> list[str]:
    """Give the lines that write Xen's option for `forgotten`, as far as it would be taken."""
    if forgotten is None:
        return []
    xen = inventory.host.xen
    on = OptionHost(inventory=inventory, release=None if xen is None else xen.release)
    base, limit = forgotten.start, forgotten.end - 1
    return [
        f"dmaragent rmrr-option {base:#x}-{limit:#x}={one.sbdf}"
        for one in devices
        if one.presence is not Presence.ABSENT
        and write_option(on, [Wanted(base=base, limit=limit, devices=(one.sbdf,))]).written
    ]


def _commands(  # noqa: PLR0913, PLR0917 - all that a message is tied to
    message: Message,
    devices: tuple[DeviceMatch, ...],
    spans: tuple[RangeMatch, ...],
    group: IommuGroup | None,
    locked: tuple[tuple[SBDF, tuple[int, ...]], ...],
    inventory: Inventory,
) -> list[str]:
    """Give the lines that go on from here: the devices named, else those of what is named."""
    named = [one.sbdf for one in devices]
    others = [sbdf for sbdf, _ in locked if sbdf not in named]
    if not named and not others and group is not None:
        others = list(group.devices[:1])
    if not named and message.weight is MessageSeverity.REFUSAL:
        known = inventory.host.topology
        unknown = isinstance(known.functions, Missing)
        others += [sbdf for sbdf in _owners(spans) if unknown or sbdf in known.known]
    lines = ["dmaragent resolve GUEST"] if "dmaragent resolve GUEST" in message.advice else []
    return lines + [f"dmaragent explain {sbdf}" for sbdf in [*named, *others[:_MOST_OTHERS]]]


def _owners(spans: tuple[RangeMatch, ...]) -> tuple[SBDF, ...]:
    """Give the devices whose regions are named, each once."""
    owners = (owner.sbdf for one in spans for region in one.regions for owner in region.owners)
    return tuple(dict.fromkeys(sbdf for sbdf in owners if sbdf is not None))
