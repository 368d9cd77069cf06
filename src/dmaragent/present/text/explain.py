"""The text of ``dmaragent explain``: short by default, or with all cases, rules and commands."""

from collections.abc import Iterator, Sequence

from dmaragent.answers.explain import Explanation
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.claims import Owner
from dmaragent.passthrough.model import Can, Case, PlatformVerdict
from dmaragent.policy.resolution import Stack
from dmaragent.present.escaping import visible
from dmaragent.present.text.inventory import device_facts, limits_text, published_text, regions_text
from dmaragent.present.text.tables import labelled, paragraph, render
from dmaragent.present.words.device import device_headline
from dmaragent.present.words.passthrough import (
    ASSUMPTION,
    FIXES,
    LINUX_BELOW_XEN,
    LINUX_CASES,
    MORE,
    TOOLSTACKS,
    case_message,
    case_source,
    case_verdict,
    more_problems,
    more_regions,
    not_read,
    policy_row,
    regions_in_short,
    regions_label,
    step_in_short,
    step_title,
    steps_place,
    toolstack_policy,
    verdict_row,
    verdict_sentence,
    xen_cases,
    xen_would_decide,
)
from dmaragent.present.words.region import is_in_ram
from dmaragent.remedies.remedy import DeviceRemedy

_MOST_REGIONS = 4
"""The short form shows this many groups of regions and counts the rest."""
_MOST_PROBLEMS = 2
_REGIONS_COLUMN = 13


# Both forms ------------------------------------------------------------------------------


def _first_lines(
    inventory: Inventory, explanation: Explanation, function: PciFunction | None
) -> Iterator[str]:
    """Yield the device, its warnings, and what limits the answer."""
    yield from paragraph(device_headline(explanation.sbdf, function), hang=2)
    for warning in _warnings(explanation):
        yield from paragraph(warning, hang=2)
    yield from limits_text(inventory)


def _warnings(explanation: Explanation) -> list[str]:
    """Return the warnings of lost data or lost access, each once."""
    of_remedies = [remedy.warning for remedy in explanation.remedies if remedy.warning]
    of_notes = [note for note in explanation.essential_notes if note.startswith("Warning:")]
    return list(dict.fromkeys([*of_remedies, *of_notes]))


def _without_warnings(explanation: Explanation, notes: Sequence[str]) -> list[str]:
    """Return the notes that the first lines do not have already."""
    warnings = _warnings(explanation)
    return [note for note in notes if note not in warnings]


# The short form -------------------------------------------------------------------------


def explain_text(
    inventory: Inventory,
    explanation: Explanation,
    stack: Stack,
    source: str = "",
    details: str = "",
) -> Iterator[str]:
    """Yield the lines of ``dmaragent explain``; `inventory` is limited to the device.

    The short form has every verdict, condition, assumption and warning of the long one.  `source`
    is the source of the answer, `details` the command for the long form; either may be empty.
    """
    function = inventory.host.topology.known.get(explanation.sbdf)
    yield from _first_lines(inventory, explanation, function)
    yield ""
    yield from render(_verdict_rows(explanation))
    if inventory.regions:
        yield from ["", *_regions_in_short(inventory, explanation, function)]
    yield from _fixes_in_short(explanation)
    yield ""
    for note in _without_warnings(explanation, explanation.essential_notes):
        yield from paragraph(note, hang=2)
    yield from labelled("Source", source) if source else ()
    if explanation.xen.cases and stack.origin and explanation.decides != ("linux",):
        yield from labelled(ASSUMPTION, stack.origin)
    yield from _problems_in_short(inventory.host.problems)
    if details:
        yield from [MORE, f"  {visible(details)}"]


def _verdict_rows(explanation: Explanation) -> Iterator[tuple[str, str, str, str]]:
    """Yield the rows of both sides; the side that decides on this host comes first."""
    xen, linux = list(_xen_rows(explanation)), ("Linux", "", *verdict_row(explanation.linux))
    if explanation.decides == ("xen",):
        below = PlatformVerdict(can=Can.NOT_APPLICABLE, explanation=LINUX_BELOW_XEN)
        linux = ("Linux", "", *verdict_row(below))
    yield from [linux, *xen] if explanation.decides == ("linux",) else [*xen, linux]


def _xen_rows(explanation: Explanation) -> Iterator[tuple[str, str, str, str]]:
    xen = explanation.xen
    policies = [case for case in xen.cases if case.title in ("strict", "relaxed")]
    if explanation.decides == ("linux",):
        verdict = PlatformVerdict(can=Can.NOT_APPLICABLE, explanation=xen_would_decide(xen))
        yield ("Xen", "", *verdict_row(verdict))
        return
    if xen.can is Can.UNKNOWN or not policies:
        yield ("Xen", "", *verdict_row(xen))
    else:
        for number, case in enumerate(policies):
            yield ("" if number else "Xen", *policy_row(case))
    for case in xen.cases if policies else ():
        if case.can is Can.CONDITIONS and case.title in ("bridge scope", "virtual functions exist"):
            yield ("", *policy_row(case))


def _regions_in_short(
    inventory: Inventory, explanation: Explanation, function: PciFunction | None
) -> Iterator[str]:
    """Yield a line for each group of regions with the same owners and the same views."""
    own = {explanation.sbdf} if function is None else {explanation.sbdf, function.dma_device}
    groups: dict[tuple[object, ...], list[Region]] = {}
    others: dict[tuple[object, ...], list[Owner]] = {}
    for region in inventory.regions:
        sharers = [owner for owner in region.owners if owner.sbdf not in own]
        key: tuple[object, ...] = (
            tuple(owner.sbdf or owner.as_written for owner in sharers),
            region.xen.listed,
            region.xen.reason,
            region.memory if is_in_ram(region) else "",
        )
        groups.setdefault(key, []).append(region)
        others.setdefault(key, sharers)
    shown = list(groups.items())[:_MOST_REGIONS]
    widest = max(len(regions_label(regions)) for _, regions in shown)
    for key, regions in shown:
        yield from labelled(
            regions_label(regions),
            regions_in_short(inventory, regions, others[key]),
            column=max(_REGIONS_COLUMN, widest + 2),
        )
    left = sum(len(regions) for regions in list(groups.values())[_MOST_REGIONS:])
    if left:
        yield more_regions(left)


def _fixes_in_short(explanation: Explanation) -> Iterator[str]:
    """Yield a line for each step: what to do, and its cost."""
    with_side = len(explanation.decides) > 1
    rows = [
        (str(number), step_in_short(step, with_side=with_side), step.cost)
        for number, step in enumerate(explanation.remedies, 1)
    ]
    if rows:
        yield from ["", FIXES, *render(rows)]


def _problems_in_short(problems: Sequence[str]) -> Iterator[str]:
    for problem in problems[:_MOST_PROBLEMS]:
        yield from paragraph(not_read(problem), hang=2)
    if len(problems) > _MOST_PROBLEMS:
        yield more_problems(len(problems) - _MOST_PROBLEMS)


# The long form --------------------------------------------------------------------------


def explain_details_text(
    inventory: Inventory, explanation: Explanation, stack: Stack, source: str = ""
) -> Iterator[str]:
    """Yield the lines of ``dmaragent explain --details``; arguments as for the short form."""
    function = inventory.host.topology.known.get(explanation.sbdf)
    yield from _first_lines(inventory, explanation, function)
    yield ""
    yield from _verdicts(explanation)
    yield from labelled("Source", source) if source else ()
    if function is not None:
        yield from ["", "Device", *device_facts(inventory, function)]
    yield from _steps(explanation.remedies)
    if inventory.regions:
        yield from ["", "Regions", *regions_text(inventory)]
    yield from published_text(inventory)
    if explanation.xen.cases:
        yield from ["", *paragraph(xen_cases(stack.origin), hang=2)]
        yield from _cases(explanation.xen.cases)
    if explanation.linux.cases:
        yield from ["", LINUX_CASES, *_cases(explanation.linux.cases)]
    if explanation.toolstacks:
        yield from ["", TOOLSTACKS]
        for toolstack in explanation.toolstacks:
            yield from paragraph(toolstack_policy(toolstack), indent=2, hang=2)
    if notes := _without_warnings(explanation, explanation.notes):
        yield from ["", "Notes"]
        for note in notes:
            yield from paragraph(note, indent=2, hang=2)
    for problem in inventory.host.problems:
        yield from ["", *paragraph(not_read(problem), hang=2)]


def _verdicts(explanation: Explanation) -> Iterator[str]:
    """Yield the two verdicts; the side that decides on this host comes first."""
    linux = verdict_sentence(explanation.linux)
    if explanation.decides == ("linux",):
        yield from labelled("Linux", linux)
        yield from labelled("Xen", f"not applicable: {xen_would_decide(explanation.xen)}")
    else:
        yield from labelled("Xen", verdict_sentence(explanation.xen))
        yield from labelled("Linux", linux)


def _steps(steps: Sequence[DeviceRemedy]) -> Iterator[str]:
    if steps:
        yield from ["", FIXES]
    for number, step in enumerate(steps, 1):
        yield from paragraph(f"{number:3}  {step_title(step)}", hang=5)
        yield from paragraph(step.explanation, indent=5)
        if step.lines:
            yield f"     {steps_place(step.where)}"
            yield from (f"      {line}" for line in step.lines)


def _cases(cases: Sequence[Case]) -> Iterator[str]:
    for case in cases:
        yield from paragraph(case_verdict(case), indent=2, hang=2)
        if case.message:
            yield from paragraph(case_message(case), indent=4, hang=2)
        yield from paragraph(case_source(case), indent=4, hang=1)
