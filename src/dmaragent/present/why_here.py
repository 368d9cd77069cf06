"""What a host says of a recognised message, in sentences."""

from collections.abc import Iterator

from dmaragent.host.topology import PciFunction, Presence
from dmaragent.inventory import Region
from dmaragent.linux.regions import Hold
from dmaragent.messages.model import AMD, MessageAddress, Names, Program, Recognised, Span
from dmaragent.messages.relate import DeviceMatch, HostMatch, RangeMatch
from dmaragent.present.text.device_card import class_name
from dmaragent.present.why_iommu import dma_words, iommu_words
from dmaragent.present.wording import count, span_words
from dmaragent.xen.reserved_list.model import Origin

_MOST = 6
"""Devices, regions and addresses that are named of each; the rest is counted."""
_BY_VFIO = (Program.LINUX, Program.QEMU, Program.PROXMOX, Program.DPDK, Program.SPDK)
_ORIGIN_WORDS = {
    Origin.OPTION: "a range of Xen's option rmrr=",
    Origin.UNEXPLAINED: "an entry of Xen's list that the table does not explain",
    Origin.TABLE: "an entry of Xen's list",
    Origin.UNKNOWN: "an entry of Xen's list",
}


def here_words(each: HostMatch, *, table_known: bool) -> Iterator[str]:
    """Say what the host says of one message, a sentence or two each."""
    yield from _general_words(each)
    printer = each.recognised.message.printer
    by_linux = printer in _BY_VFIO and not each.decided_by_xen
    of_amd = each.recognised.vendor == AMD
    for device in each.devices:
        yield _device_words(device, table_known=table_known and not of_amd, by_linux=by_linux)
    if each.group is not None:
        drivers = [f"{sbdf} ({driver or 'no driver known'})" for sbdf, driver in each.drivers]
        yield f"IOMMU group {each.group.number} holds {_listed(drivers)}"
    if each.locked:
        held = [f"{sbdf} to {_numbers(list(numbers))}" for sbdf, numbers in each.locked]
        yield (
            f"of that group Linux holds {_listed(held)} (direct), and so gives none of the group "
            "to VFIO: that is the reason, whichever device was asked for"
        )
    if not each.other_iommu:
        yield from _places(each, table_known=table_known)
    yield from (dma_words(address) for address in each.dma[:_MOST])
    if each.translated:
        yield (
            "addresses that Linux logs are the IOMMU's own, no physical ones, unless it runs with "
            "iommu=pt, which is not among the kernel options known of this host"
        )
    if each.forgotten is not None:
        yield (
            "a region that the firmware forgot is one explanation, likely only where the memory "
            "map calls the range reserved; only Xen has a boot option that adds one (rmrr=)"
        )
    if each.fits is False and not each.other_iommu:
        yield (
            "by what is known of this host it would not be printed here: is it of another one "
            "(--host PATH), or from before a change of firmware?"
        )


def _general_words(each: HostMatch) -> Iterator[str]:
    """Say what holds of the message as a whole on this host."""
    if each.other_iommu:
        yield (
            "this message is about AMD's IOMMU, but the host has Intel's table (DMAR): another "
            "host printed it, and none of the regions of this one is meant"
        )
    if each.iommu is not None and not each.other_iommu:
        message = each.recognised.message
        yield from iommu_words(each.iommu, message.id, message.printer)
    elif each.decided_by_xen:
        yield "Xen runs here and owns the IOMMU: no option of this kernel changes what it allows"
    if each.vtd_off:
        yield f"Xen switches VT-d off on this host: {each.vtd_off}"


def _places(each: HostMatch, *, table_known: bool) -> Iterator[str]:
    words = [
        _span_words(one, each.recognised, table_known=table_known) for one in each.spans[:_MOST]
    ]
    yield from dict.fromkeys(words)
    rest = len(each.spans) - len(words) + each.recognised.more_spans
    if rest:
        yield f"{count(rest, 'more line')} with other addresses"


def _device_words(device: DeviceMatch, *, table_known: bool, by_linux: bool) -> str:
    if device.presence is Presence.UNKNOWN:
        here = f"{device.sbdf}: which functions answer is not known"
    elif device.function is None:
        here = f"{device.sbdf}: no function answers there"
    else:
        here = f"{device.sbdf} is {_function_words(device.function)}"
    if not table_known:
        return here
    owned = [_region_words(one) for one in device.owned]
    if owned:
        here += f"; it owns {'region' if len(owned) == 1 else 'regions'} {_listed(owned)}"
    elif not (by_linux and device.held):
        here += "; no region of the table names it"
    return here + (_linux_words(device) if by_linux else "")


def _linux_words(device: DeviceMatch) -> str:
    """Say how firmly Linux holds the device to its regions."""
    locked = [region.number for region, held in device.held if held.hold is Hold.DIRECT]
    through = {str(held.through) for _, held in device.held if held.through is not None}
    way = f", through the bridge {_listed(sorted(through))}" if through else ""
    if locked:
        return f". Linux holds it to {_numbers(locked)} (direct){way}: VFIO cannot have it"
    if device.held:
        return f". Linux lets it go for its class (direct-relaxable){way}"
    return ""


def _numbers(numbers: list[int]) -> str:
    return f"{'region' if len(numbers) == 1 else 'regions'} {span_words(sorted(set(numbers)))}"


def _function_words(function: PciFunction) -> str:
    words = [class_name(function, unknown="a device of unknown class")]
    if function.driver is not None:
        words.append(f"driver {function.driver}")
    if function.slot is not None:
        words.append(f"slot {function.slot}")
    if function.iommu_group is not None:
        words.append(f"IOMMU group {function.iommu_group}")
    return ", ".join(words)


def _region_words(region: Region) -> str:
    shared = f", shared by {region.xen.sharers}" if region.xen.shared else ""
    return f"{region.number} ({region.place}, {region.entry.structure} at {region.entry.offset:#x}{shared})"


def _span_words(one: RangeMatch, found: Recognised, *, table_known: bool) -> str:
    first, last = one.span.first, one.span.last
    place = f"{first:#x}" if first == last else f"{first:#x}-{last:#x}"
    if found.message.address is MessageAddress.UNIT:
        return _unit_words(place, one, table_known=table_known)
    if found.message.address is MessageAddress.RANGE:
        place = f"in bytes that is {place}, which"
    memory = f" ({_memory_words(one.memory)})" if one.memory else ""
    if found.vendor == AMD:
        return f"{place}{memory}: unknown whether it is in a region: AMD's table (IVRS) is not read"
    if one.regions:
        inside = _listed([_place_words(each, one.span, found.names) for each in one.regions])
        return f"{place} is {inside}{memory}"
    if one.entries:
        return f"{place} is in {_ORIGIN_WORDS[one.entries[0].origin]}{memory}"
    if not table_known:
        return f"{place}: without a table it cannot be said whose it is{memory}"
    return f"{place} is in no region of the table{memory}"


def _unit_words(place: str, one: RangeMatch, *, table_known: bool) -> str:
    if one.units:
        offsets = _listed([f"{offset:#x}" for offset in one.units])
        return f"{place} is where the unit has its registers whose DRHD is at {offsets}"
    if not table_known:
        return f"{place}: without a table it cannot be said which unit that is"
    return f"{place}: no unit of the table has its registers there"


def _memory_words(memory: str) -> str:
    return "not in the memory map" if memory == "not in the map" else f"memory map: {memory}"


def _place_words(region: Region, wanted: Span, names: Names) -> str:
    """Say which region it is and whose; a device that is named had its regions told already."""
    owners = [owner.sbdf for owner in region.owners]
    others = [str(one or "a device not known") for one in owners if one not in names.devices]
    exact = (region.first, region.last) == (wanted.first, wanted.last)
    if len(others) < len(owners):
        shares = f", which it shares with {_listed(others)}" if others else ", its own"
        return f"{'' if exact else 'in '}region {region.number}{shares}"
    whose = f"the region of {_listed(others)}" if others else "which no device owns"
    if exact:
        return f"region {region.number} ({region.entry.structure} at {region.entry.offset:#x}), {whose}"
    return f"in region {_region_words(region)}, {whose}"


def _listed(parts: list[str]) -> str:
    kept, rest = parts[:_MOST], len(parts) - _MOST
    return ", ".join([*kept, f"{rest} more"] if rest > 0 else kept)
