"""Recognise a file by its first bytes: tar, zip, packed, or a format that is not supported."""

import re
import zlib
from functools import lru_cache
from typing import NamedTuple

HEAD = 0x8006
"""The bytes from the start of a file that identify its format: an ISO image has its name there."""
BLOCK = 512
"""Bytes of a tar's header."""
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
"""The first bytes of a zip with members, and of an empty one."""
_PACKED = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
)
_ZSTD = b"\x28\xb5\x2f\xfd"
_MOST_NAMES = 64
_EMPTY = bytes(BLOCK)
_NUMBER = re.compile(rb"[ \0]*([0-7]*)[ \0]*")


# Supported formats ----------------------------------------------------------------------


def compression(head: bytes) -> str:
    """Return the name of the tool that packed a file if this program unpacks it; else empty."""
    return next((name for magic, name in _PACKED if head.startswith(magic)), "")


def packing_of(head: bytes) -> str:
    """Return the name of the tool that packed a file, including zstd; else empty."""
    return "zstd" if head.startswith(_ZSTD) else compression(head)


def is_tar(head: bytes) -> bool:
    """Return whether `head` begins with the header of a tar's member."""
    block = head[:BLOCK]
    return len(block) == BLOCK and block != _EMPTY and tar_sum(block) == tar_number(block[148:156])


@lru_cache(1 << 12)  # most members have one of a few sizes and a thousand checksums
def tar_number(field: bytes) -> int | None:
    """Return a number of a header: octal digits, or base 256 as in GNU tar."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    match = _NUMBER.fullmatch(field)
    return None if match is None else int(match[1] or b"0", 8)


def tar_sum(block: bytes) -> int:
    """Return the sum of the bytes of a header, with its checksum counted as spaces.

    zlib's Adler-32 has the sum of up to 256 bytes in its lower half (and 1), which is ten times as
    fast as adding them here.
    """
    checked = block[:148] + b"        " + block[156:]
    low, high = zlib.adler32(checked[:256]), zlib.adler32(checked[256:])
    return (low & 0xFFFF) + (high & 0xFFFF) - 2


def is_archive(head: bytes) -> bool:
    """Return whether a file is an archive or packed, supported or not."""
    return (
        bool(compression(head)) or head.startswith(ZIP) or is_tar(head) or unpacker_of(head) != ""
    )


# Unsupported formats --------------------------------------------------------------------

_UNPACKERS = (
    (_ZSTD, "zstd -d"),
    (b"\x04\x22\x4d\x18", "lz4 -d"),
    (b"\x5d\x00\x00", "xz -d"),
    (b"7z\xbc\xaf\x27\x1c", "7z x"),
    (b"\x85\x02", "gpg -d"),
    (b"\x8c\x0d\x04", "gpg -d"),
)
"""Packings that Python 3.11 cannot read, with their commands; gpg can encrypt a sosreport."""


def unpacker_of(head: bytes) -> str:
    """Return the command that unpacks an archive whose packing is not supported; else empty."""
    return next((tool for magic, tool in _UNPACKERS if head.startswith(magic)), "")


class UnreadFormat(NamedTuple):
    """A format that is not supported."""

    name: str
    command: str
    """The command that unpacks it; {} is the file."""
    magic: tuple[bytes, ...]
    at: int = 0


CPIO = UnreadFormat(
    "cpio", "cpio -idv < {}", (b"070701", b"070702", b"070707", b"\xc7\x71", b"\x71\xc7")
)
FORMATS = (
    CPIO,
    UnreadFormat("7z", "7z x {}", (b"7z\xbc\xaf\x27\x1c",)),
    UnreadFormat("RAR", "unrar x {}", (b"Rar!\x1a\x07",)),
    UnreadFormat(
        "ISO 9660", "xorriso -osirrox on -indev {} -extract / unpacked", (b"CD001",), 0x8001
    ),
    UnreadFormat("rpm", "rpm2cpio {} | cpio -idv", (b"\xed\xab\xee\xdb",)),
    UnreadFormat("deb", "dpkg-deb -x {} unpacked", (b"!<arch>\ndebian",)),
    UnreadFormat("ar (VMware's vib is one)", "ar x {}", (b"!<arch>\n",)),
    UnreadFormat("lz4", "lz4 -dc {} > FILE", (b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18")),
    UnreadFormat("lzma", "xz -dc --format=lzma {} > FILE", (b"\x5d\x00\x00",)),
    UnreadFormat("lzip", "lzip -dc {} > FILE", (b"LZIP",)),
    UnreadFormat("lzop", "lzop -dc {} > FILE", (b"\x89LZO\x00\r\n\x1a\n",)),
    UnreadFormat("compress", "gzip -dc {} > FILE", (b"\x1f\x9d", b"\x1f\xa0")),
    UnreadFormat("cabinet", "cabextract {}", (b"MSCF\0\0\0\0",)),
    UnreadFormat("squashfs", "unsquashfs {}", (b"hsqs", b"sqsh")),
    UnreadFormat("xar", "xar -xf {}", (b"xar!\x00",)),
    UnreadFormat(
        "gpg", "gpg -d {} > FILE", (b"\x85\x02", b"\x8c\x0d\x04", b"-----BEGIN PGP MESSAGE")
    ),
)


def unread_format(head: bytes) -> UnreadFormat | None:
    """Return the unsupported format of a file that begins with `head`, or None."""
    return next(
        (known for known in FORMATS for magic in known.magic if head.startswith(magic, known.at)),
        None,
    )


def is_qubes_report(head: bytes) -> bool:
    """Return whether the first members of a cpio are those of qubes-hcl-report -s."""
    return bool(set(cpio_names(head)) & {"qubes-release", "xl-dmesg", "xl-info"})


def cpio_names(head: bytes) -> list[str]:
    """Return the names of the first members of a cpio in the formats newc and crc.

    A member is a header of 110 characters, its name, and its data. Name and data are padded to a
    multiple of four: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
    """
    names: list[str] = []
    at = 0
    while len(names) < _MOST_NAMES:
        header = head[at : at + 110]
        if not re.fullmatch(rb"07070[12][0-9A-Fa-f]{104}", header):
            break
        size, length = int(header[54:62], 16), int(header[94:102], 16)
        name = head[at + 110 : at + 110 + length].rstrip(b"\0")
        names.append(name.decode("utf-8", "replace").removeprefix("./"))
        at += -(-(110 + length) // 4) * 4 + -(-size // 4) * 4
    return names
