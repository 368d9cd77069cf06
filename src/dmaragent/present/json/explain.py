"""The answer on one device as a JSON document: docs/schema/explain.v2.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent.answers.explain import Explanation
from dmaragent.inventory import Inventory
from dmaragent.passthrough.model import Case, PlatformVerdict
from dmaragent.policy.resolution import Stack
from dmaragent.present.json.common import TOOL, source_object, stack_object
from dmaragent.present.json.inventory import (
    absence_object,
    device_object,
    groups_objects,
    published_objects,
    region_object,
    unit_object,
)
from dmaragent.remedies.remedy import DeviceRemedy

if TYPE_CHECKING:
    from dmaragent.present.json.schema import explain as schema


def explain_document(
    inventory: Inventory, explanation: Explanation, stack: Stack, kind: str, path: str
) -> schema.ExplainDocument:
    """Return the document of ``dmaragent explain``; `inventory` is limited to the device."""
    function = inventory.host.topology.known.get(explanation.sbdf)
    unit = inventory.linux.unit_of.get(explanation.sbdf)
    answer: schema.Answer = {
        "device": str(explanation.sbdf),
        "function": None if function is None else device_object(function),
        "stack": stack_object(stack),
        "decides": list(explanation.decides),
        "xen": _side(explanation.xen),
        "linux": _side(explanation.linux),
        "regions": [region_object(inventory, region) for region in inventory.regions],
        "unit": None if unit is None else unit_object(unit),
        "groups": groups_objects(inventory),
        "published": published_objects(inventory),
        "steps": [_step(step) for step in explanation.remedies],
        "toolstacks": [
            {
                "toolstack": toolstack.toolstack,
                "policy": toolstack.policy,
                "can": toolstack.can.value,
                "explanation": toolstack.explanation,
            }
            for toolstack in explanation.toolstacks
        ],
        "notes": list(explanation.notes),
        "absence": absence_object(inventory),
        "complete": inventory.complete,
        "problems": list(inventory.host.problems),
    }
    return {
        "format": "dmaragent.explain",
        "version": 2,
        "origin": {"tool": TOOL, **source_object({"kind": kind, "path": path}, stack)},
        "answer": answer,
    }


def _side(side: PlatformVerdict) -> schema.Side:
    return {
        "can": side.can.value,
        "explanation": side.explanation,
        "cases": [_case(case) for case in side.cases],
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
