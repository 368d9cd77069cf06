"""A comparison as a JSON document: docs/schema/diff.v1.json."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dmaragent.checks.common.model import Finding
from dmaragent.comparison.model import (
    Changed,
    Comparison,
    FindingChange,
    GuestChange,
    GuestChanges,
    NotCompared,
    OwnerChange,
    RegionMatch,
    UnitChange,
)
from dmaragent.comparison.scopes import compared_owners
from dmaragent.inventory import Region
from dmaragent.iommu.claims import Owner
from dmaragent.iommu.model import RemappingUnit
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.resolution import Resolution
from dmaragent.present.json.common import TOOL, decision_object, region_range, stack_object
from dmaragent.present.words.comparison import scoped_owner_words
from dmaragent.present.words.table import structure_words

if TYPE_CHECKING:
    from dmaragent.present.json.schema import diff as schema
    from dmaragent.present.json.schema.common import StackSource


def diff_document(comparison: Comparison, a: StackSource, b: StackSource) -> schema.DiffDocument:
    """Return the document of ``dmaragent diff``; `a` and `b` are the sources of the sides."""
    return {
        "format": "dmaragent.diff",
        "version": 1,
        "origin": {"tool": TOOL, "a": a, "b": b},
        "answer": _answer(comparison),
    }


def _answer(comparison: Comparison) -> schema.Answer:
    order, blocker, guests = comparison.table_order, comparison.blocker, comparison.guests
    return {
        "differs": comparison.differs,
        "hindrance": None if blocker is None else _not_compared(blocker),
        "facts": _changes(comparison.facts),
        "regions": [_match(match) for match in comparison.regions],
        "table_order": None if order is None else {"old": order.old, "new": order.new},
        "xen": _changes(comparison.xen),
        "renumbered": [
            {"a": str(device.a.sbdf), "b": str(device.b.sbdf)} for device in comparison.renumbered
        ],
        "units": [_unit_change(change) for change in comparison.units],
        "structures": [
            {
                "side": change.side.value,
                "certain": change.certain,
                "structure": change.structure.name,
                "said": structure_words(change.structure).replace("\N{NO-BREAK SPACE}", " "),
            }
            for change in comparison.structures
        ],
        "findings": [_finding_change(change) for change in comparison.findings],
        "findings_same": comparison.findings_same,
        "not_compared": [_not_compared(part) for part in comparison.not_compared],
        "guests": None if guests is None else _guests(guests),
    }


def _changes(changes: Iterable[Changed]) -> list[schema.Changed]:
    return [{"what": change.what, "old": change.old, "new": change.new} for change in changes]


def _not_compared(part: NotCompared) -> schema.NotCompared:
    side = None if part.side is None else part.side.value
    return {"what": part.what, "side": side, "why": part.why}


def _match(match: RegionMatch) -> schema.RegionMatch:
    return {
        "fate": match.fate.value,
        "differs": match.differs,
        "certain": match.certain,
        "a": None if match.a is None else _region(match.a),
        "b": None if match.b is None else _region(match.b),
        "owners": [_owner_change(change) for change in match.owners],
        "changes": _changes(match.changes),
    }


def _region(region: Region) -> schema.Region:
    return {
        "number": region.number,
        "segment": region.segment,
        **region_range(region),
        "size": region.size,
        "owners": [_owner(owner) for owner in region.owners],
    }


def _owner(owner: Owner) -> schema.Owner:
    return {
        "name": _plain(scoped_owner_words(owner)),
        "sbdf": None if owner.sbdf is None else str(owner.sbdf),
        "presence": owner.presence.value,
    }


def _plain(words: str) -> str:
    return words.replace("\N{NO-BREAK SPACE}", " ")


def _owner_change(change: OwnerChange) -> schema.OwnerChange:
    return {
        "a": None if change.a is None else _owner(change.a),
        "b": None if change.b is None else _owner(change.b),
        "changes": _changes(change.changes),
    }


def _unit_change(change: UnitChange) -> schema.UnitChange:
    return {
        "certain": change.certain,
        "a": None if change.a is None else _unit(change.a),
        "b": None if change.b is None else _unit(change.b),
        "changes": _changes(change.changes),
        "scopes_gone": [_plain(scoped_owner_words(entry)) for entry in change.scopes_gone],
        "scopes_added": [_plain(scoped_owner_words(entry)) for entry in change.scopes_added],
    }


def _unit(unit: RemappingUnit) -> schema.Unit:
    return {
        "segment": unit.segment,
        "register_base": f"0x{unit.registers:x}",
        "include_pci_all": unit.serves_rest,
        "scopes": [_plain(scoped_owner_words(entry)) for entry in compared_owners(unit.claims)],
    }


def _finding_change(change: FindingChange) -> schema.FindingChange:
    return {
        "fate": change.fate.value,
        "why": change.why,
        "a": None if change.a is None else _finding(change.a),
        "b": None if change.b is None else _finding(change.b),
        "changes": _changes(change.changes),
    }


def _finding(finding: Finding) -> schema.Finding:
    return {
        "id": finding.rule.id,
        "severity": finding.severity.value,
        "subject": finding.hit.subject,
        "said": finding.hit.message,
    }


def _guests(guests: GuestChanges) -> schema.Guests:
    return {
        "changed": [_guest(change) for change in guests.changed],
        "same": {verdict.value: number for verdict, number in sorted(guests.same.items(), key=str)},
        "passed_over": [{"path": path, "reason": why} for path, why in guests.passed_over],
    }


def _guest(change: GuestChange) -> schema.Guest:
    helps = change.helps
    return {
        "source": change.b.guest.source,
        "name": change.b.guest.name,
        "fate": change.fate.value,
        "a": _resolution(change.a),
        "b": _resolution(change.b),
        "devices": _changes(change.devices),
        "remedies": None
        if helps is None
        else [{"lines": list(remedy.lines), "effect": remedy.effect} for remedy in helps.ranked],
    }


def _resolution(resolution: Resolution | KvmResolution) -> schema.Resolution:
    xen = None if isinstance(resolution, KvmResolution) else resolution.stack
    return {
        "hypervisor": "kvm" if xen is None else "xen",
        "stack": None if xen is None else stack_object(xen),
        "verdict": resolution.verdict.value,
        "reasons": [decision_object(reason) for reason in resolution.reasons],
    }
