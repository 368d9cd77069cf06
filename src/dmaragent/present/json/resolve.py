"""Resolutions as JSON documents: docs/schema/resolve.v1.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from dmaragent.answers.guest import Answer
from dmaragent.guests.config import Complaint, GuestConfig
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.effective import region_policies
from dmaragent.policy.layout import GuestLayout, Placed, RamLayout
from dmaragent.policy.outcomes import PossibleOutcome
from dmaragent.policy.resolver import Resolution, Stack
from dmaragent.present.json.decision import decision_object
from dmaragent.present.json.envelope import TOOL
from dmaragent.present.json.inventory import range_object
from dmaragent.present.json.kvm import kvm_object
from dmaragent.remedies.remedy import GuestRemedy

if TYPE_CHECKING:
    from dmaragent.present.json.schema import resolve as schema
    from dmaragent.present.json.schema.common import Host, StackSource
    from dmaragent.present.json.schema.common import Stack as StackObject


def resolve_document(
    answers: Iterable[Answer | KvmResolution],
    passed_over: Sequence[tuple[str, str]],
    source: StackSource,
    others: Mapping[Verdict, Sequence[str]],
) -> schema.ResolveDocument:
    """Return the document of ``dmaragent resolve``; `source` is from `source_object`."""
    answer: schema.Answer = {
        "guests": [
            kvm_object(one) if isinstance(one, KvmResolution) else _answer(one) for one in answers
        ],
        "passed_over": [{"path": path, "reason": why} for path, why in passed_over],
        "other_releases": {one.value: list(names) for one, names in others.items()},
    }
    return {
        "format": "dmaragent.resolve",
        "version": 1,
        "origin": {"tool": TOOL, **source},
        "answer": answer,
    }


def source_object(host: Host, stack: Stack) -> StackSource:
    """Return where an answer comes from: which host, which library, how the releases are known."""
    library = None if stack.evidence is None else str(stack.evidence.release)
    return {"host": host, "libxlutil": library, "rests_on": stack.origin}


def _answer(answer: Answer) -> schema.Resolution:
    resolution, helps = answer.resolution, answer.remedies
    guest = resolution.guest
    return {
        "source": guest.source,
        "name": guest.name,
        "hypervisor": "xen",
        "format": guest.format,
        "type": guest.type.value if guest.readable else None,
        "memory": _memory(guest),
        "stack": stack_object(resolution.stack),
        "list_source": resolution.host.source.value,
        "list_notes": list(resolution.host.notes),
        "verdict": resolution.verdict.value,
        "reasons": [decision_object(one) for one in resolution.reasons],
        "remedies": None if helps is None else [_remedy(one) for one in helps.ranked],
        "spelling": None if helps is None or helps.spelling is None else _remedy(helps.spelling),
        "why_nothing_helps": None if helps is None else helps.why_none,
        "messages": [_complaint(one) for one in resolution.settings.messages],
        "losses": list(resolution.settings.ignored_settings),
        "needs": list(resolution.prerequisites),
        "settings": [
            {"name": one.name, "value": one.value, "origin": one.origin} for one in answer.settings
        ],
        "cases": None if helps is None else [_case(resolution, one) for one in resolution.cases],
        "documented_differences": None if answer.differences is None else [*answer.differences],
        "reports": list(answer.reports),
    }


def _remedy(one: GuestRemedy) -> schema.Remedy:
    return {
        "kind": one.kind.value,
        "lines": list(one.lines),
        "effect": one.effect,
        "verdict": one.verdict.value,
        "warnings": one.warnings,
        "harm": one.harm.name.lower().replace("_", "-"),
        "cost": one.cost,
        "undo": one.undo,
    }


def _memory(guest: GuestConfig) -> schema.Memory | None:
    """Return the sizes; None if they are unknown, or depend on how 0b is read."""
    if not guest.readable or (guest.binary and _sizes(guest) != _sizes(guest.binary)):
        return None
    return _sizes(guest)


def _sizes(guest: GuestConfig) -> schema.Memory:
    return {
        "start": guest.memory,
        "most": guest.most_memory,
        "video": guest.video,
        "boundary": guest.boundary,
        "mmio_hole": guest.mmio_hole,
    }


def stack_object(stack: Stack) -> StackObject:
    """Say for whom the answer is."""
    return {
        "toolstack": stack.toolstack.value,
        "release": str(stack.release),
        "hypervisor": str(stack.hypervisor),
        "documented": stack.documented,
    }


def _complaint(one: Complaint) -> schema.Message:
    return {"place": one.place, "text": one.text}


def _case(resolution: Resolution, case: PossibleOutcome) -> schema.Case:
    built = case.built
    return {
        "assumptions": list(case.assumptions),
        "verdict": built.verdict.value,
        "decisions": [decision_object(one) for one in built.decisions],
        "warnings": [decision_object(one) for one in built.warnings],
        "layout": None if built.layout is None else _layout(resolution, case, built.layout),
        "memory_map": [
            {**range_object(one.range), "type": one.type.value}
            for one in built.memory_map
            if one.range.size
        ],
    }


def _layout(resolution: Resolution, case: PossibleOutcome, layout: GuestLayout) -> schema.Layout:
    return {
        "before": _ram(layout.before),
        "after": _ram(layout.after),
        "regions": [_region(resolution, case, one) for one in layout.placed],
    }


def _ram(ram: RamLayout) -> schema.Ram:
    return {"lowmem_end": f"0x{ram.lowmem_end:x}", "highmem_end": f"0x{ram.highmem_end:x}"}


def _region(resolution: Resolution, case: PossibleOutcome, one: Placed) -> schema.Region:
    entry = one.reservation
    return {
        **range_object(entry.region),
        "owners": [str(each) for each in resolution.host.owners.get(entry.region, ())],
        "policies": list(region_policies(resolution, case, one)),
        "decided_by": None if entry.decided_by is None else str(entry.decided_by),
        "from_host": entry.from_host,
        "outcome": one.outcome.value,
        "reason": one.reason,
    }
