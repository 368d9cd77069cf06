"""Damaged IVRS tables, one for each way: the bytes, and the damage that must be found in them."""

from support.damaged import Case, cases_of_any_table
from support.ivrs_tables import ENTRIES, acpi_device, block, entry, ivhd, ivmd, ivrs, special

UNIT = ivhd(*ENTRIES)  # 24 + 8 + 12 + 8 + 8 = 60 bytes
MEMORY = ivmd(0x9A000000, 0x28000)
GOOD = ivrs(UNIT, MEMORY, MEMORY)
FIRST = 48 + 60


CASES = {
    **cases_of_any_table(GOOD, ("IVHD 0x10", "IVMD 0x21", "IVMD 0x21"), "block"),
    "IVMD too short": Case(
        data=ivrs(UNIT, block(0x22, bytes(27)), MEMORY),
        kinds=("structure-length-below-minimum",),
        offsets=(FIRST + 2,),
        structures=("IVHD 0x10", "IVMD 0x22", "IVMD 0x21"),
        undecoded=0,
    ),
    "IVHD of type 0x11 with the head of 0x10": Case(
        data=ivrs(block(0x11, bytes(20))),
        kinds=("structure-length-below-minimum",),
        offsets=(48 + 2,),
        structures=("IVHD 0x11",),
        undecoded=0,
    ),
    "bytes after the last field of an IVMD": Case(
        data=ivrs(block(0x20, MEMORY[4:] + b"\xaa\xbb"), MEMORY),
        kinds=("structure-trailing-bytes",),
        offsets=(48 + 32,),
        structures=("IVMD 0x20", "IVMD 0x21"),
        undecoded=0,
    ),
    "entry of 4 bytes cut off": Case(
        data=ivrs(ivhd(entry(2, 8), b"\x02\x08"), MEMORY),
        kinds=("entry-past-structure",),
        offsets=(48 + 24 + 4,),
        structures=("IVHD 0x10", "IVMD 0x21"),
        undecoded=0,
    ),
    "entry of 8 bytes cut off": Case(
        data=ivrs(ivhd(special(1, 1, 0xA0)[:7]), MEMORY),
        kinds=("entry-past-structure",),
        offsets=(48 + 24,),
        structures=("IVHD 0x10", "IVMD 0x21"),
        undecoded=0,
    ),
    "ACPI device without room for its head": Case(
        data=ivrs(ivhd(acpi_device(b"AMDI0020", 0xA5)[:21], kind=0x40), MEMORY),
        kinds=("entry-past-structure",),
        offsets=(48 + 40,),
        structures=("IVHD 0x40", "IVMD 0x21"),
        undecoded=0,
    ),
    "UID past the block": Case(
        data=ivrs(ivhd(acpi_device(b"AMDI0020", 0xA5, b"\\_SB.FUR0")[:-1], kind=0x40), MEMORY),
        kinds=("entry-past-structure",),
        offsets=(48 + 40 + 21,),
        structures=("IVHD 0x40", "IVMD 0x21"),
        undecoded=0,
    ),
    "entry of unknown length": Case(
        data=ivrs(ivhd(entry(2, 8), entry(0x80, 1), entry(2, 9)), MEMORY),
        kinds=("entry-length-unknown",),
        offsets=(48 + 24 + 4,),
        structures=("IVHD 0x10", "IVMD 0x21"),
        undecoded=0,
    ),
    "two blocks with damage": Case(
        data=ivrs(ivhd(entry(0xF1)), ivhd(b"\x40"), MEMORY),
        kinds=("entry-length-unknown", "entry-past-structure"),
        offsets=(48 + 24, 48 + 28 + 24),
        structures=("IVHD 0x10", "IVHD 0x10", "IVMD 0x21"),
        undecoded=0,
    ),
    "trailing bytes within the table": Case(
        data=ivrs(MEMORY, b"\x51\x08\x20"),
        kinds=("trailing-bytes",),
        offsets=(48 + 32,),
        structures=("IVMD 0x21",),
        undecoded=3,
    ),
}
