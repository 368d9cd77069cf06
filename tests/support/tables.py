"""Tables written byte by byte, without the code under test."""

import struct
from collections.abc import Iterable


def table(*structures: bytes, signature: bytes = b"DMAR", length: int | None = None) -> bytes:
    """Write a sound table of `structures`; `length` overrides the header's."""
    body = b"".join(structures)
    header = struct.pack(
        "<4sIBB6s8sI4sI", signature, 48 + len(body), 1, 0, b"OEMID ", b"OEMTABLE", 2, b"CRTR", 3
    )
    data = bytearray(header + struct.pack("<BB10x", 45, 1) + body)
    if length is not None:
        data[4:8] = length.to_bytes(4, "little")
    data[9] = -sum(data) % 256
    return bytes(data)


def scope(
    kind: int, bus: int, *path: tuple[int, int], enumeration_id: int = 0, flags: int = 0
) -> bytes:
    """Write a device scope entry."""
    steps = b"".join(bytes(step) for step in path)
    return struct.pack("<BBBBBB", kind, 6 + len(steps), flags, 0, enumeration_id, bus) + steps


def structure(kind: int, body: bytes, length: int | None = None) -> bytes:
    """Write a structure; `length` overrides its own."""
    return struct.pack("<HH", kind, 4 + len(body) if length is None else length) + body


def drhd(base: int, *scopes: bytes, flags: int = 0, size: int = 0, segment: int = 0) -> bytes:
    """Write a DRHD."""
    return structure(0, struct.pack("<BBHQ", flags, size, segment, base) + b"".join(scopes))


def rmrr(base: int, limit: int, *scopes: bytes, segment: int = 0) -> bytes:
    """Write an RMRR."""
    return structure(1, struct.pack("<2xHQQ", segment, base, limit) + b"".join(scopes))


def atsr(*scopes: bytes, flags: int = 0, segment: int = 0) -> bytes:
    """Write an ATSR."""
    return structure(2, struct.pack("<BxH", flags, segment) + b"".join(scopes))


def rhsa(base: int, domain: int) -> bytes:
    """Write an RHSA."""
    return structure(3, struct.pack("<4xQI", base, domain))


def andd(number: int, name: bytes) -> bytes:
    """Write an ANDD; `name` as it stands, NUL and padding included."""
    return structure(4, struct.pack("<3xB", number) + name)


def satc(*scopes: bytes, flags: int = 1, segment: int = 0) -> bytes:
    """Write a SATC."""
    return structure(5, struct.pack("<BxH", flags, segment) + b"".join(scopes))


def sidp(*scopes: bytes, segment: int = 0) -> bytes:
    """Write a SIDP."""
    return structure(6, struct.pack("<2xH", segment) + b"".join(scopes))


def patched(data: bytes, changes: Iterable[tuple[int, bytes]]) -> bytes:
    """Overwrite bytes of `data`: offset and new bytes, pair by pair."""
    out = bytearray(data)
    for offset, new in changes:
        out[offset : offset + len(new)] = new
    return bytes(out)


def resummed(data: bytes) -> bytes:
    """Give `data` with the checksum right again, over the length its header says."""
    out = bytearray(data)
    out[9] = 0
    out[9] = -sum(out[: int.from_bytes(out[4:8], "little")]) % 256
    return bytes(out)


ENDPOINT = scope(1, 0, (0x1D, 0))
EVERY_STRUCTURE = table(
    drhd(0xFED90000, ENDPOINT, size=4),
    drhd(0xFED91000, scope(3, 0xF0, (0x1F, 0), enumeration_id=2), scope(4, 0, (0x1F, 6)), flags=1),
    rmrr(0x7DFFD000, 0x7DFFFFFF, ENDPOINT, scope(1, 0, (0x1C, 7), (0, 2))),
    atsr(scope(2, 0, (1, 0)), segment=1),
    rhsa(0xFED90000, 7),
    andd(1, b"\\_SB.PCI0.I2C0\0\0\0\0\0"),
    satc(ENDPOINT),
    sidp(scope(1, 0, (2, 0), flags=0x1F)),
    structure(99, b"newer than us"),
)


def dump(data: bytes, signature: str = "DMAR", address: int = 0xBF7BF000) -> str:
    """Write `data` as ACPICA's acpidump does."""
    lines = [f"{signature} @ 0x{address:016X}"]
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        text = "".join(chr(c) if 32 <= c < 127 else "." for c in row)
        lines.append(f"  {at:06X}: {row.hex(' ').upper():47}  {text}")
    return "\n".join([*lines, "", ""])
