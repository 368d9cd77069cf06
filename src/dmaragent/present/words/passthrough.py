"""The verdicts on a device and its fixes, in words."""

from collections.abc import Sequence

from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.claims import Owner
from dmaragent.iommu.vendor import iommu_vendor
from dmaragent.passthrough import linux_words, words
from dmaragent.passthrough.model import Can, Case, PlatformVerdict, ToolstackPolicy
from dmaragent.present.screen import Tone, toned
from dmaragent.present.words.numbers import count, numbered_regions, rough_size_words
from dmaragent.present.words.region import (
    is_in_ram,
    memory_type_words,
    owner_words,
    region_size,
)
from dmaragent.remedies.remedy import DeviceRemedy, Safety
from dmaragent.xen.reserved_list.model import ListSource

CAN_WORDS = words.CAN_WORDS
ALLOWED_WITH_RISK = words.ALLOWED_WITH_RISK
verdict_word = words.verdict_word

FIXES = "Fixes, safest first"
LINUX_CASES = "Linux (VFIO), case by case"
TOOLSTACKS = "Default policy by toolstack"
ASSUMPTION = "Release"
"""The label of the line on how the release of Xen is known."""
LINUX_BELOW_XEN = linux_words.XEN_OWNS_IOMMU_IN_SHORT

_TONES = {
    Can.YES: Tone.GOOD,
    Can.CONDITIONS: Tone.CARE,
    Can.NO: Tone.BAD,
    Can.UNKNOWN: Tone.CARE,
    Can.NOT_APPLICABLE: None,
}
_SAFETY_WORDS = {
    Safety.NEEDED: "required first",
    Safety.SAFE: "no risk",
    Safety.FIRMWARE: "firmware",
    Safety.RISK: "risk",
}
_NAMED = 2
"""A line names this many owners of a region and counts the rest."""


def verdict_sentence(verdict: PlatformVerdict) -> str:
    """Return a verdict with its reason or condition; its word is in its colour."""
    word, separator = words.before_reason(verdict.can, verdict.explanation, risk=verdict.risk)
    colour = can_tone(verdict.can, risk=verdict.risk)
    return f"{toned(word, colour)}{separator}{verdict.explanation}"


def xen_would_decide(verdict: PlatformVerdict) -> str:
    """Return Xen's verdict on a host where Linux alone decides."""
    return f"this host does not run Xen. With Xen: {verdict_sentence(verdict)}"


def toolstack_policy(toolstack: ToolstackPolicy) -> str:
    """Return the default policy of a device with a toolstack, and the verdict with it."""
    condition = toolstack.can is Can.CONDITIONS and toolstack.summary
    verdict = (
        words.with_verdict_word(toolstack.can, toolstack.summary, risk=toolstack.risk)
        if condition
        else verdict_word(toolstack.can, risk=toolstack.risk)
    )
    return f"{toolstack.toolstack}: {toolstack.policy}, {verdict}. {toolstack.explanation}"


def step_title(step: DeviceRemedy) -> str:
    """Return a fix with its side and its safety."""
    side = f"{step.side}, " if step.side else ""
    return f"{step.title} [{side}{_SAFETY_WORDS[step.safety]}]"


def step_in_short(step: DeviceRemedy, *, with_side: bool) -> str:
    """Return a fix in a few words; `with_side`: either side may decide."""
    what = step.brief or step.title
    if step.safety is Safety.NEEDED:
        what = f"First: {what if step.brief else what[:1].lower() + what[1:]}"
    side = f" ({step.side})" if with_side and step.side and not step.brief else ""
    return f"{what}{side}"


def case_verdict(case: Case) -> str:
    """Return a case with its verdict and its reason."""
    if case.can is Can.CONDITIONS and case.summary:
        verdict = words.with_verdict_word(case.can, case.summary, risk=case.risk)
    else:
        verdict = verdict_word(case.can, risk=case.risk)
    return f"{case.title}: {verdict}. {case.explanation}"


def steps_place(where: str) -> str:
    """Return the place for the lines of a step."""
    return f"In {where}:"


def xen_cases(origin: str) -> str:
    """Return the heading of Xen's cases; `origin`: how its release is known."""
    return f"Xen, case by case. {origin}." if origin else "Xen, case by case"


def case_message(case: Case) -> str:
    """Return the message that is printed in a case."""
    return f'Message: "{case.message}"'


def case_source(case: Case) -> str:
    """Return the rule of a case, its error and its releases; or empty."""
    parts = []
    if case.rule is not None:
        parts.append(
            f"{case.rule.source}, {case.rule.error}" if case.rule.error else case.rule.source
        )
    if case.releases:
        parts.append(case.releases)
    return f"({'; '.join(parts)})" if parts else ""


# The short form -------------------------------------------------------------------------


def policy_row(case: Case) -> tuple[str, str, str]:
    """Return a policy, the verdict word, and the reason or condition."""
    return (case.title, *_word_and_reason(case.can, case.summary, risk=case.risk))


def verdict_row(verdict: PlatformVerdict) -> tuple[str, str]:
    """Return a verdict as its word and its reason or condition."""
    return _word_and_reason(verdict.can, verdict.explanation, risk=verdict.risk)


def _word_and_reason(can: Can, reason: str, *, risk: bool) -> tuple[str, str]:
    """Return the verdict word in its colour, and the reason."""
    conditional = can is Can.CONDITIONS and not risk and reason.startswith("if ")
    word = "allowed" if conditional else verdict_word(can, risk=risk)
    return toned(word, can_tone(can, risk=risk)), reason


def can_tone(can: Can, *, risk: bool = False) -> Tone | None:
    """Return the colour of a verdict."""
    return Tone.CARE if risk and can is Can.YES else _TONES[can]


def regions_label(regions: Sequence[Region]) -> str:
    """Return the label of a group of regions: their numbers."""
    return numbered_regions(region.number for region in regions).capitalize()


def regions_in_short(
    inventory: Inventory, regions: Sequence[Region], others: Sequence[Owner]
) -> str:
    """Return size and sharers of a group of regions, and what is unusual: for Xen, or RAM."""
    first = regions[0]
    if len(regions) == 1:
        what = f"{first.place}, {region_size(first)}"
    else:
        kind = count(len(regions), first.entry.structure.partition(" ")[0])
        what = f"{kind}, {rough_size_words(sum(region.size for region in regions))}"
    names = ", ".join(owner_words(owner).removeprefix("0000:") for owner in others[:_NAMED])
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    also = "also for" if inventory.xen.ivrs is not None else "shared with"
    shared = f", {also} {names}{more}" if others else ""
    return "; ".join([f"{what}{shared}", *_exceptions(inventory, first, many=len(regions) > 1)])


def _exceptions(inventory: Inventory, region: Region, *, many: bool) -> list[str]:
    mark = " (predicted)" if inventory.xen.list.source is ListSource.PREDICTED else ""
    facts = []
    if region.xen.listed is None and region.xen.reason:
        unknown = "depends on the release" if region.xen.by_release else "is unknown"
        facts.append(f"Xen's list {unknown}{mark}: {region.xen.reason}")
    elif region.xen.listed is False:
        off = inventory.xen.list.iommu_disabled  # the verdict has the whole reason
        technology = iommu_vendor(inventory.host).technology
        why = f"Xen switches {technology} off" if off else region.xen.reason
        facts.append(f"Xen does not list {'them' if many else 'it'}{mark}: {why}")
    if is_in_ram(region):
        facts.append(f"memory map: {memory_type_words(region)}")
    return facts


def more_regions(number: int) -> str:
    """Return how many regions are left out."""
    return f"{count(number, 'more region')}: see --details"


def more_problems(number: int) -> str:
    """Return how many failed readings are left out."""
    return f"Not read: {count(number, 'more reading')}: see --details"


MORE = "Commands to paste, all regions and the rules:"
"""The line above the command with ``--details``."""


def not_read(problem: str) -> str:
    """Return that a reading failed."""
    return f"Not read: {problem}"
