"""Recognised messages in words: their meaning, and what this host has of what they name."""

from collections.abc import Collection, Iterator, Sequence

from dmaragent.addresses import PAGE
from dmaragent.host.topology import PciFunction, Presence
from dmaragent.host.words import NOT_IN_MAP
from dmaragent.inventory import Region
from dmaragent.iommu.kinds import Absence
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.regions import Hold
from dmaragent.messages.host_match import DeviceMatch, HostMatch, RangeMatch
from dmaragent.messages.model import (
    AMD,
    FIRST_PSEUDO_DOMAIN,
    QUARANTINE,
    Message,
    MessageAddress,
    Names,
    Program,
    Recognised,
    Recognition,
    Span,
    VendorAnswer,
)
from dmaragent.messages.numbers import FAULT_REASONS, error_name, fault_flag_words
from dmaragent.messages.words import amd_ways_out
from dmaragent.present.words.coverage import coverage_words
from dmaragent.present.words.device import class_name
from dmaragent.present.words.host import absence_words
from dmaragent.present.words.iommu import dma_words, iommu_words
from dmaragent.present.words.numbers import count, numbered_regions
from dmaragent.xen.reserved_list.model import Origin

CONSEQUENCES = "Consequences"
OTHERS = "Also found (--details explains them)"
HARMLESS = "Harmless lines"
HERE_IS_THIS_MACHINE = (
    '"Here" is this machine. If another one printed the message, use --host PATH.'
)
REGIONS_UNKNOWN_DAMAGED = (
    "Regions are unknown: the table could not be decoded (dmaragent decode shows why)."
)


def line_words(recognised: Recognised) -> str:
    """Return where a message is in the text, and how often."""
    place = f"line {recognised.lines[0]}"
    if recognised.split:
        place += ", split"
    if recognised.cut:
        place += ", cut"
    return place + (f" and {recognised.count - 1} more" if recognised.count > 1 else "")


def more_lines_words(lines: int) -> str:
    """Return how many further lines of one message there are."""
    return f"{count(lines, 'more line')} of this kind, for other devices, addresses or guests"


def one_line_words(matches: Sequence[HostMatch]) -> str:
    """Return a message in one line: its place, its program, its title and its errors."""
    lines = [match.recognised for match in matches]
    errors = {error_name(line.names.error) for line in lines if line.names.error is not None}
    named = f" ({', '.join(sorted(errors))})" if errors else ""
    more = sum(line.count for line in lines) - 1
    place = f"line {lines[0].lines[0]}" + (f" and {more} more" if more else "")
    return f"{place}: {lines[0].message.printer.value}: {lines[0].message.title}{named}"


def next_words(
    command: str, match: HostMatch, host: str, found: Collection[str] | None = None
) -> tuple[str, str]:
    """Return a next command for the `host` of the answer, and the findings that it shows.

    `found` are the findings of the host; None: unknown, and all that can be the reason are named.
    """
    shown = [rule for rule in match.findings if found is None or rule in found]
    named = shown if command == "dmaragent check" else []
    return f"{command}{host}", f"({', '.join(named)})" if named else ""


def more_words(number: int) -> str:
    """Return how many sentences are left out, and how to see them."""
    return f"{number} more (--json has all)"


def regions_unknown_words(absence: Absence) -> str:
    """Return why regions are unknown, and what settles it."""
    what, hint = absence_words(absence)
    return f"Regions are unknown: {what}. To see them: {hint}."


def left_out_words(lines: int) -> str:
    """Return how many lines with known messages are not shown."""
    return f"{count(lines, 'more line')} with known messages: too many different ones to show."


def found_words(recognition: Recognition, messages: int, *, details: bool) -> str:
    """Return how much of the text was recognised, and how to see more."""
    lines = sum(recognised.count for recognised in recognition.found)
    found = f"{count(messages, 'known message')} in {count(recognition.line_count, 'line')}"
    if lines != messages:
        found += f", found {count(lines, 'time')}"
    all_messages = ", and explains all messages" if messages > 1 else ""
    more = "" if details else f" --details adds releases and addresses{all_messages}."
    return f"{found}.{more}"


def means_words(match: HostMatch) -> str:
    """Return the meaning of a message on this host, with that of its numbers."""
    return " ".join([meaning_words(match), *number_words(match)])


def meaning_words(match: HostMatch) -> str:
    """Return the meaning of a message on this host."""
    message = match.recognised.message
    on_amd = _on_amd(match)
    return (on_amd.meaning if on_amd is not None else "") or message.meaning


def advice_words(match: HostMatch) -> str:
    """Return what to do about a message on this host; for both vendors if its own is unknown."""
    message = match.recognised.message
    if match.recognised.names.domain == QUARANTINE and message.in_quarantine:
        return message.in_quarantine
    on_amd = _on_amd(match)
    if on_amd is not None and on_amd.before_ways_out is not None:
        coverage = match.coverage
        return on_amd.before_ways_out + amd_ways_out(
            all_blocked=coverage.all_blocked, setup_last=coverage.setup_last
        )
    if on_amd is not None:
        return on_amd.advice or message.advice
    other = message.on_amd.advice if message.on_amd is not None else ""
    if other and match.vendor is IommuVendor.UNKNOWN:
        return f"{message.advice}\nOn AMD hosts: {other}"
    return message.advice


def _has_ways_out(match: HostMatch) -> bool:
    """Return whether the advice on this host ends with the numbered ways out of AMD's regions."""
    on_amd = _on_amd(match)
    in_quarantine = match.recognised.message.in_quarantine
    other = in_quarantine and match.recognised.names.domain == QUARANTINE
    return on_amd is not None and on_amd.before_ways_out is not None and not other


def _on_amd(match: HostMatch) -> VendorAnswer | None:
    """Return the answer for hosts with AMD's IOMMU, if the host is one and the message has it."""
    return match.recognised.message.on_amd if match.vendor is IommuVendor.AMD else None


def printer_words(message: Message) -> str:
    """Return the program that prints a message, and its releases."""
    name = message.printer.value
    if message.releases.startswith(name):
        return message.releases
    return f"{name}, {message.releases}"


def number_words(match: HostMatch) -> Iterator[str]:
    """Yield the meaning of the numbers in a message: its error, the reason of its fault."""
    message, names = match.recognised.message, match.recognised.names
    if names.error is not None:
        yield from _error_words(match, names.error)
    if message.by_reason and names.reason in FAULT_REASONS:
        yield f"Reason {names.reason:#04x}: {FAULT_REASONS[names.reason]}."
    yield from (f"Flags {flags:#x}: {fault_flag_words(flags)}." for flags in names.flags)
    if names.domain is not None and names.domain >= FIRST_PSEUDO_DOMAIN:
        yield f"Domain {names.domain} is not a guest. It is Xen's quarantine of this one device."
    if names.domain == QUARANTINE:
        yield (
            f"Domain {QUARANTINE} (DOMID_IO, d[IO]) is not a guest. It is Xen's quarantine for "
            "devices that no guest has."
        )


def _error_words(match: HostMatch, error: int) -> Iterator[str]:
    """Yield the meaning of an error on this host; for both vendors if its own is unknown."""
    message = match.recognised.message
    on_amd = "" if message.on_amd is None else message.on_amd.by_error.get(error, "")
    if on_amd and match.vendor is IommuVendor.AMD:
        yield on_amd
        return
    yield message.by_error.get(error, f"The error is {error_name(error)}.")
    if on_amd and match.vendor is IommuVendor.UNKNOWN:
        yield f"On AMD hosts: {on_amd}"


_MOST = 6
"""How many devices, regions and addresses are listed; the rest is counted."""

_FEW = 2
"""Up to this many regions of a device are described without --details."""

_BY_VFIO = (Program.LINUX, Program.QEMU, Program.PROXMOX, Program.DPDK, Program.SPDK)

_ORIGIN_WORDS = {
    Origin.OPTION: "a range of Xen's option rmrr=",
    Origin.IVMD_OPTION: "a range of Xen's option ivmd=",
    Origin.UNEXPLAINED: "an entry of Xen's list that the table does not explain",
    Origin.TABLE: "an entry of Xen's list",
    Origin.UNKNOWN: "an entry of Xen's list",
}


def here_words(match: HostMatch, *, table_known: bool, details: bool = True) -> Iterator[str]:
    """Yield what this host has of what a message names, a sentence or two each.

    Without `details`, the regions of a device are listed by number only.
    """
    yield from _general_words(match)
    printer = match.recognised.message.printer
    by_linux = printer in _BY_VFIO and not match.decided_by_xen
    for device in match.devices:
        known = table_known and not match.other_iommu
        yield _device_words(
            device,
            table_known=known,
            by_linux=by_linux,
            lets_direct=match.lets_direct,
            details=details,
        )
    if match.group is not None:
        drivers = [f"{sbdf} ({driver or 'no known driver'})" for sbdf, driver in match.drivers]
        yield f"IOMMU group {match.group.number} has {_listed(drivers)}"
    if match.locked:
        held = [f"{sbdf} for {numbered_regions(numbers)}" for sbdf, numbers in match.locked]
        yield (
            f"Linux blocks {_listed(held)} in that group (1:1 mapping required), and so blocks all "
            "devices of the group. This is the reason, whichever device the message names"
        )
    yield from coverage_words(match.coverage, fixes=_has_ways_out(match))
    if not match.other_iommu:
        yield from _places(match, table_known=table_known, most=_MOST if details else _FEW)
    yield from (dma_words(address) for address in match.dma[:_MOST])
    if len(match.dma) > _MOST:
        yield count(len(match.dma) - _MOST, "more address", "more addresses")
    if match.translated:
        yield (
            "The addresses are probably the IOMMU's own, not physical: the known kernel options of "
            "this host do not include iommu=pt"
        )
    if match.forgotten is not None:
        option = "ivmd=, 4.16 and later" if match.vendor is IommuVendor.AMD else "rmrr="
        yield (
            "The firmware may have forgotten a region there, which is likely only if the memory "
            f"map calls the range reserved. Only Xen has a boot option that adds one ({option})"
        )
    if match.fits is False and not match.other_iommu:
        yield (
            "As far as this host is known, it does not print this message. It may be from another host "
            "(name it with --host PATH), or from before a firmware change"
        )


def _general_words(match: HostMatch) -> Iterator[str]:
    """Yield what this host decides about the message as a whole."""
    if match.other_iommu:
        ours, its = ("Intel", "AMD") if match.recognised.vendor == AMD else ("AMD", "Intel")
        table = "DMAR" if ours == "Intel" else "IVRS"
        yield (
            f"This message is about {its}'s IOMMU, but the host has {ours}'s table ({table}). It does "
            "not concern the regions of this host, and another host may have printed it"
        )
    if match.iommu is not None and not match.other_iommu:
        message = match.recognised.message
        yield from iommu_words(match.iommu, message.id, message.printer)
    elif match.decided_by_xen:
        yield "Xen runs here and controls the IOMMU: options of this kernel have no effect on it"
    if match.vtd_off:
        unit = "AMD-Vi" if match.vendor is IommuVendor.AMD else "VT-d"
        yield f"Xen disables {unit} on this host: {match.vtd_off}"


def _places(match: HostMatch, *, table_known: bool, most: int) -> Iterator[str]:
    words = [
        _span_words(place, match.recognised, table_known=table_known, most=most)
        for place in match.spans[:_MOST]
    ]
    yield from dict.fromkeys(words)
    rest = len(match.spans) - len(words) + match.recognised.more_spans
    if rest:
        yield f"{count(rest, 'more line')} with other addresses"


def _device_words(
    device: DeviceMatch, *, table_known: bool, by_linux: bool, lets_direct: bool, details: bool
) -> str:
    if device.presence is Presence.UNKNOWN:
        here = f"{device.sbdf}: presence unknown, because the devices of this host were not read"
    elif device.function is None:
        here = f"{device.sbdf} is not present on this host"
    else:
        here = f"{device.sbdf}: {_function_words(device.function)}"
    if not table_known:
        return here
    blocked = _linux_words(device, lets_direct=lets_direct) if by_linux else ""
    if device.owned and (details or len(device.owned) <= _FEW):
        owned = [_region_words(region) for region in device.owned]
        here += f". Its {'region' if len(owned) == 1 else 'regions'}: {_listed(owned)}"
    elif device.owned and device.function is None:
        numbers = numbered_regions(region.number for region in device.owned)
        here += f". The table names it for {numbers}"
    elif device.owned:
        here += f", {numbered_regions(region.number for region in device.owned)}"
    elif not (by_linux and device.held):
        here += ". It has no region in the table"
    return here + blocked


def _linux_words(device: DeviceMatch, *, lets_direct: bool) -> str:
    """Return whether Linux blocks the device because of its regions."""
    locked = [region.number for region, held in device.held if held.hold is Hold.DIRECT]
    through = {str(held.through) for _, held in device.held if held.through is not None}
    way = f", through the bridge {_listed(sorted(through))}" if through else ""
    if locked and lets_direct:
        must = numbered_regions(locked)
        return f". This kernel allows it, but a guest with RAM in {must} fails when VFIO maps its memory"
    if locked:
        return f". Linux blocks it: {numbered_regions(locked)} must stay mapped 1:1{way}"
    if device.held:
        return f". Linux allows it because of its class (its regions are direct-relaxable){way}"
    return ""


def _function_words(function: PciFunction) -> str:
    words = [class_name(function, unknown="a device of unknown class")]
    if function.driver is not None:
        words.append(f"driver {function.driver}")
    if function.slot is not None:
        words.append(f"slot {function.slot}")
    if function.iommu_group is not None:
        words.append(f"IOMMU group {function.iommu_group}")
    return ", ".join(words)


def sentence(words: str) -> str:
    """Return `words` with a full stop, unless they have one."""
    return words if words.endswith((".", ")")) else f"{words}."


def _region_words(region: Region) -> str:
    shared = f", shared by {region.xen.sharers}" if region.xen.shared else ""
    return f"{region.number} ({region.place}, {region.entry.structure} at {region.entry.offset:#x}{shared})"


def _span_words(match: RangeMatch, recognised: Recognised, *, table_known: bool, most: int) -> str:
    first, last = match.span.first, max(match.span.last, 0)
    place = f"{first:#x}" if first == last else f"{first:#x}-{last:#x}"
    if recognised.message.address is MessageAddress.UNIT:
        return _unit_words(place, match, table_known=table_known)
    if recognised.message.address is MessageAddress.RANGE:
        place = f"{place} in bytes"
    memory = f" ({_memory_words(match.memory)})" if match.memory else ""
    if match.regions:
        inside = _listed(
            [_place_words(region, match.span, recognised.names, most) for region in match.regions]
        )
        return f"{place} is {'' if _is_inside(match) else 'partly '}{inside}{memory}"
    if match.entries:
        return f"{place} is in {_ORIGIN_WORDS[match.entries[0].origin]}{memory}"
    if not table_known:
        return f"{place}: its region is unknown without the table{memory}"
    return f"{place} is in no region of the table{memory}"


def _is_inside(match: RangeMatch) -> bool:
    """Return whether the range is inside the regions that it overlaps; a page is never split."""
    at = match.span.first
    for region in sorted(match.regions, key=lambda region: region.first):
        if region.first // PAGE * PAGE > at:
            break
        at = max(at, (region.last // PAGE + 1) * PAGE)
    return at > match.span.last


def _unit_words(place: str, match: RangeMatch, *, table_known: bool) -> str:
    if match.units:
        offsets = _listed([f"{offset:#x}" for offset in match.units])
        return f"{place} is the register address of the unit whose DRHD is at {offsets}"
    if not table_known:
        return f"{place}: its unit is unknown without the table"
    return f"{place}: no unit of the table has registers there"


def _memory_words(memory: str) -> str:
    return "not in the memory map" if memory == NOT_IN_MAP else f"memory map: {memory}"


def _place_words(region: Region, wanted: Span, names: Names, most: int) -> str:
    """Return the region of an address and its owners, without those that the message names."""
    owners = [owner.sbdf for owner in region.owners]
    others = [str(sbdf or "an unknown device") for sbdf in owners if sbdf not in names.devices]
    exact = (region.first, region.last) == (wanted.first, wanted.last)
    if len(others) < len(owners):
        shares = f", shared with {_listed(others, most)}" if others else ", not shared"
        return f"{'' if exact else 'in '}region {region.number}{shares}"
    whose = f"the region of {_listed(others, most)}" if others else "which belongs to no device"
    if exact:
        return f"region {region.number} ({region.entry.structure} at {region.entry.offset:#x}), {whose}"
    return f"in region {_region_words(region)}, {whose}"


def _listed(parts: list[str], most: int = _MOST) -> str:
    kept, rest = parts[:most], len(parts) - most
    return ", ".join([*kept, f"{rest} more"] if rest > 0 else kept)
