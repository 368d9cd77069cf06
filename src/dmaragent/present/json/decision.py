"""One decision about a guest, as documents have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent.policy.decisions import Decision
from dmaragent.present.json.inventory import range_object

if TYPE_CHECKING:
    from dmaragent.present.json.schema import common as schema


def decision_object(decision: Decision) -> schema.Decision:
    """Give one decision."""
    return {
        "decider": decision.decider.value,
        "effect": decision.effect.value,
        "reason": decision.reason,
        "rule": "" if decision.rule is None else decision.rule.source,
        "shown": decision.shown,
        "region": None if decision.region is None else range_object(decision.region),
        "device": None if decision.device is None else str(decision.device),
        "place": decision.place,
    }
