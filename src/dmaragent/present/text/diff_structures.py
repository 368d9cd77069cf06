"""Structures that are neither RMRR nor DRHD, in a line each."""

from collections.abc import Iterable

from dmaragent.iommu.model import OtherStructure
from dmaragent.present.wording import scope_words
from fwtables import ANDD, ATSR, RHSA, SATC, SIDP, DeviceScope, UnknownStructure
from fwtables.dmar.constants import ScopeType, flag_names


def structure_words(other: OtherStructure) -> str:
    """Say in a line what a structure says, its scope entries as paths: ``00:1c.0>00.0``."""
    name, structure = other.name, other.decoded
    if isinstance(structure, UnknownStructure):
        return f"{name}, {len(structure.body)} bytes after its header"
    if isinstance(structure, RHSA):
        at = structure.register_base_address
        return f"{name}: unit at {at:#x} is on NUMA node {structure.proximity_domain}"
    if isinstance(structure, ANDD):
        return f"{name}: ACPI device {structure.acpi_device_number} is {structure.name}"
    assert isinstance(structure, ATSR | SATC | SIDP)  # noqa: S101 - all that are left
    flags = getattr(structure, "flags", 0)
    told = f"{name} of segment {structure.segment_number:04x}"
    if flags:
        told += f", {' '.join(flag_names(name, flags))}"
    scopes = _scopes(structure.device_scope)
    return f"{told}: {scopes}" if scopes else told


def _scopes(scopes: Iterable[DeviceScope]) -> str:
    return "  ".join(_scope(one).replace(" ", "\N{NO-BREAK SPACE}") for one in scopes)


def _scope(one: DeviceScope) -> str:
    where = f"{one.start_bus_number:02x}:{'>'.join(map(str, one.path))}"
    flags = "".join(f" {name}" for name in flag_names("SIDP scope", one.flags))
    kind = "" if one.type == ScopeType.PCI_ENDPOINT else f" ({scope_words(one.type)})"
    return f"{where}{kind}{flags}"
