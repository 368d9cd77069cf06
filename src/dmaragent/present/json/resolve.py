"""Resolutions as JSON documents: docs/schema/resolve.v1.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from dmaragent.answers.guest import Answer
from dmaragent.guests.config import Complaint, GuestConfig
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.effective_settings import region_policies
from dmaragent.policy.layout import GuestLayout, PlacedRegion, RamLayout
from dmaragent.policy.resolution import PossibleOutcome, Resolution
from dmaragent.present.json.common import decision_object, range_object, stack_object, stack_origin
from dmaragent.remedies.remedy import GuestRemedy

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
            _kvm_guest(answer) if isinstance(answer, KvmResolution) else _answer(answer)
            for answer in answers
        ],
        "passed_over": [{"path": path, "reason": why} for path, why in passed_over],
        "other_releases": {verdict.value: list(names) for verdict, names in others.items()},
    }
    return {
        "format": "dmaragent.resolve",
        "version": 1,
        "origin": stack_origin(source),
        "answer": answer,
    }


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
        "reasons": [decision_object(reason) for reason in resolution.reasons],
        "remedies": None if helps is None else [_remedy(remedy) for remedy in helps.ranked],
        "spelling": None if helps is None or helps.spelling is None else _remedy(helps.spelling),
        "why_nothing_helps": None if helps is None else helps.why_none,
        "messages": [_complaint(message) for message in resolution.settings.messages],
        "losses": list(resolution.settings.ignored_settings),
        "needs": list(resolution.prerequisites),
        "settings": [
            {"name": setting.name, "value": setting.value, "origin": setting.origin}
            for setting in answer.settings
        ],
        "cases": None
        if helps is None
        else [_case(resolution, case) for case in resolution.outcomes],
        "documented_differences": None if answer.differences is None else [*answer.differences],
        "reports": list(answer.reports),
    }


def _remedy(remedy: GuestRemedy) -> schema.Remedy:
    return {
        "kind": remedy.kind.value,
        "lines": list(remedy.lines),
        "effect": remedy.effect,
        "verdict": remedy.verdict.value,
        "warnings": remedy.warnings,
        "harm": remedy.harm.name.lower().replace("_", "-"),
        "cost": remedy.cost,
        "undo": remedy.undo,
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


def _complaint(complaint: Complaint) -> schema.Message:
    return {"place": complaint.place, "text": complaint.text}


def _case(resolution: Resolution, case: PossibleOutcome) -> schema.Case:
    built = case.built
    return {
        "assumptions": list(case.assumptions),
        "verdict": case.verdict.value,
        "decisions": [decision_object(decision) for decision in case.decisions],
        "warnings": [decision_object(warning) for warning in built.warnings],
        "layout": None if built.layout is None else _layout(resolution, case, built.layout),
        "memory_map": [
            {**range_object(entry.range), "type": entry.type.value}
            for entry in built.memory_map
            if entry.range.size
        ],
    }


def _layout(resolution: Resolution, case: PossibleOutcome, layout: GuestLayout) -> schema.Layout:
    return {
        "before": _ram(layout.before),
        "after": _ram(layout.after),
        "regions": [_region(resolution, case, placed) for placed in layout.placed],
    }


def _ram(ram: RamLayout) -> schema.Ram:
    return {"lowmem_end": f"0x{ram.lowmem_end:x}", "highmem_end": f"0x{ram.highmem_end:x}"}


def _region(resolution: Resolution, case: PossibleOutcome, placed: PlacedRegion) -> schema.Region:
    entry = placed.reservation
    return {
        **range_object(entry.region),
        "owners": [str(owner) for owner in resolution.host.owners.get(entry.region, ())],
        "policies": list(region_policies(resolution, case, placed)),
        "decided_by": None if entry.decided_by is None else str(entry.decided_by),
        "from_host": entry.from_host,
        "outcome": placed.placement.value,
        "reason": placed.reason,
    }


def _kvm_guest(resolution: KvmResolution) -> schema.KvmResolution:
    """Return one KVM guest."""
    guest = resolution.guest
    return {
        "source": guest.source,
        "name": guest.name,
        "hypervisor": "kvm",
        "format": guest.format.value,
        "verdict": resolution.verdict.value,
        "reasons": [decision_object(reason) for reason in resolution.reasons],
        "kernel": resolution.kernel,
        "regions_source": resolution.regions_source.value,
        "machine": guest.machine,
        "memory_size": guest.memory,
        "ram": [
            [range_object(part) for part in layout.ranges if part.size] for layout in resolution.ram
        ],
        "devices": [
            {
                "device": str(function.sbdf),
                "setting": function.device.text,
                "place": function.device.place,
                "all_functions": function.device.all_functions,
                "can": _CAN[function.verdict],
            }
            for function in resolution.functions
        ],
        "messages": [{"place": note.place, "text": note.text} for note in guest.notes],
        "needs": list(resolution.prerequisites),
    }
