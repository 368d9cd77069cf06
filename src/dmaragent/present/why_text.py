"""Recognised messages for people: what it is, what it means, what this host says, what to do."""

from collections.abc import Iterable, Iterator

from dmaragent.absence import Absence
from dmaragent.inventory import Region
from dmaragent.messages.model import QUARANTINE, Address, Message, Names, Printer, Recognised, Span
from dmaragent.messages.numbers import FAULT_REASONS, error_name
from dmaragent.messages.tie import DeviceTie, SpanTie, Tie, Why
from dmaragent.pci_classes import class_words
from dmaragent.platforms.linux import Hold
from dmaragent.present.resolve_head import labelled, shorten
from dmaragent.present.tables import paragraph
from dmaragent.present.wording import absence_words, count, span_words
from dmaragent.topology import PciFunction, Presence
from dmaragent.views.model import Origin

_MOST_TEXT = 300
_MOST_NAMED = 6
"""Devices, regions and addresses that are named of each; the rest is counted."""
_ORIGIN_WORDS = {
    Origin.OPTION: "a range of Xen's option rmrr=",
    Origin.UNEXPLAINED: "an entry of Xen's list that the table does not explain",
    Origin.TABLE: "an entry of Xen's list",
    Origin.UNKNOWN: "an entry of Xen's list",
}


def why_text(why: Why, absence: Absence | None, *, live: bool) -> Iterator[str]:
    """Give the lines of the answer; `live` says that the host is this machine."""
    recognition = why.recognition
    kinds = len({one.message.id for one in recognition.found})
    lines = sum(one.count for one in recognition.found)
    yield (
        f"{count(kinds, 'known message')}, found {count(lines, 'time')} in "
        f"{count(recognition.line_count, 'line')}"
    )
    for each in why.ties:
        yield ""
        yield from _tie_lines(each, table_known=why.table_known)
    yield from _remarks(why, absence, live=live)


def known_text(messages: Iterable[Message]) -> Iterator[str]:
    """Give a line or two for each message that is known, by who prints it."""
    printer = None
    for message in messages:
        if message.printer is not printer:
            if printer is not None:
                yield ""
            printer = message.printer
            yield printer.value
        yield from paragraph(f"{message.id}: {message.title}", indent=2, hang=2)


def means_words(recognised: Recognised) -> str:
    """Say what a message means, with what its numbers add."""
    message, names = recognised.message, recognised.names
    said = [message.meaning]
    if names.error is not None and names.error in message.by_error:
        said.append(message.by_error[names.error])
    elif names.error is not None:
        said.append(f"The error is {error_name(names.error)}.")
    if message.by_reason and names.reason in FAULT_REASONS:
        said.append(f"Reason {names.reason:#04x}: {FAULT_REASONS[names.reason]}.")
    if names.domain == QUARANTINE:
        said.append(
            f"Domain {QUARANTINE} (DOMID_IO, d[IO]) is no guest: it is Xen's quarantine, where a "
            "device waits that no guest has."
        )
    return " ".join(said)


def advice_words(recognised: Recognised) -> str:
    """Say what to do about a message."""
    message = recognised.message
    if recognised.names.domain == QUARANTINE and message.in_quarantine:
        return message.in_quarantine
    return message.advice


def _tie_lines(each: Tie, *, table_known: bool) -> Iterator[str]:
    found = each.recognised
    message = found.message
    yield from paragraph(f"{message.title}", hang=2)
    yield from paragraph(shorten(found.text, _MOST_TEXT), indent=2, hang=2)
    yield from labelled("From", f"{printer_words(message)}; {_where(found)}")
    yield from labelled("Means", means_words(found))
    yield from _block("Here", here_words(each, table_known=table_known))
    yield from labelled("Do", advice_words(found))
    yield from _block("Next", (_command_words(one, each) for one in each.commands))


def printer_words(message: Message) -> str:
    """Say who prints a message, and which releases of it."""
    name = message.printer.value
    if message.releases.startswith(name):
        return message.releases
    return f"{name}, {message.releases}"


def _block(name: str, lines: Iterable[str]) -> Iterator[str]:
    """Set several texts under one name."""
    for line in lines:
        yield from labelled(name, line)
        name = ""


def _where(found: Recognised) -> str:
    place = f"line {found.lines[0]}" if found.lines else "split over lines"
    if found.count > 1:
        place += f" and {count(found.count - 1, 'more', 'more')}"
    return place + (", put together from split lines" if found.split else "")


def _command_words(command: str, each: Tie) -> str:
    if command == "dmaragent check" and each.findings:
        return f"{command}  ({', '.join(each.findings)})"
    return command


def here_words(each: Tie, *, table_known: bool) -> Iterator[str]:
    """Say what the host says of one message, a sentence or two each."""
    if each.decided_by_xen:
        yield "Xen runs here and owns the IOMMU: no option of this kernel changes what it allows"
    by_linux = each.recognised.message.printer in (Printer.LINUX, Printer.QEMU)
    for device in each.devices:
        yield _device_words(device, table_known=table_known, by_linux=by_linux)
    if each.group is not None:
        names = _listed([str(sbdf) for sbdf in each.group.devices])
        yield f"IOMMU group {each.group.number} holds {names}"
    told: list[str] = []
    for one in each.spans[:_MOST_NAMED]:
        words = _span_words(one, each.recognised, table_known=table_known)
        if words not in told:
            told.append(words)
    yield from told
    rest = len(each.spans) - _MOST_NAMED + each.recognised.more_spans
    if rest > 0:
        yield f"{count(rest, 'more line')} with other addresses"
    if each.forgotten is not None:
        yield (
            "a region that the firmware forgot is one explanation, likely only where the memory "
            "map calls the range reserved; on Xen the boot option below adds it"
        )
    if each.fits is False:
        yield "it does not fit this host: was it printed by another one? (--host PATH)"


def _device_words(device: DeviceTie, *, table_known: bool, by_linux: bool) -> str:
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
    else:
        here += "; no region of the table names it"
    return here + (_linux_words(device) if by_linux else "")


def _linux_words(device: DeviceTie) -> str:
    """Say how firmly Linux holds the device to its regions."""
    locked = [region.number for region, held in device.held if held.hold is Hold.LOCKED]
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
    code = function.class_code
    words = ["a device of unknown class" if code is None else class_words(code)]
    if function.driver is not None:
        words.append(f"driver {function.driver}")
    if function.slot is not None:
        words.append(f"slot {function.slot}")
    if function.iommu_group is not None:
        words.append(f"IOMMU group {function.iommu_group}")
    return ", ".join(words)


def _region_words(region: Region) -> str:
    shared = f", shared by {region.sharers}" if region.shared else ""
    place = f"{region.base:#x}-{region.limit:#x}"
    return f"{region.number} ({place}, RMRR at {region.offset:#x}{shared})"


def _span_words(one: SpanTie, found: Recognised, *, table_known: bool) -> str:
    first, last = one.span.first, one.span.last
    place = f"{first:#x}" if first == last else f"{first:#x}-{last:#x}"
    if found.message.address is Address.UNIT:
        return _unit_words(place, one, table_known=table_known)
    memory = f" ({_memory_words(one.memory)})" if one.memory else ""
    if one.regions:
        inside = _listed([_place_words(each, one.span, found.names) for each in one.regions])
        return f"{place} is {inside}{memory}"
    if one.entries:
        return f"{place} is in {_ORIGIN_WORDS[one.entries[0].origin]}{memory}"
    if not table_known:
        return f"{place}: without a table it cannot be said whose it is{memory}"
    return f"{place} is in no region of the table{memory}"


def _unit_words(place: str, one: SpanTie, *, table_known: bool) -> str:
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
    exact = (region.base, region.limit) == (wanted.first, wanted.last)
    if len(others) < len(owners):
        shares = f", which it shares with {_listed(others)}" if others else ", its own"
        return f"{'' if exact else 'in '}region {region.number}{shares}"
    whose = f"the region of {_listed(others)}" if others else "which no device owns"
    if exact:
        return f"region {region.number} (RMRR at {region.offset:#x}), {whose}"
    return f"in region {_region_words(region)}, {whose}"


def _listed(parts: list[str]) -> str:
    kept, rest = parts[:_MOST_NAMED], len(parts) - _MOST_NAMED
    return "; ".join([*kept, f"{rest} more"] if rest > 0 else kept)


def _remarks(why: Why, absence: Absence | None, *, live: bool) -> Iterator[str]:
    lines = []
    if not why.table_known and absence is not None:
        what, hint = absence_words(absence)
        lines.append(f"Regions cannot be named: {what}. To name them: {hint}.")
    elif not why.table_known:
        lines.append("Regions cannot be named: the table cannot be decoded (dmaragent decode).")
    if live and any(one.devices or one.spans for one in why.ties):
        lines.append('"Here" is this machine; --host PATH names the one that printed it.')
    if why.recognition.left_out:
        more = count(why.recognition.left_out, "more line")
        lines.append(f"{more} with known messages: too many different ones to tell apart.")
    if lines:
        yield ""
    for line in lines:
        yield from paragraph(line, hang=2)
