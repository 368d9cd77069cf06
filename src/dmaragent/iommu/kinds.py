"""The kinds of damage that hide nothing, and why a host has no table of IOMMUs.

It imports no module of tables, which ``dmaragent status`` would have to load.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from dmaragent.iommu import words

HARMLESS_DAMAGE = frozenset({"checksum", "trailing-bytes"})
"""Damage that hides no structure, by the names in ``fwtables.damage.DamageKind``."""


class AbsenceKind(Enum):
    """Why there is no table, by the available evidence."""

    DENIED = "denied"
    FAILED = "failed"
    NOT_COLLECTED = "not-collected"
    PVH_DOM0 = "pvh-dom0"
    HIDDEN = "hidden"
    """The kernel's boot log mentions the table, but sysfs lacks it."""
    AMD = "amd"
    """An AMD machine whose firmware provides no table: AMD-Vi is off, or absent."""
    ARM = "arm"
    """An Arm machine: its table is the IORT."""
    VIRTUAL_MACHINE = "virtual-machine"
    NO_ACPI = "no-acpi"
    """The kernel shows no ACPI tables at all."""
    VTD_OFF = "vtd-off"
    """An Intel machine whose firmware provides no table."""
    UNKNOWN = "unknown"


IOMMU_OFF: Mapping[AbsenceKind, str] = MappingProxyType(
    {AbsenceKind.VTD_OFF: words.VTD_OFF, AbsenceKind.AMD: words.AMD_VI_OFF}
)
"""The reasons that mean that no device has an IOMMU, with words for each."""
WITHOUT_REGIONS = frozenset({*IOMMU_OFF, AbsenceKind.VIRTUAL_MACHINE})
"""The reasons that mean that firmware reports no regions."""
CERTAINLY_NONE = frozenset({*WITHOUT_REGIONS, AbsenceKind.ARM})
"""The reasons that mean that the host certainly has neither a DMAR nor an IVRS."""


class Absence(NamedTuple):
    """Why there is no table, with the evidence."""

    kind: AbsenceKind
    evidence: tuple[str, ...]
    table: str
    """The name of the table that it lacks: DMAR, IVRS, or both if the vendor is unknown."""
