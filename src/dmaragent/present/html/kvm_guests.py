"""KVM guests in a report, and the links to all guests."""

from collections.abc import Sequence

from dmaragent.answers.guest import Answer
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.present.html.guests import guest_section, guest_title, reason_item
from dmaragent.present.html.marks import guest_mark
from dmaragent.present.html.markup import NOTHING, Markup, element, several
from dmaragent.present.html.parts import Section, bullets, facts, section, table
from dmaragent.present.words.guest import (
    DEVICE_WORDS,
    kvm_memory_words,
    kvm_next_step,
    kvm_regions_source,
    kvm_stack_words,
    reason_groups,
    why_kvm_starts,
)

_MOST = 64
"""Devices that are listed of a guest; ``dmaragent resolve`` lists all."""


def guest_links(answers: Sequence[Answer | KvmResolution]) -> Markup:
    """Return a line for each guest with its verdict, which leads to its section."""
    return several(
        *(
            element(
                "p",
                element("a", _title(answer), href=f"#guest-{number}"),
                ": ",
                guest_mark(answer if isinstance(answer, KvmResolution) else answer.resolution),
            )
            for number, answer in enumerate(answers, 1)
        )
    )


def any_guest_section(number: int, answer: Answer | KvmResolution) -> Section:
    """Return the section of one guest, whoever runs it."""
    if isinstance(answer, KvmResolution):
        return _kvm_section(number, answer)
    return guest_section(number, answer)


def _title(answer: Answer | KvmResolution) -> str:
    if isinstance(answer, KvmResolution):
        return f"Guest {answer.guest.name or answer.guest.source}"
    return guest_title(answer)


def _kvm_section(number: int, resolution: KvmResolution) -> Section:
    mark = guest_mark(resolution)
    rows = [
        (
            str(function.sbdf),
            function.device.text,
            function.device.place,
            DEVICE_WORDS[function.verdict],
        )
        for function in resolution.functions[:_MOST]
    ]
    left = len(resolution.functions) - len(rows)
    known = [
        ("Guest memory", kvm_memory_words(resolution)),
        ("Regions", kvm_regions_source(resolution)),
        ("Next", kvm_next_step(resolution)),
    ]
    return section(
        f"guest-{number}",
        _title(resolution),
        element("p", mark, f" ({kvm_stack_words(resolution)})", class_="lead"),
        _reasons(resolution),
        facts(known),
        table("Devices", ("Device", "Setting", "Place", "Verdict"), rows) if rows else None,
        element("p", f"and {left} more: dmaragent resolve --details lists all") if left else None,
        _notes(resolution),
    )


def _reasons(resolution: KvmResolution) -> Markup:
    if not resolution.reasons:
        sentence = why_kvm_starts(resolution)
        return element("p", sentence[:1].upper() + sentence[1:] + ".")
    title = "Warnings" if resolution.verdict is Verdict.STARTS else "Why"
    groups = reason_groups(resolution.reasons)
    return element("div", element("h3", title), bullets(map(reason_item, groups)))


def _notes(resolution: KvmResolution) -> Markup:
    notes = [f"{note.place}: {note.text}" for note in resolution.guest.notes]
    notes += [f"Before it can start: {line}" for line in resolution.prerequisites]
    return element("div", element("h3", "Notes"), bullets(notes)) if notes else NOTHING
