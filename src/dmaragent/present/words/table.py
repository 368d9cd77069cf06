"""The structures of a table in words, and the kinds of their scope entries."""

from collections.abc import Iterable

from dmaragent.iommu.claims import Claim, DeviceKind
from dmaragent.iommu.model import OtherStructure
from dmaragent.iommu.vtd import device_kind
from fwtables import ANDD, ATSR, RHSA, SATC, SIDP, DeviceScope
from fwtables.dmar.constants import ScopeType, flag_names

_DEVICE_WORDS = {
    DeviceKind.FUNCTION: "PCI endpoint",
    DeviceKind.BRIDGE: "PCI sub-hierarchy",
    DeviceKind.IOAPIC: "IOAPIC",
    DeviceKind.HPET: "HPET",
    DeviceKind.ACPI_DEVICE: "ACPI namespace device",
}


def scope_words(scope_type: int) -> str:
    """Return the name of a device scope entry's type."""
    return _DEVICE_WORDS.get(device_kind(scope_type), f"scope type {scope_type}")


def device_words(claim: Claim) -> str:
    """Return the kind of device that `claim` names."""
    kind = claim.path.type if claim.path else 0
    return _DEVICE_WORDS.get(claim.device, f"scope type {kind}")


def structure_words(other: OtherStructure) -> str:
    """Return a structure in one line, its scope entries as paths: ``00:1c.0>00.0``."""
    name, structure = other.name, other.decoded
    if isinstance(structure, RHSA):
        at = structure.register_base_address
        return f"{name}: unit at {at:#x} is on NUMA node {structure.proximity_domain}"
    if isinstance(structure, ANDD):
        return f"{name}: ACPI device {structure.acpi_device_number} is {structure.name}"
    if not isinstance(structure, ATSR | SATC | SIDP):  # of an unknown type, in either table
        return f"{name}, {len(getattr(structure, 'body', b''))} bytes after its header"
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
