"""Verdicts on a device, and the fixes for it, in words."""

from collections.abc import Sequence

from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.model import Owner
from dmaragent.passthrough import words
from dmaragent.passthrough.model import Can, Case, PlatformVerdict, ToolstackPolicy
from dmaragent.present.escaping import visible
from dmaragent.present.words.numbers import count, rough_size_words, span_words
from dmaragent.present.words.region import owner_words, region_size
from dmaragent.remedies.remedy import DeviceRemedy, Safety
from dmaragent.xen.reserved_list.model import ListSource

CAN_WORDS = words.CAN_WORDS
ALLOWED_WITH_RISK = words.ALLOWED_WITH_RISK
verdict_word = words.verdict_word

FIXES = "Fixes, safest first"
LINUX_CASES = "Linux (VFIO), case by case"
TOOLSTACKS = "Default policy by toolstack"
ASSUMPTION = "Release"
"""The label of how the release of Xen is known."""
LINUX_BELOW_XEN = words.XEN_OWNS_IOMMU_IN_SHORT

_SAFETY_WORDS = {
    Safety.NEEDED: "required first",
    Safety.SAFE: "no risk",
    Safety.FIRMWARE: "firmware",
    Safety.RISK: "risk",
}
_NAMED = 2
"""More owners of a region than that are counted."""


def verdict_sentence(verdict: PlatformVerdict) -> str:
    """Return a verdict with its reason or condition."""
    return words.with_verdict_word(verdict.can, verdict.explanation, risk=verdict.risk)


def xen_would_decide(verdict: PlatformVerdict) -> str:
    """Return Xen's verdict on a host where Linux alone decides."""
    return f"this host does not run Xen. With Xen: {verdict_sentence(verdict)}"


def toolstack_policy(toolstack: ToolstackPolicy) -> str:
    """Return which policy a device gets by default from a toolstack, and the verdict with it."""
    condition = toolstack.can is Can.CONDITIONS and toolstack.summary
    verdict = (
        words.with_verdict_word(toolstack.can, toolstack.summary, risk=toolstack.risk)
        if condition
        else verdict_word(toolstack.can, risk=toolstack.risk)
    )
    return f"{toolstack.toolstack}: {toolstack.policy}, {verdict}. {toolstack.explanation}"


def step_title(step: DeviceRemedy) -> str:
    """Return what to do, on which side, and how safe it is."""
    side = f"{step.side}, " if step.side else ""
    return f"{step.title} [{side}{_SAFETY_WORDS[step.safety]}]"


def step_in_short(step: DeviceRemedy, *, with_side: bool) -> str:
    """Return what to do in a few words; `with_side`: both sides may decide."""
    what = step.brief or step.title
    if step.safety is Safety.NEEDED:
        what = f"First: {what if step.brief else what[:1].lower() + what[1:]}"
    side = f" ({step.side})" if with_side and step.side and not step.brief else ""
    return f"{what}{side}"


def case_verdict(case: Case) -> str:
    """Return a case, whether the device can be passed through in it, and why."""
    if case.can is Can.CONDITIONS and case.summary:
        verdict = words.with_verdict_word(case.can, case.summary, risk=case.risk)
    else:
        verdict = verdict_word(case.can, risk=case.risk)
    return f"{case.title}: {verdict}. {case.explanation}"


def steps_place(where: str) -> str:
    """Return where the lines of a step go."""
    return f"In {where}:"


def xen_cases(origin: str) -> str:
    """Return the heading of Xen's cases; `origin`: how its release is known."""
    return f"Xen, case by case ({origin})"


def case_message(case: Case) -> str:
    """Return what is printed in a case."""
    return f'Message: "{case.message}"'


def case_source(case: Case) -> str:
    """Return the rule behind a case, its error and the releases it holds for; empty if unknown."""
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
    """Return a policy, the verdict word and the reason or condition, without the word's "if"."""
    return (case.title, *_word_and_reason(case.can, case.summary, risk=case.risk))


def verdict_row(verdict: PlatformVerdict) -> tuple[str, str]:
    """Return a verdict as its word and its reason or condition."""
    return _word_and_reason(verdict.can, verdict.explanation, risk=verdict.risk)


def _word_and_reason(can: Can, reason: str, *, risk: bool) -> tuple[str, str]:
    if can is Can.CONDITIONS and not risk and reason.startswith("if "):
        return "allowed if", reason.removeprefix("if ")
    return verdict_word(can, risk=risk), reason


def regions_label(regions: Sequence[Region]) -> str:
    """Return the numbers of regions that are alike."""
    numbers = span_words(region.number for region in regions)
    return f"Region {numbers}" if len(regions) == 1 else f"Regions {numbers}"


def regions_in_short(
    inventory: Inventory, regions: Sequence[Region], others: Sequence[Owner]
) -> str:
    """Return size and sharers of regions that are alike, and where Xen or the memory map differ."""
    first = regions[0]
    if len(regions) == 1:
        what = f"{first.place}, {region_size(first)}"
    else:
        kind = count(len(regions), first.entry.structure)
        what = f"{kind}, {rough_size_words(sum(region.size for region in regions))}"
    names = "  ".join(owner_words(owner) for owner in others[:_NAMED])
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    shared = f", shared with {names}{more}" if others else ""
    return "; ".join([f"{what}{shared}", *_exceptions(inventory, first)])


def _exceptions(inventory: Inventory, region: Region) -> list[str]:
    mark = " (predicted)" if inventory.xen.list.source is ListSource.PREDICTED else ""
    facts = []
    if region.xen.listed is None and region.xen.reason:
        facts.append(f"Xen lists it depending on the release{mark}: {region.xen.reason}")
    elif region.xen.listed is False:
        facts.append(f"Xen does not list it{mark}: {region.xen.reason}")
    if region.memory is not None and region.memory.lower() != "reserved":
        facts.append(f"the memory map has {visible(region.memory)} there, not reserved")
    return facts


def more_regions(number: int) -> str:
    """Return how many regions are left out."""
    return f"{count(number, 'more region')}: see --details"


def more_problems(number: int) -> str:
    """Return how many problems of reading are left out."""
    return f"{count(number, 'more problem')} of reading the host: see --details"


MORE = "Commands to paste, all regions and the rules:"
"""What the next command shows, above that command."""


def not_read(problem: str) -> str:
    """Return what could not be read of the host."""
    return f"Not read: {problem}"
