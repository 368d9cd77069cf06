"""How rules show a field of the table: its bytes where they stand, under the specification's name."""

from collections.abc import Iterator

from dmaragent.checks.facts import Facts
from dmaragent.checks.model import Evidence
from dmaragent.checks.rules import evidence
from fwtables import ANDD, RHSA, DeviceScope, Structure, UnknownStructure, structure_name
from fwtables.constants import StructureType
from fwtables.dmar import SMALLEST, scope_length
from fwtables.layout import BODIES, DEVICE_SCOPE, STRUCTURE_HEADER, TABLE, Layout


def header_field(facts: Facts, name: str, value: str) -> Evidence:
    """Show the field `name` of the table's fixed part."""
    return _shown(facts, TABLE, 0, "DMAR", name=name, value=value)


def field(facts: Facts, offset: int, structure: Structure, name: str, value: str) -> Evidence:
    """Show the field `name` of the `structure` at `offset`; its type and length are fields too."""
    owner = structure_name(structure)
    if isinstance(structure, UnknownStructure) or name in STRUCTURE_HEADER.names:
        return _shown(facts, STRUCTURE_HEADER, offset, owner, name=name, value=value)
    body = BODIES[StructureType(structure.TYPE)]
    return _shown(facts, body, offset + STRUCTURE_HEADER.size, owner, name=name, value=value)


def scope_field(facts: Facts, offset: int, owner: str, name: str, value: str) -> Evidence:
    """Show a field of the device scope entry at `offset`, which a structure `owner` holds."""
    return _shown(facts, DEVICE_SCOPE, offset, f"{owner} device_scope", name=name, value=value)


def _shown(  # noqa: PLR0913 - the layout is one more
    facts: Facts, layout: Layout, offset: int, owner: str, *, name: str, value: str
) -> Evidence:
    place = layout.names.index(name)
    at, width = offset + layout.offsets[place], layout.widths[place]
    return evidence(facts, at, width, f"{owner} {name}", value)


def scopes(facts: Facts) -> Iterator[tuple[Structure, int, DeviceScope]]:
    """Yield every device scope entry with its structure and its own offset, in table order."""
    for offset, structure in facts.structures:
        if isinstance(structure, UnknownStructure | ANDD | RHSA):
            continue
        at = offset + SMALLEST[structure.TYPE]
        for scope in structure.device_scope:
            yield structure, at, scope
            at += scope_length(scope)


def subject_of(structure: Structure) -> str:
    """Name a structure by its own facts, as far as it has any: never by its place."""
    name = structure_name(structure)
    if isinstance(structure, UnknownStructure):
        return f"{name}, {len(structure.body)} bytes"
    if isinstance(structure, ANDD):
        return f"{name} {structure.acpi_device_number}"
    base = getattr(structure, "register_base_address", None)
    if base is None:
        base = getattr(structure, "base_address", None)
    if base is not None:
        return f"{name} {base:#x}"
    return f"{name} of segment {getattr(structure, 'segment_number', 0):#x}"


def scope_text(segment: int, scope: DeviceScope) -> str:
    """Write the path of a scope entry as the table has it: ``0000:00:1c.7>00.2``."""
    steps = ">".join(str(step) for step in scope.path)
    return f"{segment:04x}:{scope.start_bus_number:02x}:{steps}"
