"""Recognised messages in words: what they mean, and what the host says of them."""

from collections.abc import Iterator

from dmaragent.host.topology import PciFunction, Presence
from dmaragent.inventory import Region
from dmaragent.linux.regions import Hold
from dmaragent.messages.host_match import DeviceMatch, HostMatch, RangeMatch
from dmaragent.messages.model import (
    AMD,
    QUARANTINE,
    Message,
    MessageAddress,
    Names,
    Program,
    Recognised,
    Span,
)
from dmaragent.messages.numbers import FAULT_REASONS, error_name
from dmaragent.present.words.device import class_name
from dmaragent.present.words.iommu import dma_words, iommu_words
from dmaragent.present.words.numbers import count, span_words
from dmaragent.xen.reserved_list.model import Origin


def means_words(recognised: Recognised) -> str:
    """Say what a message means, with what its numbers add."""
    return " ".join([recognised.message.meaning, *number_words(recognised)])


def advice_words(recognised: Recognised) -> str:
    """Say what to do about a message."""
    message = recognised.message
    if recognised.names.domain == QUARANTINE and message.in_quarantine:
        return message.in_quarantine
    return message.advice


def printer_words(message: Message) -> str:
    """Say who prints a message, and which releases of it."""
    name = message.printer.value
    if message.releases.startswith(name):
        return message.releases
    return f"{name}, {message.releases}"


def number_words(recognised: Recognised) -> Iterator[str]:
    """Yield what the numbers in a message add to its meaning: its error, its fault's reason."""
    message, names = recognised.message, recognised.names
    if names.error is not None:
        other = f"The error is {error_name(names.error)}."
        yield message.by_error.get(names.error, other)
    if message.by_reason and names.reason in FAULT_REASONS:
        yield f"Reason {names.reason:#04x}: {FAULT_REASONS[names.reason]}."
    if names.domain == QUARANTINE:
        yield (
            f"Domain {QUARANTINE} (DOMID_IO, d[IO]) is no guest: it is Xen's quarantine, where a "
            "device waits that no guest has."
        )


_MOST = 6
"""Devices, regions and addresses that are named of each; the rest is counted."""

_BY_VFIO = (Program.LINUX, Program.QEMU, Program.PROXMOX, Program.DPDK, Program.SPDK)

_ORIGIN_WORDS = {
    Origin.OPTION: "a range of Xen's option rmrr=",
    Origin.UNEXPLAINED: "an entry of Xen's list that the table does not explain",
    Origin.TABLE: "an entry of Xen's list",
    Origin.UNKNOWN: "an entry of Xen's list",
}


def here_words(match: HostMatch, *, table_known: bool) -> Iterator[str]:
    """Say what the host says of one message, a sentence or two each."""
    yield from _general_words(match)
    printer = match.recognised.message.printer
    by_linux = printer in _BY_VFIO and not match.decided_by_xen
    of_amd = match.recognised.vendor == AMD
    for device in match.devices:
        yield _device_words(device, table_known=table_known and not of_amd, by_linux=by_linux)
    if match.group is not None:
        drivers = [f"{sbdf} ({driver or 'no driver known'})" for sbdf, driver in match.drivers]
        yield f"IOMMU group {match.group.number} holds {_listed(drivers)}"
    if match.locked:
        held = [f"{sbdf} to {_numbers(list(numbers))}" for sbdf, numbers in match.locked]
        yield (
            f"of that group Linux holds {_listed(held)} (direct), and so gives none of the group "
            "to VFIO: that is the reason, whichever device was asked for"
        )
    if not match.other_iommu:
        yield from _places(match, table_known=table_known)
    yield from (dma_words(address) for address in match.dma[:_MOST])
    if match.translated:
        yield (
            "addresses that Linux logs are the IOMMU's own, no physical ones, unless it runs with "
            "iommu=pt, which is not among the kernel options known of this host"
        )
    if match.forgotten is not None:
        yield (
            "a region that the firmware forgot is one explanation, likely only where the memory "
            "map calls the range reserved; only Xen has a boot option that adds one (rmrr=)"
        )
    if match.fits is False and not match.other_iommu:
        yield (
            "by what is known of this host it would not be printed here: is it of another one "
            "(--host PATH), or from before a change of firmware?"
        )


def _general_words(match: HostMatch) -> Iterator[str]:
    """Say what holds of the message as a whole on this host."""
    if match.other_iommu:
        yield (
            "this message is about AMD's IOMMU, but the host has Intel's table (DMAR): another "
            "host printed it, and none of the regions of this one is meant"
        )
    if match.iommu is not None and not match.other_iommu:
        message = match.recognised.message
        yield from iommu_words(match.iommu, message.id, message.printer)
    elif match.decided_by_xen:
        yield "Xen runs here and owns the IOMMU: no option of this kernel changes what it allows"
    if match.vtd_off:
        yield f"Xen switches VT-d off on this host: {match.vtd_off}"


def _places(match: HostMatch, *, table_known: bool) -> Iterator[str]:
    words = [
        _span_words(place, match.recognised, table_known=table_known)
        for place in match.spans[:_MOST]
    ]
    yield from dict.fromkeys(words)
    rest = len(match.spans) - len(words) + match.recognised.more_spans
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
    owned = [_region_words(region) for region in device.owned]
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


def _span_words(match: RangeMatch, recognised: Recognised, *, table_known: bool) -> str:
    first, last = match.span.first, match.span.last
    place = f"{first:#x}" if first == last else f"{first:#x}-{last:#x}"
    if recognised.message.address is MessageAddress.UNIT:
        return _unit_words(place, match, table_known=table_known)
    if recognised.message.address is MessageAddress.RANGE:
        place = f"in bytes that is {place}, which"
    memory = f" ({_memory_words(match.memory)})" if match.memory else ""
    if recognised.vendor == AMD:
        return f"{place}{memory}: unknown whether it is in a region: AMD's table (IVRS) is not read"
    if match.regions:
        inside = _listed(
            [_place_words(region, match.span, recognised.names) for region in match.regions]
        )
        return f"{place} is {inside}{memory}"
    if match.entries:
        return f"{place} is in {_ORIGIN_WORDS[match.entries[0].origin]}{memory}"
    if not table_known:
        return f"{place}: without a table it cannot be said whose it is{memory}"
    return f"{place} is in no region of the table{memory}"


def _unit_words(place: str, match: RangeMatch, *, table_known: bool) -> str:
    if match.units:
        offsets = _listed([f"{offset:#x}" for offset in match.units])
        return f"{place} is where the unit has its registers whose DRHD is at {offsets}"
    if not table_known:
        return f"{place}: without a table it cannot be said which unit that is"
    return f"{place}: no unit of the table has its registers there"


def _memory_words(memory: str) -> str:
    return "not in the memory map" if memory == "not in the map" else f"memory map: {memory}"


def _place_words(region: Region, wanted: Span, names: Names) -> str:
    """Say which region it is and whose; a device that is named had its regions told already."""
    owners = [owner.sbdf for owner in region.owners]
    others = [str(sbdf or "a device not known") for sbdf in owners if sbdf not in names.devices]
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
