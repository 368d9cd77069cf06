"""The numbers of the DMAR table, under the specification's names.

Source: Intel Virtualization Technology for Directed I/O, Architecture
Specification, revision 4.1, chapter 8 ("VT-d" below).  Grammars yield plain
integers; these enumerations give them meaning and never reject a value, so a
type that is newer than this file stays an integer.
"""

from enum import IntEnum, IntFlag

from fwtables.flags import bit_names


class StructureType(IntEnum):
    """Remapping structure types, VT-d 8.2."""

    DRHD = 0
    RMRR = 1
    ATSR = 2
    RHSA = 3
    ANDD = 4
    SATC = 5
    SIDP = 6


class ScopeType(IntEnum):
    """Device scope entry types, VT-d 8.3.1."""

    PCI_ENDPOINT = 1
    PCI_SUB_HIERARCHY = 2
    IOAPIC = 3
    MSI_CAPABLE_HPET = 4
    ACPI_NAMESPACE_DEVICE = 5


class DmarFlag(IntFlag):
    """Flags of the table itself, VT-d 8.1; Linux include/linux/dmar.h names the last one."""

    INTR_REMAP = 1
    X2APIC_OPT_OUT = 2
    DMA_CTRL_PLATFORM_OPT_IN_FLAG = 4
    REMAP_OPT_OUT = 8


class DrhdFlag(IntFlag):
    """Flags of a DRHD structure, VT-d 8.3."""

    INCLUDE_PCI_ALL = 1


class AtsrFlag(IntFlag):
    """Flags of an ATSR structure, VT-d 8.5."""

    ALL_PORTS = 1


class SatcFlag(IntFlag):
    """Flags of a SATC structure, VT-d 8.8."""

    ATC_REQUIRED = 1


class ScopeFlag(IntFlag):
    """Flags of a device scope entry; they have a meaning in SIDP structures only, VT-d 8.3.1."""

    REQ_WO_PASID_NESTED_NOTALLOWED = 0x01
    REQ_WO_PASID_PWSNP_NOTALLOWED = 0x02
    REQ_WO_PASID_PGSNP_NOTALLOWED = 0x04
    ATC_HARDENED = 0x08
    ATC_REQUIRED = 0x10


FLAGS_OF: dict[str, type[IntFlag]] = {
    "DMAR": DmarFlag,
    "DRHD": DrhdFlag,
    "ATSR": AtsrFlag,
    "SATC": SatcFlag,
    "SIDP scope": ScopeFlag,
}
"""The names of the bits in each flags field; a bit without a name is reserved."""


def flag_names(of: str, value: int) -> tuple[str, ...]:
    """Return the names of the bits set in the flags field `value` of `of`, lowest first.

    A bit that the specification reserves is named ``reserved bit N``, so that every set bit is
    named.  If `of` is unknown, all its bits are reserved.
    """
    return bit_names(FLAGS_OF.get(of), value)
