"""The guests of a comparison: those of which something else is said, and how many stay."""

from collections.abc import Iterator, Mapping, Sequence

from dmaragent.addresses import SBDF
from dmaragent.comparison.guests import named_devices
from dmaragent.comparison.model import GuestChange, GuestChanges, GuestFate, Renumbered
from dmaragent.policy.decisions import Decision, Verdict
from dmaragent.policy.resolver import Stack
from dmaragent.present.escaping import visible
from dmaragent.present.text.resolve_head import VERDICT_WORDS, reason_words, shorten, stack_words
from dmaragent.present.text.tables import paragraph
from dmaragent.present.wording import count

_HEADS = {
    GuestFate.DEVICES: "with another device",
    GuestFate.REASONS: "other reasons",
    GuestFate.WARNINGS: "other warnings",
    GuestFate.LAYOUT: "another memory layout",
}


_MOST = 3
"""Reasons of a guest that are shown of each side."""


def guests_text(
    guests: GuestChanges, renumbered: Sequence[Renumbered], stacks: Sequence[Stack]
) -> Iterator[str]:
    """Give the guests; `stacks` says by which releases A's and B's were resolved."""
    yield ""
    ours, theirs = (stack_words(one) for one in stacks)
    told = ours if ours == theirs else f"A: {ours}; B: {theirs}"
    yield from paragraph(f"Guests ({told})" if guests.xen else "Guests (KVM)", hang=2)
    origins = [one.origin if guests.xen else "" for one in stacks]
    for side, origin in zip(("A", "B"), origins, strict=True):
        if origin and origins[0] != origins[1]:
            yield from paragraph(f"{side} rests on: {origin}", indent=2, hang=2)
    if origins[0] and origins[0] == origins[1]:
        yield from paragraph(f"both rest on: {origins[0]}", indent=2, hang=2)
    places = {one.a.sbdf: one.b.sbdf for one in renumbered}
    for one in guests.changed:
        yield from _guest(one, places)
    for verdict, number in sorted(guests.same.items(), key=lambda item: item[0].value):
        yield from paragraph(
            f"unchanged: {count(number, 'guest')}: {VERDICT_WORDS[verdict]}", indent=2, hang=2
        )
    for path, why in guests.passed_over:
        yield f"  passed over: {visible(path)}"  # whole, however long: it can be copied
        yield from paragraph(shorten(why, 90), indent=4)


def _guest(change: GuestChange, places: Mapping[SBDF, SBDF]) -> Iterator[str]:
    guest = change.b.guest
    name = f"{guest.name} ({guest.source})" if guest.name else guest.source
    was, now = VERDICT_WORDS[change.a.verdict], VERDICT_WORDS[change.b.verdict]
    said = f"{was} -> {now}" if was != now else f"{now} on both, {_HEADS[change.fate]}"
    yield from paragraph(f"{name}: {said}", indent=2, hang=2)
    for side, its, other in (("A", change.a, change.b), ("B", change.b, change.a)):
        if was != now and its.verdict is Verdict.STARTS:
            continue  # its warnings are not why the verdict changed
        told = [each for each in its.reasons if each not in other.reasons]
        for decision in told[:_MOST]:
            yield from paragraph(f"{side}  {_reason(decision, guest.source)}", indent=4, hang=3)
        if len(told) > _MOST:
            yield f"    {side}  … and {len(told) - _MOST} more (dmaragent resolve says all)"
    for one in change.devices:
        yield from paragraph(
            f"{one.what} is another device: {one.old} -> {one.new}", indent=4, hang=2
        )
    for sbdf in named_devices(change.b):
        if sbdf in places:
            yield f"    What was {sbdf} answers at {places[sbdf]} on B"
    if change.helps is not None and change.helps.found:
        first = change.helps.found[0]
        yield from paragraph(
            f"Remedy on B: {shorten(first.brief, 120)}: {shorten(first.effect, 100)}",
            indent=4,
            hang=3,
        )


def _reason(decision: Decision, source: str) -> str:
    """Say why, a place in the guest's own file without the file: the guest's line has it."""
    line = decision.place.removeprefix(f"{source}:")
    if line != decision.place:
        decision = decision._replace(place=f"line {line}")
    return shorten(reason_words(decision))
