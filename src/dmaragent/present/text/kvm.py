"""What becomes of a KVM guest, for people: verdict, reason and next step first."""

from collections.abc import Iterator

from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.present.escaping import shorten, visible
from dmaragent.present.text.resolve import MOST_NAME, MOST_ROWS, reason_lines
from dmaragent.present.text.tables import labelled, paragraph, render
from dmaragent.present.words.guest import (
    DEVICE_WORDS,
    VERDICT_WORDS,
    kvm_memory_words,
    kvm_next_step,
    kvm_regions_source,
    kvm_stack_words,
    reason_words,
    why_kvm_starts,
)
from dmaragent.present.words.numbers import count

_MOST_DEVICES = 32


def kvm_text(found: KvmResolution, *, whole: bool = False) -> Iterator[str]:
    """Return the lines of one answer; without `whole`, a long list is cut and says so."""
    yield from _head(found)
    yield from _notes(found)
    if found.reasons:
        yield ""
        yield "Warnings" if found.verdict is Verdict.STARTS else "Reasons"
        yield from reason_lines(found.reasons, None if whole else MOST_ROWS)
    yield from _devices(found, whole=whole)
    yield from _memory(found)


def _head(found: KvmResolution) -> Iterator[str]:
    guest = found.guest
    name = shorten(guest.name or guest.source, MOST_NAME)
    warned = len(found.reasons) if found.verdict is Verdict.STARTS else 0
    verdict = VERDICT_WORDS[found.verdict] + (
        f", with {count(warned, 'warning')}" if warned else ""
    )
    yield from paragraph(f"{name}: {verdict} ({visible(kvm_stack_words(found))})", hang=2)
    if found.reasons:
        more = len(found.reasons) - 1
        rest = f" ({count(more, 'more reason')} below)" if more else ""
        first = found.reasons[0]
        yield from labelled("Why", shorten(reason_words(first), 300) + rest)
    else:
        yield from labelled("Why", why_kvm_starts(found))
    yield from labelled("Next", kvm_next_step(found))
    yield from labelled("Rests on", kvm_regions_source(found))


def _notes(found: KvmResolution) -> Iterator[str]:
    told = [f"{one.place}: {one.text}" for one in found.guest.notes]
    told += [f"before it can start: {line}" for line in found.prerequisites]
    if told:
        yield ""
        yield "Note"
    for line in told:
        yield from paragraph(line, indent=2, hang=2)


def _devices(found: KvmResolution, *, whole: bool) -> Iterator[str]:
    if not found.functions:
        return
    yield ""
    yield "Devices"
    rows = [
        (str(one.sbdf), one.device.text, one.device.place, DEVICE_WORDS[one.verdict])
        for one in found.functions
    ]
    kept = rows if whole or len(rows) <= _MOST_DEVICES + 1 else rows[:_MOST_DEVICES]
    yield from render(kept)
    if len(kept) < len(rows):
        yield f"  … and {len(rows) - len(kept)} more (--details shows all)"


def _memory(found: KvmResolution) -> Iterator[str]:
    if not found.functions:
        return
    yield ""
    yield from paragraph(f"Guest memory: {kvm_memory_words(found)}", hang=2)
