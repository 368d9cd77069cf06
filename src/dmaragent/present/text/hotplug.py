"""What becomes of an attached device, for people."""

from collections.abc import Iterator

from dmaragent.policy.decisions import Verdict
from dmaragent.policy.hotplug import Hotplug
from dmaragent.present.escaping import shorten
from dmaragent.present.text.resolve import MOST_NAME, reason_lines
from dmaragent.present.text.tables import labelled, paragraph
from dmaragent.present.words.guest import (
    HOTPLUG_WORDS,
    hotplug_policy_origin,
    list_words,
    reason_words,
    stack_words,
)


def hotplug_text(found: Hotplug) -> Iterator[str]:
    """Give the lines of the answer: verdict, reason, what to do, what it rests on."""
    guest = shorten(found.guest.name or found.guest.source, MOST_NAME)
    text = shorten(found.text, MOST_NAME)
    verdict = HOTPLUG_WORDS[found.verdict]
    if found.verdict is Verdict.STARTS and found.warnings:
        verdict += ", with a warning" if len(found.warnings) == 1 else ", with warnings"
    yield from paragraph(f"{text} into {guest}: {verdict} ({stack_words(found.stack)})", hang=2)
    told = found.decisions or found.warnings
    why = "none of its regions overlaps guest RAM or a BAR of an emulated device"
    if told:
        more = f" ({len(told) - 1} more below)" if len(told) > 1 else ""
        why = shorten(reason_words(told[0])) + more
    yield from labelled("Why", why)
    if found.pci is not None:
        yield from labelled("Policy", f"{found.policy.value}: {hotplug_policy_origin(found)}")
        for key in found.pci.ignored:
            yield from labelled("Beware", f"this xl ignores '{key}': it knows no such key")
    for one in found.ignored_settings:
        yield from labelled("Beware", shorten(f"of the guest's configuration: {one}"))
    for one in found.advice:
        yield from labelled("Remedy", shorten(one))
    for line in found.prerequisites:
        yield from labelled("First", line)
    limits = [found.stack.origin, *list_words(found.host)]
    yield from labelled("Rests on", "; ".join(one for one in limits if one))
    for title, decisions in (
        ("All that stands in the way, in order", found.decisions),
        ("Warnings", found.warnings),
    ):
        if len(decisions) > (decisions is told):  # the only one stands above
            yield ""
            yield title
            yield from reason_lines(decisions, None)
