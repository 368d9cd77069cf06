"""KVM guests in the document of ``dmaragent resolve``: docs/schema/resolve.v1.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.present.json.decision import decision_object
from dmaragent.present.json.inventory import range_object

if TYPE_CHECKING:
    from dmaragent.present.json.schema import resolve as schema

_CAN = {Verdict.STARTS: "yes", Verdict.REFUSED: "no", Verdict.UNDECIDED: "unknown"}


def kvm_object(found: KvmResolution) -> schema.KvmResolution:
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
