"""The devices of a host as a JSON document: docs/schema/devices.v1.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dmaragent.answers.devices import DeviceRow, Verdict
from dmaragent.inventory import Inventory
from dmaragent.policy.resolution import Stack
from dmaragent.present.json.common import range_object, source_object, stack_object, stack_origin
from dmaragent.present.json.inventory import absence_object, device_object
from dmaragent.present.words.devices import DeviceList

if TYPE_CHECKING:
    from dmaragent.present.json.schema import devices as schema
    from dmaragent.present.json.schema.common import Host


def devices_document(
    inventory: Inventory, devices: DeviceList, stack: Stack, decides: Sequence[str], host: Host
) -> schema.DevicesDocument:
    """Return the document of ``dmaragent devices``."""
    answer: schema.Answer = {
        "stack": stack_object(stack),
        "decides": list(decides),
        "devices": [_row(row) for row in devices.rows],
        "known": devices.known,
        "chipset_left_out": devices.chipset,
        "absent_left_out": devices.absent,
        "may_match": devices.may_match,
        "absence": absence_object(inventory),
        "complete": inventory.complete,
        "problems": list(inventory.host.problems),
    }
    return {
        "format": "dmaragent.devices",
        "version": 1,
        "origin": stack_origin(source_object(host, stack)),
        "answer": answer,
    }


def _row(row: DeviceRow) -> schema.Row:
    remedy = row.remedy
    return {
        "device": str(row.sbdf),
        "function": None if row.function is None else device_object(row.function),
        "absent": row.absent,
        "chipset": row.chipset,
        "xen": _side(row.xen),
        "linux": _side(row.linux),
        "regions": list(row.regions) if row.regions_known else None,
        "reported": [range_object(place) for place in row.reported],
        "iommu_group": row.group,
        "step": None
        if remedy is None
        else {
            "safety": remedy.safety.value,
            "side": remedy.side or None,
            "title": remedy.title,
        },
        "unknown": list(row.unknown),
    }


def _side(verdict: Verdict) -> schema.Side:
    return {"can": verdict.can.value, "risk": verdict.risk}
