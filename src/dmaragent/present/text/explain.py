"""One device's story for people: the two verdicts first, then the facts, cases and what helps."""

from collections.abc import Iterator, Sequence

from dmaragent.answers.device import Explanation
from dmaragent.inventory import Inventory
from dmaragent.passthrough.model import Case
from dmaragent.policy.resolution import Stack
from dmaragent.present.text.inventory import device_facts, limits_text, published_text, regions_text
from dmaragent.present.text.tables import labelled, paragraph
from dmaragent.present.words.device import class_name, device_name
from dmaragent.present.words.passthrough import (
    case_message,
    case_source,
    case_verdict,
    step_title,
    toolstack_policy,
    xen_would_decide,
)
from dmaragent.remedies.remedy import DeviceRemedy


def explain_text(
    inventory: Inventory, explanation: Explanation, stack: Stack, source: str = ""
) -> Iterator[str]:
    """Give the lines of ``dmaragent explain``; `inventory` is narrowed to the device.

    `source` says where the answer comes from; empty: nothing is said of it.
    """
    function = inventory.host.topology.known.get(explanation.sbdf)
    what = "" if function is None else f" {class_name(function)}, {device_name(function)}"
    yield from paragraph(f"{explanation.sbdf}{what}", hang=2)
    yield from _verdicts(explanation)
    yield from labelled("Source", source) if source else ()
    yield from limits_text(inventory)
    if function is not None:
        yield from ["", "The device", *device_facts(inventory, function)]
    yield from _steps(explanation.remedies)
    if inventory.regions:
        yield from ["", "Its regions", *regions_text(inventory)]
    yield from published_text(inventory)
    if explanation.xen.cases:
        yield from ["", *paragraph(f"Xen, case by case ({stack.origin})", hang=2)]
        yield from _cases(explanation.xen.cases)
    if explanation.linux.cases:
        yield from ["", "Linux (VFIO), case by case", *_cases(explanation.linux.cases)]
    if explanation.toolstacks:
        yield from ["", "The policy it gets where nobody says one"]
        for toolstack in explanation.toolstacks:
            yield from paragraph(toolstack_policy(toolstack), indent=2, hang=2)
    if explanation.notes:
        yield from ["", "Notes"]
        for note in explanation.notes:
            yield from paragraph(note, indent=2, hang=2)
    for problem in inventory.host.problems:
        yield from ["", *paragraph(f"Not read: {problem}", hang=2)]


def _verdicts(explanation: Explanation) -> Iterator[str]:
    """Give the two verdicts, that of whoever decides here first."""
    if explanation.decides == ("linux",):
        yield from labelled("Linux", explanation.linux.explanation)
        yield from labelled("Xen", xen_would_decide(explanation.xen))
    else:
        yield from labelled("Xen", explanation.xen.explanation)
        yield from labelled("Linux", explanation.linux.explanation)


def _steps(steps: Sequence[DeviceRemedy]) -> Iterator[str]:
    if steps:
        yield from ["", "What helps, the safest first"]
    for number, step in enumerate(steps, 1):
        yield from paragraph(f"{number:3}  {step_title(step)}", hang=5)
        yield from paragraph(step.explanation, indent=5)
        if step.lines:
            yield f"     In {step.where}:"
            yield from (f"      {line}" for line in step.lines)


def _cases(cases: Sequence[Case]) -> Iterator[str]:
    for case in cases:
        yield from paragraph(case_verdict(case), indent=2, hang=2)
        if case.message:
            yield from paragraph(case_message(case), indent=4, hang=2)
        yield from paragraph(case_source(case), indent=4, hang=1)
