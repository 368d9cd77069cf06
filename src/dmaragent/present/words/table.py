"""The structures of a table in words, and the kinds of their scope entries."""

from collections.abc import Iterable

from fwtables import ANDD, RHSA, DeviceScope, Structure, UnknownStructure, structure_name
from fwtables.dmar.constants import ScopeType, flag_names

_SCOPE_WORDS = {
    ScopeType.PCI_ENDPOINT: "PCI endpoint",
    ScopeType.PCI_SUB_HIERARCHY: "PCI sub-hierarchy",
    ScopeType.IOAPIC: "IOAPIC",
    ScopeType.MSI_CAPABLE_HPET: "HPET",
    ScopeType.ACPI_NAMESPACE_DEVICE: "ACPI namespace device",
}


def scope_words(scope_type: int) -> str:
    """Name a device scope entry's type."""
    words = {int(kind): text for kind, text in _SCOPE_WORDS.items()}
    return words.get(scope_type, f"scope type {scope_type}")


def scope_code(scope_type: int) -> str | int:
    """Give a scope entry's type for documents: the specification's name, or the number."""
    names = {int(kind): kind.name for kind in ScopeType}
    return names.get(scope_type, scope_type)


def structure_words(structure: Structure) -> str:
    """Say in a line what a structure says, its scope entries as paths: ``00:1c.0>00.0``."""
    name = structure_name(structure)
    if isinstance(structure, UnknownStructure):
        return f"{name}, {len(structure.body)} bytes after its header"
    if isinstance(structure, RHSA):
        at = structure.register_base_address
        return f"{name}: unit at {at:#x} is on NUMA node {structure.proximity_domain}"
    if isinstance(structure, ANDD):
        return f"{name}: ACPI device {structure.acpi_device_number} is {structure.name}"
    flags = getattr(structure, "flags", 0)
    line = f"{name} of segment {structure.segment_number:04x}"
    if flags:
        line += f", {' '.join(flag_names(name, flags))}"
    scopes = _scopes(structure.device_scope)
    return f"{line}: {scopes}" if scopes else line


def _scopes(scopes: Iterable[DeviceScope]) -> str:
    return "  ".join(_scope(scope).replace(" ", "\N{NO-BREAK SPACE}") for scope in scopes)


def _scope(scope: DeviceScope) -> str:
    where = f"{scope.start_bus_number:02x}:{'>'.join(map(str, scope.path))}"
    flags = "".join(f" {name}" for name in flag_names("SIDP scope", scope.flags))
    kind = "" if scope.type == ScopeType.PCI_ENDPOINT else f" ({scope_words(scope.type)})"
    return f"{where}{kind}{flags}"
