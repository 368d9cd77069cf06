"""The numbers of the IVRS table.

AMD's specification is 48882, "AMD I/O Virtualization Technology (IOMMU)".  Names and values
here are those that these readers of the table agree on: ACPICA source/include/actbl2.h, coreboot
src/include/acpi/acpi_ivrs.h, Linux drivers/iommu/amd/init.c, Xen xen/include/acpi/actbl2.h.
Grammars yield plain integers; these enumerations give them meaning and never reject a
value, so a type that is newer than this file stays an integer.
"""

from enum import IntEnum, IntFlag

from fwtables.flags import bit_names


class BlockType(IntEnum):
    """Types of blocks."""

    IVHD = 0x10
    IVHD_WITH_EFR = 0x11
    IVHD_WITH_HID = 0x40
    IVMD_ALL = 0x20
    IVMD_ONE = 0x21
    IVMD_RANGE = 0x22
    IVMD_IOMMU = 0x23
    """All devices of one IOMMU; only Xen knows this type."""


class EntryType(IntEnum):
    """Types of device entries; bits 7:6 give the length."""

    PADDING = 0x00
    ALL = 0x01
    SELECT = 0x02
    RANGE_START = 0x03
    RANGE_END = 0x04
    PADDING_8 = 0x40
    RESERVED_8 = 0x41
    ALIAS_SELECT = 0x42
    ALIAS_RANGE_START = 0x43
    EXTENDED_SELECT = 0x46
    EXTENDED_RANGE_START = 0x47
    SPECIAL = 0x48
    ACPI_HID = 0xF0


class Variety(IntEnum):
    """What a special device entry describes."""

    IOAPIC = 1
    HPET = 2


class UidFormat(IntEnum):
    """The format of the UID in an ACPI HID entry."""

    NONE = 0
    INTEGER = 1
    TEXT = 2


class IvInfoFlag(IntFlag):
    """The flags in IVinfo; its other bits are sizes, or reserved."""

    EFR_SUP = 1
    """IVHD blocks have valid images of the extended feature register."""
    DMA_REMAP_SUP = 2
    """Firmware used DMA remapping before boot."""
    HT_ATS_RESV = 1 << 22


class IvhdFlag(IntFlag):
    """Flags of an IVHD block.  Bits 6 and 7 have these names in type 0x10 only."""

    HT_TUN_EN = 0x01
    PASS_PW = 0x02
    RES_PASS_PW = 0x04
    ISOC = 0x08
    IOTLB_SUP = 0x10
    COHERENT = 0x20
    PREF_SUP = 0x40
    PPR_SUP = 0x80


class DteFlag(IntFlag):
    """Settings of a device table entry: interrupts that pass without remapping."""

    INIT_PASS = 0x01
    EINT_PASS = 0x02
    NMI_PASS = 0x04
    SYS_MGT_0 = 0x10
    SYS_MGT_1 = 0x20
    LINT0_PASS = 0x40
    LINT1_PASS = 0x80


class ExtendedFlag(IntFlag):
    """Extended settings of a device entry of type 0x46 or 0x47."""

    ATS_DISABLED = 1 << 31


class IvmdFlag(IntFlag):
    """Flags of an IVMD block."""

    UNITY = 0x01
    READ = 0x02
    WRITE = 0x04
    EXCLUSION_RANGE = 0x08


FLAGS_OF: dict[str, type[IntFlag]] = {
    "IVRS": IvInfoFlag,
    "IVHD": IvhdFlag,
    "IVMD": IvmdFlag,
    "entry": DteFlag,
    "extended entry": ExtendedFlag,
}
"""The names of the bits in each flags field; a bit without a name is reserved."""
SIZES_OF_IV_INFO = 0x3FFFE0
"""The bits of IVinfo that are sizes of addresses, not flags."""


def flag_names(of: str, value: int) -> tuple[str, ...]:
    """Return the names of the bits set in the flags field `value` of `of`, lowest first."""
    if of == "IVRS":
        value &= ~SIZES_OF_IV_INFO
    return bit_names(FLAGS_OF.get(of), value)
