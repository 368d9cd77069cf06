"""The answer about an attached device as a JSON document: docs/schema/hotplug.v1.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent.policy.hotplug import Hotplug
from dmaragent.present.json.common import TOOL, decision_object, source_object, stack_object

if TYPE_CHECKING:
    from dmaragent.present.json.schema import hotplug as schema


def hotplug_document(hotplug: Hotplug, kind: str, path: str) -> schema.HotplugDocument:
    """Return the document of ``dmaragent hotplug``."""
    answer: schema.Answer = {
        "device": hotplug.text,
        "guest": {
            "source": hotplug.guest.source,
            "name": hotplug.guest.name,
            "type": hotplug.guest.type.value if hotplug.guest.readable else None,
        },
        "stack": stack_object(hotplug.stack),
        "list_source": hotplug.host.source.value,
        "list_notes": list(hotplug.host.notes),
        "verdict": {"starts": "attached"}.get(hotplug.verdict.value, hotplug.verdict.value),
        "policy": hotplug.policy.value,
        "reasons": [
            decision_object(decision) for decision in hotplug.decisions or hotplug.warnings
        ],
        "warnings": [decision_object(warning) for warning in hotplug.warnings],
        "advice": list(hotplug.advice),
        "losses": list(hotplug.ignored_settings),
        "ignored_keys": [] if hotplug.pci is None else list(hotplug.pci.ignored),
        "needs": list(hotplug.prerequisites),
    }
    return {
        "format": "dmaragent.hotplug",
        "version": 1,
        "origin": {"tool": TOOL, **source_object({"kind": kind, "path": path}, hotplug.stack)},
        "answer": answer,
    }
