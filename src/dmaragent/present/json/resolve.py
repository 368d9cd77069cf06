"""Resolutions as JSON documents: docs/schema/resolve.v1.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from dmaragent.guests.config import Complaint, GuestConfig
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.effective import region_policies
from dmaragent.policy.layout import GuestLayout, Placed, RamLayout
from dmaragent.policy.outcomes import PossibleOutcome
from dmaragent.policy.resolver import Resolution
from dmaragent.present.json.common import TOOL, decision_object, range_object, stack_object
from dmaragent.remedies.answer import Answer
from dmaragent.remedies.guests.trial import Remedy

if TYPE_CHECKING:
    from dmaragent.present.json.schema import resolve as schema
    from dmaragent.present.json.schema.common import StackSource


_CAN = {Verdict.STARTS: "yes", Verdict.REFUSED: "no", Verdict.UNDECIDED: "unknown"}


def resolve_document(
    answers: Iterable[Answer | KvmResolution],
    passed_over: Sequence[tuple[str, str]],
    source: StackSource,
    others: Mapping[Verdict, Sequence[str]],
) -> schema.ResolveDocument:
    """Return the document of ``dmaragent resolve``; `source` is from `source_object`."""
    answer: schema.Answer = {
        "guests": [
            _kvm_guest(one) if isinstance(one, KvmResolution) else _answer(one) for one in answers
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


def _answer(answer: Answer) -> schema.Resolution:
    resolution, helps = answer.resolution, answer.helps
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
        "remedies": None if helps is None else [_remedy(one) for one in helps.found],
        "spelling": None if helps is None or helps.spelling is None else _remedy(helps.spelling),
        "why_nothing_helps": None if helps is None else helps.nothing,
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


def _remedy(one: Remedy) -> schema.Remedy:
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


def _kvm_guest(found: KvmResolution) -> schema.KvmResolution:
    """Return one KVM guest."""
    guest = found.guest
    return {
        "source": guest.source,
        "name": guest.name,
        "hypervisor": "kvm",
        "format": guest.format.value,
        "verdict": found.verdict.value,
        "reasons": [decision_object(one) for one in found.reasons],
        "kernel": found.kernel,
        "regions_source": "kernel" if found.by_kernel else "predicted",
        "machine": guest.machine,
        "memory_size": guest.memory,
        "ram": [[range_object(part) for part in one.ranges if part.size] for one in found.ram],
        "devices": [
            {
                "device": str(one.sbdf),
                "setting": one.device.text,
                "place": one.device.place,
                "all_functions": one.device.all_functions,
                "can": _CAN[one.verdict],
            }
            for one in found.functions
        ],
        "messages": [{"place": one.place, "text": one.text} for one in guest.notes],
        "needs": list(found.prerequisites),
    }
