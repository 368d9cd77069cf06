"""One device's story for people: the two verdicts first, then the facts, cases and what helps."""

from collections.abc import Iterator, Sequence

from dmaragent.answers.device import Explanation
from dmaragent.inventory import Inventory
from dmaragent.passthrough.model import Can, Case
from dmaragent.policy.resolver import Stack
from dmaragent.present.text.device_card import class_name, device_facts, device_name
from dmaragent.present.text.inventory import regions_text
from dmaragent.present.text.published import published_text
from dmaragent.present.text.summary import limits_text
from dmaragent.present.text.tables import labelled, paragraph
from dmaragent.remedies.remedy import DeviceRemedy, Safety

CAN_WORDS = {
    Can.YES: "yes",
    Can.CONDITIONS: "on conditions",
    Can.NO: "no",
    Can.UNKNOWN: "not known",
    Can.NOT_APPLICABLE: "not applicable",
}
SAFETY_WORDS = {
    Safety.NEEDED: "needed first",
    Safety.SAFE: "safe",
    Safety.FIRMWARE: "changes the firmware",
    Safety.RISK: "at a risk",
}


def explain_text(
    inventory: Inventory, told: Explanation, stack: Stack, source: str = ""
) -> Iterator[str]:
    """Give the lines of ``dmaragent explain``; `inventory` is narrowed to the device.

    `source` says where the answer comes from; empty: nothing is said of it.
    """
    function = inventory.host.topology.known.get(told.sbdf)
    what = "" if function is None else f" {class_name(function)}, {device_name(function)}"
    yield from paragraph(f"{told.sbdf}{what}", hang=2)
    yield from _verdicts(told)
    yield from labelled("Source", source) if source else ()
    yield from limits_text(inventory)
    if function is not None:
        yield from ["", "The device", *device_facts(inventory, function)]
    yield from _steps(told.remedies)
    if inventory.regions:
        yield from ["", "Its regions", *regions_text(inventory)]
    yield from published_text(inventory)
    if told.xen.cases:
        yield from ["", *paragraph(f"Xen, case by case ({stack.origin})", hang=2)]
        yield from _cases(told.xen.cases)
    if told.linux.cases:
        yield from ["", "Linux (VFIO), case by case", *_cases(told.linux.cases)]
    if told.toolstacks:
        yield from ["", "The policy it gets where nobody says one"]
        for one in told.toolstacks:
            head = f"{one.toolstack}: {one.policy}, which comes to: {CAN_WORDS[one.can]}."
            yield from paragraph(f"{head} {one.explanation}", indent=2, hang=2)
    if told.notes:
        yield from ["", "Notes"]
        for note in told.notes:
            yield from paragraph(note, indent=2, hang=2)
    for problem in inventory.host.problems:
        yield from ["", *paragraph(f"Not read: {problem}", hang=2)]


def _verdicts(told: Explanation) -> Iterator[str]:
    """Give the two verdicts, that of whoever decides here first."""
    xen = told.xen.explanation
    if told.decides == ("linux",):
        yield from labelled("Linux", told.linux.explanation)
        xen = f"does not run here; it would say: {xen}"
    yield from labelled("Xen", xen)
    if told.decides != ("linux",):
        yield from labelled("Linux", told.linux.explanation)


def _steps(steps: Sequence[DeviceRemedy]) -> Iterator[str]:
    if steps:
        yield from ["", "What helps, the safest first"]
    for number, step in enumerate(steps, 1):
        side = f"{step.side}; " if step.side else ""
        head = f"{number:3}  {step.title} ({side}{SAFETY_WORDS[step.safety]})"
        yield from paragraph(head, hang=5)
        yield from paragraph(step.explanation, indent=5)
        if step.lines:
            yield f"     In {step.where}:"
            yield from (f"      {line}" for line in step.lines)


def _cases(cases: Sequence[Case]) -> Iterator[str]:
    for case in cases:
        yield from paragraph(
            f"{case.title}: {CAN_WORDS[case.can]}. {case.explanation}", indent=2, hang=2
        )
        if case.message:
            yield from paragraph(f'It prints "{case.message}"', indent=4, hang=2)
        facts = []
        if case.rule is not None:
            error = f", {case.rule.error}" if case.rule.error else ""
            facts.append(f"{case.rule.source}{error}")
        if case.releases:
            facts.append(case.releases)
        if facts:
            yield from paragraph(f"({'; '.join(facts)})", indent=4, hang=1)
