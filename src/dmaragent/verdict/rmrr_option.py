"""Xen's ``rmrr=`` option on one host: what Xen makes of one, and one written for regions.

Pure.  What is written is read back by the same rules that judge any option, behind what
stands on the host's command line already.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.platforms.rmrr_writer import Wanted, Written, write_ranges
from dmaragent.platforms.xen import predict
from dmaragent.platforms.xen_model import behaviour_of
from dmaragent.platforms.xen_options import UserRange, parse_rmrr_option, places_taken
from dmaragent.snapshot import Missing
from dmaragent.verdict.rmrr_mistakes import mistakes, past_ram, ram_in
from dmaragent.verdict.rmrr_model import (
    FIRST_RELEASE,
    CheckedOption,
    Judged,
    OptionHost,
    Refused,
    WrittenOption,
)
from dmaragent.verdict.rmrr_notes import checked_notes, written_notes

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
    before = parse_rmrr_option(line)
    kept, refused = _possible(on, wanted)
    while True:
        done = write_ranges(kept, places_taken(line))
        refused += [Refused(wanted=one.wanted, reason=one.refusal) for one in done if one.refusal]
        written = [one for one in done if one.ranges]
        bad = _not_taken(on, line, len(before), written)
        if not bad:
            break
        refused += bad
        gone = [one.wanted for one in bad]
        kept = [one.wanted for one in written if one.wanted not in gone]
    order = {one: number for number, one in enumerate(wanted)}
    return WrittenOption(
        on=on,
        written=tuple(written),
        refused=tuple(sorted(refused, key=lambda one: order[one.wanted])),
        present=len(before),
        notes=tuple(written_notes(on, written)),
    )


def _possible(on: OptionHost, wanted: Sequence[Wanted]) -> tuple[list[Wanted], list[Refused]]:
    """Part what may be written from what may not, whatever Xen says of it."""
    kept, refused = [], []
    for one in wanted:
        ram = ram_in(on.memory_map, _pages(one))
        if on.release is not None and on.release < FIRST_RELEASE:
            release = "{}.{}".format(*on.release)
            reason = f"Xen {release} has no rmrr= option; 4.9 is the first that has"
            refused.append(Refused(wanted=one, reason=reason))
        elif ram is not None:
            reason = (
                f"the memory map has RAM at 0x{ram.start:x}-0x{ram.end - 1:x}: Xen would take it, "
                "and the device could then overwrite memory of the host or of a guest"
            )
            refused.append(Refused(wanted=one, reason=reason))
        else:
            kept.append(one)
    return kept, refused


def _not_taken(on: OptionHost, line: str, before: int, written: Sequence[Written]) -> list[Refused]:
    """Read what was written behind `line`, and say which of it Xen does not take, and why."""
    ranges = [(one, each) for one in written for each in one.ranges]
    words = " ".join(each.word for _, each in ranges)
    judged = list(_judge(on, f"{line} {words}"))[before:]
    bad: dict[Wanted, str] = {}
    for (one, each), found in zip(ranges, judged, strict=True):
        if found.read.devices != each.devices and found.taken is not False:
            reason = "an error in the rmrr= that is there already changes how Xen reads it"
            bad.setdefault(one.wanted, reason)
        elif found.taken is False:
            bad.setdefault(one.wanted, found.reason)
    return [Refused(wanted=one, reason=reason) for one, reason in bad.items()]


def _judge(on: OptionHost, line: str) -> Iterator[Judged]:
    """Judge every range of `line`: by the rules of setup where there is a table."""
    decoded = on.table
    if decoded is None or decoded.table is None:
        behaviour = behaviour_of(on.release)
        for user in parse_rmrr_option(line):
            read = user
            if user.accepted and not behaviour.rmrr_option:
                reason = f"{behaviour.name} has no such option"
                read = replace(user, accepted=False, reason=reason)
            yield _judged(on, read, None if read.accepted else False)
        return
    prediction = predict(
        decoded.table,
        on.host.topology,
        on.memory_map,
        on.release,
        line,
        damage=decoded.damage,
    )
    for user in prediction.options:
        yield _judged(on, user, user.accepted and not _never_reported(user))


def _never_reported(user: UserRange) -> bool:
    """Tell whether Xen's walk over the devices of `user` ends before it begins."""
    first = user.devices[0]
    return (first.bus, first.device, first.function) == (0, 0, 0)


def _as_listed(on: OptionHost, one: Judged) -> Judged:
    """Let the running hypervisor's own list decide, where it answers."""
    listed, pages = on.listed, one.read.range
    if listed is None or pages is None or one.taken == (pages in listed):
        return one
    if pages in listed:
        return replace(one, taken=True, reason="the running Xen lists it")
    if one.taken is False:
        return one
    reason = "the rules let Xen take it, but the running Xen does not list it"
    said = "`xl dmesg | grep -i rmrr` says why: often a page that Xen has no frame for"
    return replace(one, taken=False, reason=reason, advice=(*one.advice, said))


def _judged(on: OptionHost, user: UserRange, taken: bool | None) -> Judged:  # noqa: FBT001 - the verdict
    advice = list(mistakes(user, on.memory_map))
    if taken is not False:
        ram = ram_in(on.memory_map, user.range)
        if ram is not None:
            advice.append(
                f"it is in RAM (0x{ram.start:x}-0x{ram.end - 1:x} in the memory map), which Xen "
                "does not check: the device may then overwrite memory that is in use"
            )
        elif past_ram(on.memory_map, user.range):
            advice.append("it ends past all RAM of the memory map: Xen ignores pages it lacks")
        absent = _absent(on, user)
        if absent:
            advice.append(f"no device answers at {absent}; Xen lists it for the address alone")
    return Judged(read=user, taken=taken, reason=user.reason, advice=tuple(advice))


def _absent(on: OptionHost, user: UserRange) -> str:
    functions = on.host.topology.functions
    if isinstance(functions, Missing):
        return ""
    return ", ".join(str(one) for one in user.devices if one not in functions)


def _pages(one: Wanted) -> AddressRange | None:
    if one.limit < one.base:
        return None
    return AddressRange(one.first * PAGE, (one.last + 1) * PAGE)


def _unquoted(text: str) -> str:
    """Take off what is GRUB's and the shell's: quotation marks, backslashes, the variable."""
    for sign in "\\\"'":
        text = text.replace(sign, "")
    text = re.sub(r"GRUB_CMDLINE_XEN(?:_DEFAULT)?=", "", text)
    return f"rmrr={text.strip()}" if "rmrr=" not in text and _BARE.match(text) else text
