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


def hotplug_text(hotplug: Hotplug) -> Iterator[str]:
    """Give the lines of the answer: verdict, reason, what to do, what it rests on."""
    guest = shorten(hotplug.guest.name or hotplug.guest.source, MOST_NAME)
    text = shorten(hotplug.text, MOST_NAME)
    verdict = HOTPLUG_WORDS[hotplug.verdict]
    if hotplug.verdict is Verdict.STARTS and hotplug.warnings:
        verdict += ", with a warning" if len(hotplug.warnings) == 1 else ", with warnings"
    yield from paragraph(f"{text} into {guest}: {verdict} ({stack_words(hotplug.stack)})", hang=2)
    reasons = hotplug.decisions or hotplug.warnings
    why = "none of its regions overlaps guest RAM or a BAR of an emulated device"
    if reasons:
        more = f" ({len(reasons) - 1} more below)" if len(reasons) > 1 else ""
        why = shorten(reason_words(reasons[0])) + more
    yield from labelled("Why", why)
    if hotplug.pci is not None:
        yield from labelled("Policy", f"{hotplug.policy.value}: {hotplug_policy_origin(hotplug)}")
        for key in hotplug.pci.ignored:
            yield from labelled("Beware", f"this xl ignores '{key}': it knows no such key")
    for setting in hotplug.ignored_settings:
        yield from labelled("Beware", shorten(f"of the guest's configuration: {setting}"))
    for advice in hotplug.advice:
        yield from labelled("Remedy", shorten(advice))
    for line in hotplug.prerequisites:
        yield from labelled("First", line)
    limits = [hotplug.stack.origin, *list_words(hotplug.host)]
    yield from labelled("Rests on", "; ".join(limit for limit in limits if limit))
    for title, decisions in (
        ("All that stands in the way, in order", hotplug.decisions),
        ("Warnings", hotplug.warnings),
    ):
        if len(decisions) > (decisions is reasons):  # the only one stands above
            yield ""
            yield title
            yield from reason_lines(decisions, None)
