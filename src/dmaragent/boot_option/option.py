"""Xen's ``rmrr=`` option on one host: what Xen makes of one, and one written for regions.

Pure.  What is written is read back by the same rules that judge any option, behind what
stands on the host's command line already.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dmaragent.addresses import AddressRange
from dmaragent.boot_option.mistakes import bytes_meant, memory_doubt, mistakes
from dmaragent.boot_option.model import (
    FIRST_RELEASE,
    CheckedOption,
    Judged,
    OptionHost,
    Refused,
    WrittenOption,
)
from dmaragent.boot_option.notes import checked_notes, page_numbers, written_notes
from dmaragent.boot_option.rmrr_writer import RmrrText, Wanted, write_ranges
from dmaragent.boot_option.table_regions import gives, regions_with
from dmaragent.host.memory_map import ram_in
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor.acceptance import predict_table
from dmaragent.xen.hypervisor.behaviour import behaviour_of
from dmaragent.xen.hypervisor.frames import frames_of
from dmaragent.xen.hypervisor.rmrr_words import UserRange, parse_rmrr_option, places_taken

_BARE = re.compile(r"\s*(?:0[xX])?[0-9a-fA-F]+(?:-[0-9a-fA-FxX]+)?(?:[=;]|\s*$)")
"""A value without ``rmrr=`` before it."""


def check_option(on: OptionHost, text: str | None) -> CheckedOption:
    r"""Check `text`, or the host's own command line where it is None.

    A text is what people paste: quotation marks and the backslash of ``\;`` are GRUB's, and
    Xen does not see them.
    """
    own = text is None
    line = (on.command_line or "") if text is None else _unquoted(text)
    ranges = tuple(_as_listed(on, one) if own else one for one in _judge(on, line))
    return CheckedOption(
        on=on,
        text=line,
        own=own,
        ranges=ranges,
        notes=tuple(checked_notes(on, text, line, ranges)),
    )


def write_option(on: OptionHost, wanted: Sequence[Wanted]) -> WrittenOption:
    """Write the option for `wanted`, as far as Xen takes it on this host."""
    line = on.command_line or ""
    before = parse_rmrr_option(line, on.release)
    wanted = tuple(dict.fromkeys(wanted))
    never = _never(on)
    refused: dict[Wanted, str] = dict.fromkeys(wanted, never) if never else {}
    while True:
        kept = [one for one in wanted if one not in refused]
        done = write_ranges(kept, places_taken(line, on.release), on.longest_word)
        bad = _not_taken(on, line, len(before), done)
        if not bad:
            break
        refused |= bad
    refused |= {one.wanted: one.refusal for one in done if one.refusal}
    written = [one for one in done if one.ranges]
    return WrittenOption(
        on=on,
        written=tuple(written),
        refused=tuple(Refused(wanted=one, reason=refused[one]) for one in wanted if one in refused),
        present=len(before),
        notes=(*page_numbers(wanted), *written_notes(on, written)),
    )


def _never(on: OptionHost) -> str:
    """Say why no range at all helps on this host; empty where one may."""
    if on.release is not None and on.release.series < FIRST_RELEASE:
        return f"Xen {on.release} has no rmrr= option; 4.9 is the first that has"
    if on.amd:
        return "this is an AMD machine, where Xen reads ivmd= and not rmrr="
    return ""


def _not_taken(
    on: OptionHost, line: str, before: int, written: Sequence[RmrrText]
) -> dict[Wanted, str]:
    """Read what was written behind `line`, and say which of it may not be, and why."""
    ranges = [(one.wanted, each) for one in written for each in one.ranges]
    words = " ".join(each.word for _, each in ranges)
    judged = list(_judge(on, f"{line} {words}"))[before:]
    bad: dict[Wanted, str] = {}
    for (wanted, each), found in zip(ranges, judged, strict=True):
        ram = ram_in(on.memory_map, found.read.range)
        if found.taken is False:
            bad.setdefault(wanted, "; ".join((found.reason, *found.advice)))
        elif on.listed is not None and (same := _listed_overlap(on.listed, found.read)):
            bad.setdefault(wanted, same)
        elif found.read.devices != each.devices:
            reason = "an error in the rmrr= that is there already changes how Xen reads it"
            bad.setdefault(wanted, reason)
        elif ram is not None:
            reason = (
                f"the memory map has RAM at 0x{ram.start:x}-0x{ram.end - 1:x}: Xen would take it, "
                "and the device could then overwrite memory of the host or of a guest"
            )
            bad.setdefault(wanted, reason)
    return bad


def _listed_overlap(listed: frozenset[AddressRange], read: UserRange) -> str:
    """Say which entry of the running Xen's list has pages of `read`, whatever it comes from."""
    for one in sorted(listed):
        if read.range is not None and one.overlaps(read.range):
            return f"the running Xen reserves 0x{one.start:x}-0x{one.end - 1:x} already"
    return ""


def _judge(on: OptionHost, line: str) -> Iterator[Judged]:
    """Judge every range of `line`: by the rules of setup where there is a table."""
    table = on.table
    if table is None:
        for user in parse_rmrr_option(line, on.release):
            read = _without_table(on, user, line)
            yield _judged(on, read, False if read.accepted is False else None)
        return
    prediction = predict_table(table, on.host.topology, on.memory_map, on.release, line)
    for user in prediction.options:
        never = bool(user.accepted) and _never_reported(user)
        yield _judged(on, user, False if never else user.accepted)


def _without_table(on: OptionHost, user: UserRange, line: str) -> UserRange:
    """Return `user` as the release and the memory map judge it, which is all that is known."""
    behaviour = behaviour_of(on.release)
    if user.accepted is not False and not behaviour.rmrr_option:
        return replace(user, accepted=False, reason=f"{behaviour.name} has no such option")
    if user.accepted is False or not user.devices or user.start_pfn is None or user.end_pfn is None:
        return user
    frames = frames_of(user.start_pfn, user.end_pfn, on.memory_map, line)
    if frames.exist is False:
        return replace(user, accepted=False, reason=frames.reason)
    return user


def _never_reported(user: UserRange) -> bool:
    """Tell whether Xen's walk over the devices of `user` ends before it begins."""
    first = user.devices[0]
    return (first.bus, first.device, first.function) == (0, 0, 0)


def _as_listed(on: OptionHost, one: Judged) -> Judged:
    """Let the running hypervisor's own list decide, where it answers."""
    listed, pages = on.listed, one.read.range
    if listed is None or pages is None or one.taken == (pages in listed):
        return one
    if pages in listed and one.taken is None:
        return replace(one, taken=True, reason="the running Xen lists it")
    if pages in listed:
        return replace(
            one,
            taken=True,
            reason="the rules would not let Xen take it, and the running Xen lists it all the same",
        )
    if one.taken is False:
        return one
    reason = "the running Xen does not list it, though nothing in it is wrong"
    if one.taken is None:
        reason = f"the running Xen does not list it. What was unknown: {one.reason}"
    said = "`xl dmesg | grep -i rmrr` says why"
    return replace(one, taken=False, reason=reason, advice=(*one.advice, said))


def _judged(on: OptionHost, user: UserRange, taken: bool | None) -> Judged:  # noqa: FBT001 - the verdict
    advice = list(mistakes(user, on.memory_map))
    if taken is False:
        advice += [said for said in (_in_table(on, user),) if said]
    else:
        ram = ram_in(on.memory_map, user.range)
        if ram is not None:
            advice.append(
                f"it is in RAM (0x{ram.start:x}-0x{ram.end - 1:x} in the memory map), which Xen "
                "does not check: the device may then overwrite memory that is in use"
            )
        elif doubt := memory_doubt(on.memory_map, user.range):
            advice.append(doubt)
        absent = _absent(on, user)
        if absent:
            advice.append(f"no device answers at {absent}; Xen lists it for the address alone")
    return Judged(
        read=user,
        taken=taken,
        reason=user.reason,
        advice=tuple(advice),
        mistaken=bytes_meant(user, on.memory_map) is not None,
    )


def _absent(on: OptionHost, user: UserRange) -> str:
    functions = on.host.topology.functions
    if isinstance(functions, Missing):
        return ""
    return ", ".join(str(one) for one in user.devices if one not in functions)


def _in_table(on: OptionHost, user: UserRange) -> str:
    """Say which region of the table has pages of `user`, and what that means; or nothing."""
    found = [] if user.range is None else list(regions_with(on.inventory, user.range))
    for region in found:
        if gives(region, user.devices):
            dropped = region.xen.listed is False
            end = ", and Xen does not take that region" if dropped else ": no option is needed"
            return f"region {region.number} of the table gives it to the device{end}"
    if found:
        return (
            f"region {found[0].number} of the table has it, for other devices: Xen has no option "
            "that adds a device to a region"
        )
    return ""


def _unquoted(text: str) -> str:
    """Take off what is GRUB's and the shell's: quotation marks, backslashes, the variable."""
    for sign in "\\\"'":
        text = text.replace(sign, "")
    text = re.sub(r"GRUB_CMDLINE_XEN(?:_DEFAULT)?=", "", text)
    return f"rmrr={text.strip()}" if "rmrr=" not in text and _BARE.match(text) else text
