"""Fields of a DMAR as evidence, and hits about a device scope entry."""

from collections.abc import Sequence

from dmaragent.checks.common.model import Evidence, Hit, Severity
from dmaragent.checks.common.rules import MOST_TOLD, evidence
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.subjects import ScopeEntry
from fwtables import ANDD, Structure, UnknownStructure, structure_name
from fwtables.dmar.constants import StructureType
from fwtables.dmar.layouts import (
    BODIES,
    DEVICE_SCOPE,
    SMALLEST,
    STRUCTURE_HEADER,
    TABLE,
    scope_length,
)
from fwtables.layout import Layout


def header_field(facts: TableFacts, name: str, value: str) -> Evidence:
    """Return the field `name` of the table's header as evidence."""
    return _field_evidence(facts, TABLE, 0, "DMAR", name=name, value=value)


def field(facts: TableFacts, offset: int, structure: Structure, name: str, value: str) -> Evidence:
    """Return the field `name` of the `structure` at `offset`; its type and length are fields too."""
    owner = structure_name(structure)
    if isinstance(structure, UnknownStructure) or name in STRUCTURE_HEADER.names:
        return _field_evidence(facts, STRUCTURE_HEADER, offset, owner, name=name, value=value)
    body = BODIES[StructureType(structure.TYPE)]
    return _field_evidence(
        facts, body, offset + STRUCTURE_HEADER.size, owner, name=name, value=value
    )


def scope_field(facts: TableFacts, entry: ScopeEntry, name: str, value: str) -> Evidence:
    """Return a field of a device scope entry as evidence."""
    owner = f"{structure_name(entry.structure)} device_scope"
    return _field_evidence(facts, DEVICE_SCOPE, entry.offset, owner, name=name, value=value)


def _field_evidence(  # noqa: PLR0913 - the layout is one more
    facts: TableFacts, layout: Layout, offset: int, owner: str, *, name: str, value: str
) -> Evidence:
    place = layout.names.index(name)
    at, width = offset + layout.offsets[place], layout.widths[place]
    return evidence(facts, at, width, f"{owner} {name}", value)


def name_evidence(facts: TableFacts, offset: int, andd: ANDD) -> Evidence:
    """Return the name in an ANDD structure as evidence: all bytes after its fields."""
    at = offset + SMALLEST[andd.TYPE]
    return evidence(facts, at, len(andd.acpi_object_name), "ANDD acpi_object_name", andd.name)


def entry_evidence(facts: TableFacts, entry: ScopeEntry) -> tuple[Evidence]:
    """Return a whole device scope entry as evidence."""
    field = f"{structure_name(entry.structure)} device_scope"
    value = f"{entry.type_name} {entry.written}"
    return (evidence(facts, entry.offset, scope_length(entry.scope), field, value),)


def scope_evidence(facts: TableFacts, scope: Sequence[ScopeEntry]) -> tuple[Evidence]:
    """Return a device scope as evidence: its entries in a row, of many only the first."""
    last = scope[:MOST_TOLD][-1]
    size = last.offset + scope_length(last.scope) - scope[0].offset
    number = f"{len(scope)} {'entry' if len(scope) == 1 else 'entries'}"
    if len(scope) > MOST_TOLD:
        number += f", of which the first {MOST_TOLD} are shown"
    field = f"{structure_name(last.structure)} device_scope"
    return (evidence(facts, scope[0].offset, size, field, number),)


def entry_hit(  # noqa: PLR0913 - what a hit may have, each by its name
    facts: TableFacts,
    entry: ScopeEntry,
    predicate: str,
    *,
    xen: str = "",
    linux: str = "",
    severity: Severity | None = None,
) -> Hit:
    """Return a hit about a device scope entry; its owner is the subject of the `predicate`."""
    return Hit(
        message=f"{entry.owner} {predicate}",
        subject=entry.subject,
        region=entry.number,
        device=entry.sbdf,
        evidence=entry_evidence(facts, entry),
        xen=xen,
        linux=linux,
        severity=severity,
    )
