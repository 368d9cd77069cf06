"""One IVRS table for each way of being damaged: the bytes, and what must be said of them."""

from support.damaged import Case
from support.ivrs_tables import ENTRIES, acpi_device, block, entry, ivhd, ivmd, ivrs, special
from support.tables import patched, resummed

UNIT = ivhd(*ENTRIES)  # 24 + 8 + 12 + 8 + 8 = 60 bytes
MEMORY = ivmd(0x9A000000, 0x28000)
GOOD = ivrs(UNIT, MEMORY, MEMORY)
FIRST = 48 + 60
SECOND = FIRST + 32
ALL = ("IVHD 0x10", "IVMD 0x21", "IVMD 0x21")


def _memory_length(length: int) -> bytes:
    return resummed(patched(GOOD, [(FIRST + 2, length.to_bytes(2, "little"))]))


CASES = {
    "block length zero": Case(
        data=_memory_length(0),
        kinds=("structure-length-zero",),
        offsets=(FIRST + 2,),
        structures=ALL[:1],
        undecoded=64,
    ),
    "block length below 4": Case(
        data=_memory_length(3),
        kinds=("structure-length-below-header",),
        offsets=(FIRST + 2,),
        structures=ALL[:1],
        undecoded=64,
    ),
    "block past the end": Case(
        data=resummed(patched(GOOD, [(SECOND + 2, b"\x21\x00")])),
        kinds=("structure-past-end",),
        offsets=(SECOND + 2,),
        structures=ALL[:2],
        undecoded=32,
    ),
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
    "trailing bytes after the table": Case(
        data=GOOD + b"\xff" * 7,
        kinds=("trailing-bytes",),
        offsets=(len(GOOD),),
        structures=ALL,
        undecoded=7,
    ),
    "header length too long": Case(
        data=patched(GOOD, [(4, (len(GOOD) + 1).to_bytes(4, "little"))]),
        kinds=("table-length-too-long",),
        offsets=(4,),
        structures=ALL,
        undecoded=0,
    ),
    "header length too short for the table's fixed part": Case(
        data=patched(GOOD, [(4, b"\x24\0\0\0")]),
        kinds=("table-length-too-short",),
        offsets=(4,),
        structures=(),
        undecoded=len(GOOD) - 48,
    ),
    "header length ends in the middle of a block": Case(
        data=resummed(patched(GOOD, [(4, (len(GOOD) - 8).to_bytes(4, "little"))])),
        kinds=("table-length-too-short", "structure-past-end"),
        offsets=(4, SECOND + 2),
        structures=ALL[:2],
        undecoded=32,
    ),
    "truncated in the signature": Case(
        data=b"IV",
        kinds=("truncated-header",),
        offsets=(2,),
        structures=None,
        undecoded=2,
    ),
    "truncated in the header": Case(
        data=GOOD[:40],
        kinds=("truncated-header",),
        offsets=(40,),
        structures=None,
        undecoded=40,
    ),
    "wrong checksum": Case(
        data=patched(GOOD, [(9, bytes([GOOD[9] ^ 1]))]),
        kinds=("checksum",),
        offsets=(9,),
        structures=ALL,
        undecoded=0,
    ),
}
