"""KVM guests in a report, and the links to all guests."""

from collections.abc import Sequence

from dmaragent.answers.guest import Answer
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.present.html.guests import guest_section, guest_title, reason_item
from dmaragent.present.html.markup import NOTHING, Markup, element, several
from dmaragent.present.html.parts import Section, bullets, facts, section, table
from dmaragent.present.html.words import guest_mark
from dmaragent.present.text.kvm import (
    DEVICE_WORDS,
    kvm_stack_words,
    memory_words,
    next_step,
    regions_source,
    why_kvm_starts,
)
from dmaragent.present.text.resolve import reason_groups

_MOST = 64
"""Devices that are listed of a guest; ``dmaragent resolve`` lists all."""


def guest_links(answers: Sequence[Answer | KvmResolution]) -> Markup:
    """Return a line for each guest with its verdict, which leads to its section."""
    return several(
        *(
            element(
                "p",
                element("a", _title(one), href=f"#guest-{number}"),
                ": ",
                guest_mark(one if isinstance(one, KvmResolution) else one.resolution),
            )
            for number, one in enumerate(answers, 1)
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


def _kvm_section(number: int, found: KvmResolution) -> Section:
    mark = guest_mark(found)
    rows = [
        (str(one.sbdf), one.device.text, one.device.place, DEVICE_WORDS[one.verdict])
        for one in found.functions[:_MOST]
    ]
    left = len(found.functions) - len(rows)
    known = [
        ("Guest memory", memory_words(found)),
        ("Regions", regions_source(found)),
        ("Next", next_step(found)),
    ]
    return section(
        f"guest-{number}",
        _title(found),
        element("p", mark, f" ({kvm_stack_words(found)})", class_="lead"),
        _reasons(found),
        facts(known),
        table("Devices", ("Device", "Setting", "Place", "Verdict"), rows) if rows else None,
        element("p", f"and {left} more: dmaragent resolve --details lists all") if left else None,
        _notes(found),
    )


def _reasons(found: KvmResolution) -> Markup:
    if not found.reasons:
        said = why_kvm_starts(found)
        return element("p", said[:1].upper() + said[1:] + ".")
    title = "Warnings" if found.verdict is Verdict.STARTS else "Why"
    groups = reason_groups(found.reasons)
    return element("div", element("h3", title), bullets(map(reason_item, groups)))


def _notes(found: KvmResolution) -> Markup:
    told = [f"{one.place}: {one.text}" for one in found.guest.notes]
    told += [f"Before it can start: {line}" for line in found.prerequisites]
    return element("div", element("h3", "Notes"), bullets(told)) if told else NOTHING
