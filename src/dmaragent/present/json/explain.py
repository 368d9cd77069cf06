"""One device's story as a JSON document: docs/schema/explain.v1.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent.answers.device import Explanation
from dmaragent.inventory import Inventory
from dmaragent.passthrough.model import Case, PlatformVerdict
from dmaragent.policy.resolver import Stack
from dmaragent.present.json.envelope import TOOL
from dmaragent.present.json.inventory import (
    absence_object,
    device_object,
    groups_objects,
    published_objects,
    region_object,
    unit_object,
)
from dmaragent.present.json.resolve import source_object, stack_object
from dmaragent.remedies.remedy import DeviceRemedy

if TYPE_CHECKING:
    from dmaragent.present.json.schema import explain as schema


def explain_document(
    inventory: Inventory, told: Explanation, stack: Stack, kind: str, path: str
) -> schema.ExplainDocument:
    """Return the document of ``dmaragent explain``; `inventory` is narrowed to the device."""
    function = inventory.host.topology.known.get(told.sbdf)
    unit = inventory.unit_of.get(told.sbdf)
    answer: schema.Answer = {
        "device": str(told.sbdf),
        "function": None if function is None else device_object(function),
        "stack": stack_object(stack),
        "decides": list(told.decides),
        "xen": _side(told.xen),
        "linux": _side(told.linux),
        "regions": [region_object(inventory, one) for one in inventory.regions],
        "unit": None if unit is None else unit_object(unit),
        "groups": groups_objects(inventory),
        "published": published_objects(inventory),
        "steps": [_step(one) for one in told.remedies],
        "toolstacks": [
            {
                "toolstack": one.toolstack,
                "policy": one.policy,
                "can": one.can.value,
                "explanation": one.explanation,
            }
            for one in told.toolstacks
        ],
        "notes": list(told.notes),
        "absence": absence_object(inventory),
        "complete": inventory.complete,
        "problems": list(inventory.host.problems),
    }
    return {
        "format": "dmaragent.explain",
        "version": 1,
        "origin": {"tool": TOOL, **source_object({"kind": kind, "path": path}, stack)},
        "answer": answer,
    }


def _side(side: PlatformVerdict) -> schema.Side:
    return {
        "can": side.can.value,
        "explanation": side.explanation,
        "cases": [_case(one) for one in side.cases],
    }


def _case(case: Case) -> schema.Case:
    rule = case.rule
    return {
        "title": case.title,
        "can": case.can.value,
        "explanation": case.explanation,
        "rule": "" if rule is None else rule.source,
        "error": "" if rule is None else rule.error,
        "releases": case.releases,
        "message": case.message,
    }


def _step(step: DeviceRemedy) -> schema.Step:
    return {
        "safety": step.safety.value,
        "side": step.side or None,
        "title": step.title,
        "explanation": step.explanation,
        "where": step.where,
        "lines": list(step.lines),
    }
