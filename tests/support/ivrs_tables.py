"""IVRS tables written byte by byte, without the code under test."""

import struct

IV_INFO = 0x203043
"""What a notebook with pre-boot DMA protection has: 48 and 64 bits, flags EFRSup and remapping."""


def ivrs(*blocks: bytes, iv_info: int = IV_INFO, revision: int = 2) -> bytes:
    """Write a sound table of `blocks`."""
    body = b"".join(blocks)
    header = struct.pack(
        "<4sIBB6s8sI4sI",
        b"IVRS",
        48 + len(body),
        revision,
        0,
        b"OEMID ",
        b"OEMTABLE",
        2,
        b"CRTR",
        3,
    )
    data = bytearray(header + struct.pack("<I8x", iv_info) + body)
    data[9] = -sum(data) % 256
    return bytes(data)


def block(kind: int, body: bytes, *, flags: int = 0, length: int | None = None) -> bytes:
    """Write a block; `length` overrides its own."""
    return struct.pack("<BBH", kind, flags, 4 + len(body) if length is None else length) + body


def ivhd(
    *entries: bytes,
    kind: int = 0x10,
    device: int = 2,
    base: int = 0xFEB80000,
    segment: int = 0,
    flags: int = 0xB0,
) -> bytes:
    """Write an IVHD block, of type 0x11 and 0x40 with images of feature registers."""
    body = struct.pack("<HHQHHI", device, 0x40, base, segment, 0x0300, 0x80048824)
    if kind != 0x10:
        body += struct.pack("<QQ", 0x246577EFA2254ADA, 0x10)
    return block(kind, body + b"".join(entries), flags=flags)


def ivmd(  # noqa: PLR0913 - each is a field of its own
    start: int,
    length: int,
    *,
    kind: int = 0x21,
    flags: int = 0x08,
    device: int = 0x0100,
    auxiliary: int = 0,
    reserved: bytes = bytes(8),
) -> bytes:
    """Write an IVMD block."""
    body = struct.pack("<HH", device, auxiliary) + reserved + struct.pack("<QQ", start, length)
    return block(kind, body, flags=flags)


def entry(kind: int, device: int = 0, settings: int = 0) -> bytes:
    """Write a device entry of 4 bytes."""
    return struct.pack("<BHB", kind, device, settings)


def device_range(first: int, last: int, settings: int = 0) -> bytes:
    """Write the start and the end of a range."""
    return entry(3, first, settings) + entry(4, last)


def alias(kind: int, device: int, source: int) -> bytes:
    """Write an alias entry: 0x42 of a device, 0x43 of the start of a range."""
    return entry(kind, device) + struct.pack("<BHB", 0, source, 0)


def extended(kind: int, device: int, settings: int) -> bytes:
    """Write an extended entry: 0x46 of a device, 0x47 of the start of a range."""
    return entry(kind, device) + struct.pack("<I", settings)


def special(variety: int, handle: int, source: int) -> bytes:
    """Write the entry of an I/O APIC (1) or an HPET (2)."""
    return entry(0x48) + struct.pack("<BHB", handle, source, variety)


def acpi_device(hid: bytes, device: int, uid: bytes = b"", *, uid_format: int = 2) -> bytes:
    """Write an ACPI HID entry; without a UID its format is 0 where none is given."""
    form = uid_format if uid else 0
    return entry(0xF0, device) + struct.pack("<8s8sBB", hid, b"", form, len(uid)) + uid


ENTRIES = (
    device_range(0x0008, 0xFFFE),
    alias(0x43, 0xFF00, 0x00A5) + entry(4, 0xFFFF),
    special(1, 33, 0x00A0),
    special(2, 0, 0x00A0),
)
"""What nearly every real IVHD has: a range, aliases, an I/O APIC and an HPET."""
EVERY_BLOCK = ivrs(
    ivhd(*ENTRIES, entry(0)),
    ivhd(
        *ENTRIES,
        entry(1, 0, 0xC7),
        entry(2, 0x0010, 0x30),
        bytes([0x40, *range(7)]),
        bytes([0x41]) + bytes(7),
        alias(0x42, 0x0300, 0x0200),
        extended(0x46, 0x0400, 1 << 31),
        extended(0x47, 0x0500, 0) + entry(4, 0x05FF),
        b"\x05abc",
        b"\x7fabcdefg",
        kind=0x11,
    ),
    ivmd(0x9A000000, 0x28000),
    ivmd(0x9B000000, 1, kind=0x22, device=0, auxiliary=0x0FFF),
    ivhd(
        *ENTRIES,
        acpi_device(b"AMDI0020", 0x00A5, b"\\_SB.FUR0"),
        acpi_device(b"MSFT0201", 0x0060),
        acpi_device(b"PNP0D40\0", 0x0099, b"\x07\x01", uid_format=1),
        kind=0x40,
    ),
    ivmd(0x9C000000, 0x1000, kind=0x20, flags=0x07),
    ivmd(0x9D000000, 0x1000, kind=0x23, flags=0x03, device=2, auxiliary=0x40),
    ivmd(0x9E000000, 0, flags=0, reserved=b"\1" + bytes(7)),
    ivmd((1 << 64) - 0x1000, 0x2000, flags=0xF1),
    block(0x51, ivmd(0x9A000000, 0x28000)[4:], flags=8),
)
"""A table of every block and every device entry, known ones and others."""


def every_device(kind: int = 0x40, count: int = 0x10000) -> bytes:
    """Write a table of `count` select entries, in blocks of as many as a length has room for."""
    most = (0xFFFF - 40) // 4
    firsts = range(0, count, most)
    return ivrs(
        *(
            ivhd(*(entry(2, n) for n in range(first, min(first + most, count))), kind=kind)
            for first in firsts
        )
    )
