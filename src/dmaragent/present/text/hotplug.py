"""What becomes of an attached device, for people."""

from collections.abc import Iterator

from dmaragent.policy.hotplug import Hotplug
from dmaragent.present.escaping import shorten
from dmaragent.present.screen import toned
from dmaragent.present.text.resolve import MOST_NAME, reason_lines
from dmaragent.present.text.tables import labelled, paragraph
from dmaragent.present.text.tones import verdict_tone
from dmaragent.present.words.guest import list_words, stack_words
from dmaragent.present.words.hotplug import (
    hotplug_key_ignored,
    hotplug_policy,
    hotplug_setting_ignored,
    hotplug_verdict,
    hotplug_why,
)


def hotplug_text(hotplug: Hotplug) -> Iterator[str]:
    """Give the lines of the answer: verdict, reason, what to do, what it rests on."""
    guest = shorten(hotplug.guest.name or hotplug.guest.source, MOST_NAME)
    text = shorten(hotplug.text, MOST_NAME)
    tone = verdict_tone(hotplug.verdict, hotplug.warnings)
    verdict = toned(hotplug_verdict(hotplug), tone)
    yield from paragraph(f"{text} into {guest}: {verdict} ({stack_words(hotplug.stack)})", hang=2)
    reasons = hotplug.decisions or hotplug.warnings
    yield from labelled("Why", hotplug_why(reasons))
    if hotplug.pci is not None:
        yield from labelled("Policy", hotplug_policy(hotplug))
        for key in hotplug.pci.ignored:
            yield from labelled("Beware", hotplug_key_ignored(key))
    for setting in hotplug.ignored_settings:
        yield from labelled("Beware", shorten(hotplug_setting_ignored(setting)))
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
