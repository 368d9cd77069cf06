"""Xen's option ``ivmd=`` in words."""

from dmaragent.boot_option.ivmd_advice import devices_of, pages_of
from dmaragent.boot_option.ivmd_model import (
    CheckedIvmd,
    IvmdEffect,
    JudgedIvmd,
    WrittenIvmd,
)
from dmaragent.present.words.boot_option import (
    also_present,
    for_regions,
    release_words,
    unknown_acceptance,
)
from dmaragent.present.words.numbers import count, size_words
from dmaragent.xen.hypervisor.ivmd_ranges import MOST_RANGES, IvmdRange

OPTION_WORDS = "Option (in pages of 4 KiB; Xen reads every word)"
EFFECTS = {
    IvmdEffect.ACCEPTED: "accepted",
    IvmdEffect.NO_EFFECT: "no effect",
    IvmdEffect.SWITCHES_OFF: "switches AMD-Vi off",
    IvmdEffect.NOT_READ: "not read",
    IvmdEffect.UNKNOWN: "unknown",
}


def written_headline(option: WrittenIvmd) -> str:
    """Return for how many regions an option was written, and how many of Xen's places it needs."""
    xen = release_words(option.on)
    regions = for_regions(option.written, option.refused)
    if not option.written:
        return f"No ivmd= for {regions} ({xen})"
    use = f"{option.used} of Xen's {MOST_RANGES} ranges{also_present(option.present)}"
    use += unknown_acceptance(option.taken)
    return f"ivmd= for {regions}: {use} ({xen})"


def checked_headline(option: CheckedIvmd) -> str:
    """Return what Xen does with an option: the worst comes first."""
    xen = release_words(option.on)
    if not option.ranges:
        return f"Xen's command line has no ivmd= ({xen})"
    ranges = count(len(option.ranges), "range")
    if option.switches_off:
        return f"This ivmd= switches AMD-Vi off for the whole host ({xen})"
    if option.iommu_disabled:
        return f"AMD-Vi is off on this host, so ivmd= has no effect ({xen})"
    if option.taken is None and option.on.ivrs is None:
        return f"ivmd= is well formed ({ranges}), but was not checked against a host ({xen})"
    if option.taken is None:
        return f"Unknown whether Xen accepts all of ivmd= ({ranges}, {xen})"
    if option.taken:
        return f"Xen accepts ivmd= ({ranges}, {xen})"
    bad = sum(judged.taken is False for judged in option.ranges)
    if bad < len(option.ranges):
        return f"Xen does not accept {bad} of the {ranges} of ivmd= ({xen})"
    if bad == 1:
        return f"Xen does not accept this ivmd= ({xen})"
    return f"Xen accepts none of the {ranges} of ivmd= ({xen})"


def range_headline(judged: JudgedIvmd, text: str, *, checked: bool) -> str:
    """Return what Xen does with one range; not `checked`: there is no table."""
    word = EFFECTS[judged.effect]
    if judged.effect is IvmdEffect.UNKNOWN and not checked:
        word = "well formed, not checked"
    return f"{text or '(empty)'}: {word}"


def place_words(judged: JudgedIvmd) -> str:
    """Return at which character Xen stops reading; empty: it reads the range."""
    return f"At character {judged.read.position + 1}" if judged.read.ivmd is None else ""


def reason_words(judged: JudgedIvmd) -> str:
    """Return the reason of a verdict."""
    return f"{'Because' if judged.taken else 'Reason'}: {judged.reason}"


def read_as(read: IvmdRange) -> str:
    """Return what Xen reads in a range: its bytes, pages and devices; empty: nothing."""
    pages = pages_of(read)
    if pages is None:
        return ""
    many = pages.size >> 12
    sentence = f"Read as 0x{pages.start:x}-0x{pages.end - 1:x}, {count(many, 'page')} "
    devices = devices_of(read)
    named = "every device" if devices is None else "-".join(dict.fromkeys(map(str, devices)))
    return f"{sentence}({size_words(pages.size)}), for {named}"
