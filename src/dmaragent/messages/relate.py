"""Relating messages to a host: its devices and regions, and whether the message fits it."""

import re
from dataclasses import replace

from dmaragent.addresses import PAGE, SBDF, AddressRange
from dmaragent.boot_option.fault_pages import why_not_memory
from dmaragent.host.groups import IommuGroup
from dmaragent.host.memory_map import memory_words
from dmaragent.host.topology import Presence
from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.claims import names
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.dma_faults import logs_physical_addresses, with_known_segment
from dmaragent.linux.regions import Hold
from dmaragent.linux.release import telling_release
from dmaragent.linux.vfio import VfioEffect, vfio_outcomes
from dmaragent.linux.view import LinuxState
from dmaragent.messages.dma_address import dma_address
from dmaragent.messages.findings import findings_of
from dmaragent.messages.host_match import DeviceMatch, HostMatch, RangeMatch, Why
from dmaragent.messages.iommu_state import ABOUT_IOMMU, iommu_state, option_steps, vendor_of
from dmaragent.messages.model import (
    AMD,
    LINUX_DECIDES,
    XEN_DECIDES,
    Message,
    MessageAddress,
    MessageSeverity,
    Names,
    Program,
    Recognised,
    Recognition,
    Span,
)
from dmaragent.messages.next_commands import next_commands
from dmaragent.messages.numbers import is_interrupt
from dmaragent.messages.words import TABLE_DAMAGED, open_paths
from dmaragent.passthrough.region_coverage import NO_COVERAGE, HostCoverage, coverage_of
from dmaragent.readings import Missing, MissingKind

_HIGHEST = (1 << 64) - 1
_OF_LOCKED_DEVICES = frozenset({"linux-rmrr-ineligible", "linux-direct-mapping-refused"})
"""The messages that Linux prints only for devices with a region that it enforces."""
HYPERTRANSPORT = AddressRange(0xFD_0000_0000, 0x100_0000_0000)
"""Not memory on AMD hosts: Linux amd/iommu.c, ``amd_iommu_get_resv_regions``, HT_RANGE_START."""
_OF_INTEL = re.compile(r"\b(?:DMAR|DRHD|RMRR|Intel-IOMMU)\b|\[VT-D\]|INTR-REMAP")
"""What only the code for VT-d prints, on hosts that have it."""
_OF_INTELS_OPTION = frozenset(
    {
        "linux-iommu-off",
        "linux-iommu-on",
        "linux-iommu-option",
        "linux-iommu-setting",
        "linux-option-unknown",
        "linux-relax-active",
        "linux-relax-unknown",
    }
)
"""Messages about intel_iommu=, which Linux reads on any host."""


def relate_all(recognition: Recognition, inventory: Inventory) -> Why:
    """Return the messages of `recognition` related to the whole host of `inventory`."""
    return Why(
        recognition=recognition,
        matches=tuple(relate(message, inventory) for message in recognition.found),
        table_known=_table_known(inventory),
        regions_doubt=_regions_doubt(inventory),
    )


def _regions_doubt(inventory: Inventory) -> str:
    """Return why the known table may have regions that are not related; or empty."""
    if not _table_known(inventory):
        return ""
    if inventory.region_count is None:
        return TABLE_DAMAGED
    return open_paths(inventory.undetermined) if inventory.undetermined else ""


def relate(recognised: Recognised, inventory: Inventory) -> HostMatch:
    """Return one message related to the whole host of `inventory`."""
    names, message = recognised.names, recognised.message
    group = _group_of(names, inventory)
    vendor = vendor_of(inventory)
    other_iommu = _table_known(inventory) and _is_of_other_iommu(recognised, vendor)
    named = names.devices
    if message.address is MessageAddress.ACCESS and not names.segment_named:
        named = tuple(with_known_segment(sbdf, inventory.host.topology.known) for sbdf in named)
    devices = tuple(_device_match(sbdf, inventory) for sbdf in named)
    for_dma = message.address is MessageAddress.GUEST
    spans = (
        ()
        if for_dma
        else tuple(_range_match(span, inventory, in_table=not other_iommu) for span in names.spans)
    )
    translated = (
        message.address is MessageAddress.ACCESS
        and message.printer is Program.LINUX
        and not (other_iommu or logs_physical_addresses(inventory.host.system.options))
    )
    forgotten = (
        _forgotten_pages(vendor, devices, spans, inventory)
        if message.address is MessageAddress.ACCESS
        and message.printer in (Program.LINUX, Program.XEN)
        and not (translated or other_iommu or any(map(is_interrupt, names.flags)))
        else None
    )
    of_linux = message.printer in LINUX_DECIDES
    under_xen = inventory.linux.state is LinuxState.UNDER_XEN
    state = iommu_state(inventory) if message.id in ABOUT_IOMMU else None
    refuses = _refuses_direct(vendor, inventory)
    lets_direct = refuses is False
    decides = of_linux and not under_xen and not lets_direct
    locked = _locked_devices(group, inventory) if decides else ()
    match = HostMatch(
        recognised=recognised,
        vendor=vendor,
        devices=devices,
        spans=spans,
        group=group,
        drivers=tuple((sbdf, _driver(sbdf, inventory)) for sbdf in group.devices)
        if group is not None
        else (),
        coverage=(
            _coverage(message, named, locked, inventory)
            if vendor is IommuVendor.AMD and decides
            else NO_COVERAGE
        ),
        lets_direct=lets_direct,
        fits=not other_iommu
        and _all_of(
            message.id not in _OF_LOCKED_DEVICES or refuses,
            _fits_host(message, devices, spans, inventory),
        ),
        other_iommu=other_iommu,
        locked=locked,
        decided_by_xen=of_linux and under_xen,
        vtd_off=(
            inventory.xen.list.iommu_disabled
            if message.printer in XEN_DECIDES and message.weight is MessageSeverity.REFUSAL
            else ""
        ),
        translated=translated,
        forgotten=forgotten,
        iommu=state,
        option_steps=(
            ()
            if state is None or other_iommu
            else option_steps(state, message.printer, inventory.host)
        ),
        dma=tuple(dma_address(span, inventory) for span in names.spans) if for_dma else (),
        findings=findings_of(message.id, vendor) or (),
        commands=(),
    )
    return replace(match, commands=next_commands(match, inventory))


def _is_of_other_iommu(recognised: Recognised, vendor: IommuVendor) -> bool:
    """Return whether a message is about the IOMMU of another vendor than `vendor`."""
    if vendor is not IommuVendor.AMD:
        return recognised.vendor == AMD
    message = recognised.message
    return (
        recognised.vendor != AMD
        and message.printer in (Program.LINUX, Program.XEN)
        and message.id not in _OF_INTELS_OPTION
        and _OF_INTEL.search(recognised.text) is not None
    )


def _refuses_direct(vendor: IommuVendor, inventory: Inventory) -> bool | None:
    """Return whether the kernel refuses devices with ``direct`` regions; None: unknown release."""
    release = telling_release(inventory.host.system.kernel_release)
    outcomes = vfio_outcomes("direct", vendor, release)
    effects = {outcome.effect is VfioEffect.REFUSED for outcome in outcomes}
    if release is None and len(effects) > 1:
        return None
    return True in effects


def _all_of(*facts: bool | None) -> bool | None:
    """Return whether all are true; None: unknown, and none is false."""
    if False in facts:
        return False
    return None if None in facts else True


def _coverage(
    message: Message,
    named: tuple[SBDF, ...],
    locked: tuple[tuple[SBDF, tuple[int, ...]], ...],
    inventory: Inventory,
) -> HostCoverage:
    """Return what the regions cover for which Linux blocks devices, if `message` is about that."""
    blocked = tuple(sbdf for sbdf, _ in locked)
    if message.id in _OF_LOCKED_DEVICES:
        return coverage_of(inventory, (*named, *blocked))
    if message.on_amd is not None and message.on_amd.before_ways_out is not None:
        # it has the ways out, which need the regions: those of the device that it names
        held = {
            held.sbdf
            for region in inventory.all_regions
            for held in region.linux
            if held.hold is Hold.DIRECT
        }
        blocked = (*(sbdf for sbdf in named if sbdf in held), *blocked)
    return coverage_of(inventory, blocked) if blocked else NO_COVERAGE


def _device_match(sbdf: SBDF, inventory: Inventory) -> DeviceMatch:
    functions = inventory.host.topology.functions
    known = inventory.host.topology.known
    presence = Presence.PRESENT if sbdf in known else Presence.ABSENT
    regions = inventory.all_regions
    return DeviceMatch(
        sbdf=sbdf,
        presence=Presence.UNKNOWN if isinstance(functions, Missing) else presence,
        function=known.get(sbdf),
        owned=tuple(region for region in regions if names(region.reserved.claims, sbdf)),
        held=tuple(
            (region, held) for region in regions for held in region.linux if held.sbdf == sbdf
        ),
    )


def _driver(sbdf: SBDF, inventory: Inventory) -> str | None:
    function = inventory.host.topology.known.get(sbdf)
    return None if function is None else function.driver


def _range_match(span: Span, inventory: Inventory, *, in_table: bool) -> RangeMatch:
    """Return what the host has at `span`; without its table's regions if not `in_table`."""
    addresses = _range_of(span)
    memory_map = inventory.host.memory_map
    return RangeMatch(
        span=span,
        regions=tuple(
            region for region in inventory.all_regions if in_table and _overlaps(region, span)
        ),
        entries=tuple(
            entry
            for entry in inventory.xen.list.entries
            if in_table and entry.region is None and addresses and entry.range.overlaps(addresses)
        ),
        units=tuple(one.source.offset for one in inventory.units if one.registers == span.first),
        memory=(
            None
            if isinstance(memory_map, Missing) or addresses is None
            else memory_words(memory_map, addresses)
        ),
    )


def _range_of(span: Span) -> AddressRange | None:
    """Return the span as a range; None if it ends before it starts."""
    if not span.first <= span.last <= _HIGHEST:
        return None
    return AddressRange(span.first, span.last + 1)


def _overlaps(region: Region, span: Span) -> bool:
    """Return whether `region` has any of `span`; a region that ends before it starts must be equal."""
    addresses = _range_of(span)
    if addresses is None or region.range is None:
        return (region.first, region.last) == (span.first, span.last)
    if region.entry.table == "IVRS":  # an IVMD block of one byte is a page
        return AddressRange(region.first // PAGE * PAGE, (region.last // PAGE + 1) * PAGE).overlaps(
            addresses
        )
    return region.range.overlaps(addresses)


def _group_of(names: Names, inventory: Inventory) -> IommuGroup | None:
    groups = inventory.host.groups
    if names.group is None or isinstance(groups, Missing):
        return None
    return next((group for group in groups if group.number == names.group), None)


def _fits_host(
    message: Message,
    devices: tuple[DeviceMatch, ...],
    spans: tuple[RangeMatch, ...],
    inventory: Inventory,
) -> bool | None:
    """Return whether this host has what the message names; None: unknown.

    A region that is named counts more than a device: most machines have a 00:1d.0.
    """
    of_regions = spans and message.address in (MessageAddress.REGION, MessageAddress.UNIT)
    locks = devices and message.id in _OF_LOCKED_DEVICES
    if (of_regions or locks) and _table_lost(inventory):
        return None
    if locks and _table_known(inventory):
        if isinstance(inventory.host.topology.functions, Missing):
            return None
        locked = any(held.hold is Hold.DIRECT for device in devices for _, held in device.held)
        fits = inventory.linux.state is not LinuxState.UNDER_XEN and locked
        about_memory = [gap for gap in inventory.gaps.linux if not gap.of_interrupts]
        gaps = [gap for gap in about_memory for device in devices if gap.concerns(device.sbdf)]
        if any(gap.refusals or not fits for gap in gaps):
            return None
        open_paths = bool(inventory.undetermined)
        return fits or (False if _is_whole(inventory) and not open_paths else None)
    if of_regions and _table_known(inventory):
        named = any(place.regions or place.entries or place.units for place in spans)
        return named or (False if _is_whole(inventory) else None)
    if isinstance(inventory.host.topology.functions, Missing) or not devices:
        return None
    return any(device.presence is Presence.PRESENT or device.owned for device in devices)


def _is_whole(inventory: Inventory) -> bool:
    return not isinstance(inventory.iommu, Missing) and inventory.iommu.whole


def _table_lost(inventory: Inventory) -> bool:
    """Return whether the host may have a table that was not read."""
    table = inventory.iommu
    if not isinstance(table, Missing):
        return table.header is None
    return table.kind is not MissingKind.ABSENT


def _table_known(inventory: Inventory) -> bool:
    return inventory.decoded


def _locked_devices(
    group: IommuGroup | None, inventory: Inventory
) -> tuple[tuple[SBDF, tuple[int, ...]], ...]:
    """Return the devices of `group` that Linux blocks: it then assigns none of the group."""
    numbers_of: dict[SBDF, list[int]] = {}
    for region in inventory.all_regions:
        for held in region.linux:
            if group is not None and held.sbdf in group.devices and held.hold is Hold.DIRECT:
                numbers_of.setdefault(held.sbdf, []).append(region.number)
    return tuple((sbdf, tuple(numbers)) for sbdf, numbers in sorted(numbers_of.items()))


def _forgotten_pages(
    vendor: IommuVendor,
    devices: tuple[DeviceMatch, ...],
    spans: tuple[RangeMatch, ...],
    inventory: Inventory,
) -> AddressRange | None:
    """Return the first pages of a fault that are in no region, if the table is known."""
    if not devices or not _table_known(inventory):
        return None
    known = inventory.host.memory_map
    memory_map = None if isinstance(known, Missing) else known
    for place in spans:
        span = place.span
        if vendor is IommuVendor.AMD and HYPERTRANSPORT.start <= span.first < HYPERTRANSPORT.end:
            continue
        if not place.regions and not place.entries and not why_not_memory(span.first, memory_map):
            return AddressRange(span.first // PAGE * PAGE, span.last // PAGE * PAGE + PAGE)
    return None
