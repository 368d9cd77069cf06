"""The answer about an attached device, for people."""

from collections.abc import Iterator

from dmaragent.policy.hotplug import Hotplug
from dmaragent.policy.words import capitalized
from dmaragent.present.escaping import shorten, visible
from dmaragent.present.screen import toned
from dmaragent.present.text.resolve import reason_lines
from dmaragent.present.text.resolve_short import MOST_NAME
from dmaragent.present.text.tables import paragraph
from dmaragent.present.text.tones import verdict_tone
from dmaragent.present.words.guest import list_limits, stack_words
from dmaragent.present.words.hotplug import (
    hotplug_key_ignored,
    hotplug_policy,
    hotplug_prerequisite,
    hotplug_setting_ignored,
    hotplug_verdict,
    nothing_overlaps,
)


def hotplug_text(hotplug: Hotplug) -> Iterator[str]:
    """Yield the lines of the answer: verdict, reasons, policy, fixes, assumptions."""
    source = hotplug.guest.source
    guest = shorten(hotplug.guest.name or source, MOST_NAME)
    text = shorten(hotplug.text, MOST_NAME)
    verdict = toned(hotplug_verdict(hotplug), verdict_tone(hotplug.verdict, hotplug.warnings))
    yield from paragraph(f"{text} into {guest}: {verdict} ({stack_words(hotplug.stack)})", hang=2)
    if not hotplug.decisions and not hotplug.warnings:
        yield from paragraph(f"{nothing_overlaps(hotplug)}.", indent=2)
    for title, decisions in (("Reasons", hotplug.decisions), ("Warnings", hotplug.warnings)):
        if decisions:
            yield from ["", title, *reason_lines(decisions, source)]
    if hotplug.advice:
        yield from ["", "Fixes, safest first, each tested by attaching the device again"]
    for number, advice in enumerate(hotplug.advice, 1):
        yield from paragraph(f"{number}. {visible(advice)}.", indent=2, hang=3)
    yield ""
    yield from paragraph(f"{hotplug_policy(hotplug)}.", hang=2)
    ignored = [] if hotplug.pci is None else map(hotplug_key_ignored, hotplug.pci.ignored)
    settings = map(hotplug_setting_ignored, hotplug.ignored_settings)
    steps = map(hotplug_prerequisite, hotplug.prerequisites)
    for line in (*ignored, *settings, *steps):
        yield from paragraph(f"{visible(line)}.", hang=2)
    limits = [hotplug.stack.origin, *list_limits(hotplug.host)]
    yield from paragraph(" ".join(f"{capitalized(limit)}." for limit in limits if limit))
