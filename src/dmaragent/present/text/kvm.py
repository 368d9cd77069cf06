"""The answer about a KVM guest: verdict, reason and next command; or all details."""

from collections.abc import Iterator

from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.words import capitalized
from dmaragent.present.escaping import shorten, visible
from dmaragent.present.screen import toned
from dmaragent.present.text.resolve import reason_lines
from dmaragent.present.text.resolve_short import MOST_NAME, short_reasons
from dmaragent.present.text.tables import paragraph, render
from dmaragent.present.text.tones import VERDICT_TONES, verdict_tone
from dmaragent.present.words.guest import (
    details_words,
    line_words,
    resolution_notes,
    verdict_with_harm,
)
from dmaragent.present.words.kvm_guest import (
    DEVICE_WORDS,
    kvm_memory_words,
    kvm_next_command,
    kvm_regions_source,
    kvm_stack_words,
    why_kvm_starts,
)


def kvm_short_text(resolution: KvmResolution, host: str | None, recorded: str) -> Iterator[str]:
    """Yield the lines of the short answer.

    `host` is the path of another host than this one, `recorded` its words.
    """
    source = resolution.guest.source
    reasons, left = short_reasons(resolution.verdict, resolution.reasons, source)
    yield from _verdict_lines(resolution)
    yield from reasons or paragraph(f"{capitalized(why_kvm_starts(resolution))}.", indent=2)
    for line in resolution_notes(resolution):
        yield from paragraph(f"{line}.", indent=2, hang=2)
    yield from paragraph(f"{kvm_regions_source(resolution)}.")
    yield from paragraph(recorded)
    yield from _next_lines(resolution, host)
    yield details_words(0, left, 0)


def kvm_text(resolution: KvmResolution, host: str | None) -> Iterator[str]:
    """Yield all lines of one answer; `host` is the path of another host than this one."""
    yield from _verdict_lines(resolution)
    yield from paragraph(f"{kvm_regions_source(resolution)}.")
    yield ""
    if resolution.reasons:
        yield "Warnings" if resolution.verdict is Verdict.STARTS else "Reasons"
        yield from reason_lines(resolution.reasons, resolution.guest.source)
    else:
        yield from paragraph(f"It starts: {why_kvm_starts(resolution)}.", hang=2)
    notes = resolution_notes(resolution)
    if notes:
        yield ""
        yield "Notes"
    for line in notes:
        yield from paragraph(line, indent=2, hang=2)
    yield from _devices(resolution)
    yield from ["", *_next_lines(resolution, host)] if resolution.reasons else []


def _verdict_lines(resolution: KvmResolution) -> list[str]:
    name = shorten(resolution.guest.name or resolution.guest.source, MOST_NAME)
    tone = verdict_tone(resolution.verdict, resolution.reasons)
    verdict = toned(verdict_with_harm(resolution), tone)
    return paragraph(f"{name}: {verdict} ({visible(kvm_stack_words(resolution))})", hang=2)


def _next_lines(resolution: KvmResolution, host: str | None) -> list[str]:
    command = kvm_next_command(resolution, host)
    return [f"Next: {visible(command)}"] if command else []


def _devices(resolution: KvmResolution) -> Iterator[str]:
    if not resolution.functions:
        return
    source = resolution.guest.source
    yield ""
    yield "Devices"
    yield from render(
        (
            str(function.sbdf),
            function.device.text,
            line_words(function.device.place, source),
            toned(DEVICE_WORDS[function.verdict], VERDICT_TONES[function.verdict]),
        )
        for function in resolution.functions
    )
    yield ""
    yield from paragraph(f"Guest memory: {kvm_memory_words(resolution)}", hang=2)
