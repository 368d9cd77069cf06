"""What becomes of a KVM guest, for people: verdict, reason and next step first."""

from collections.abc import Iterator

from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.present.escaping import shorten, visible
from dmaragent.present.screen import toned
from dmaragent.present.text.resolve import MOST_NAME, MOST_ROWS, reason_lines
from dmaragent.present.text.tables import labelled, paragraph, render
from dmaragent.present.text.tones import VERDICT_TONES, verdict_tone
from dmaragent.present.words.guest import (
    DEVICE_WORDS,
    counted_verdict,
    kvm_memory_words,
    kvm_next_step,
    kvm_regions_source,
    kvm_stack_words,
    more_reasons,
    reason_words,
    resolution_notes,
    why_kvm_starts,
)

_MOST_DEVICES = 32


def kvm_text(resolution: KvmResolution, *, whole: bool = False) -> Iterator[str]:
    """Return the lines of one answer; without `whole`, a long list is cut and says so."""
    yield from _head(resolution)
    yield from _notes(resolution)
    if resolution.reasons:
        yield ""
        yield "Warnings" if resolution.verdict is Verdict.STARTS else "Reasons"
        yield from reason_lines(resolution.reasons, None if whole else MOST_ROWS)
    yield from _devices(resolution, whole=whole)
    yield from _memory(resolution)


def _head(resolution: KvmResolution) -> Iterator[str]:
    guest = resolution.guest
    name = shorten(guest.name or guest.source, MOST_NAME)
    verdict = counted_verdict(resolution.verdict, resolution.reasons)
    verdict = toned(verdict, verdict_tone(resolution.verdict, resolution.reasons))
    yield from paragraph(f"{name}: {verdict} ({visible(kvm_stack_words(resolution))})", hang=2)
    if resolution.reasons:
        why = shorten(reason_words(resolution.reasons[0]), 300)
        yield from labelled("Why", why + more_reasons(resolution.reasons))
    else:
        yield from labelled("Why", why_kvm_starts(resolution))
    yield from labelled("Next", kvm_next_step(resolution))
    yield from labelled("Rests on", kvm_regions_source(resolution))


def _notes(resolution: KvmResolution) -> Iterator[str]:
    notes = resolution_notes(resolution)
    if notes:
        yield ""
        yield "Note"
    for line in notes:
        yield from paragraph(line, indent=2, hang=2)


def _devices(resolution: KvmResolution, *, whole: bool) -> Iterator[str]:
    if not resolution.functions:
        return
    yield ""
    yield "Devices"
    rows = [
        (
            str(function.sbdf),
            function.device.text,
            function.device.place,
            toned(DEVICE_WORDS[function.verdict], VERDICT_TONES[function.verdict]),
        )
        for function in resolution.functions
    ]
    kept = rows if whole or len(rows) <= _MOST_DEVICES + 1 else rows[:_MOST_DEVICES]
    yield from render(kept)
    if len(kept) < len(rows):
        yield f"  … and {len(rows) - len(kept)} more (--details shows all)"


def _memory(resolution: KvmResolution) -> Iterator[str]:
    if not resolution.functions:
        return
    yield ""
    yield from paragraph(f"Guest memory: {kvm_memory_words(resolution)}", hang=2)
