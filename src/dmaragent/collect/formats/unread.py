"""Formats of archives and packed files that are not read, and the commands that unpack them."""

import re
import shlex
from typing import NamedTuple

from dmaragent.errors import HostError

HEAD = 0x8006
"""Bytes from the start of a file that tell its format: an ISO image has its name there."""
_MOST_NAMES = 64


class UnreadFormat(NamedTuple):
    """A format that is not read."""

    name: str
    command: str
    """What unpacks it; {} stands for the file."""
    magic: tuple[bytes, ...]
    at: int = 0


_CPIO = UnreadFormat(
    "cpio", "cpio -idv < {}", (b"070701", b"070702", b"070707", b"\xc7\x71", b"\x71\xc7")
)
FORMATS = (
    _CPIO,
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
    """Return the format of a file that begins with `head`, if it is one that is not read."""
    return next(
        (each for each in FORMATS for magic in each.magic if head.startswith(magic, each.at)), None
    )


def not_read(where: str, unread: UnreadFormat, head: bytes, packed: str = "") -> HostError:
    """Return the error for a sound file of a format that is not read.

    `packed` is the tool that unpacks what the archive is packed with, as ``gzip``.
    """
    inside = f", packed with {packed}" if packed else ""
    name = "-" if where == "standard input" else shlex.quote(where)
    command = unread.command.format(name).replace(" < -", "")
    if packed:
        command = f"{packed} -dc {name} | {unread.command.removesuffix(' < {}').format('-')}"
    if unread is _CPIO and _is_qubes(head):
        return HostError(
            f"{where} is a Qubes HCL report (cpio{inside}), which is not read, and holds no DMAR table",
            f"unpack it ({command}), then: dmaragent why - < xl-dmesg; the table is "
            "/sys/firmware/acpi/tables/RMAD of dom0, for root alone",
        )
    return HostError(
        f"{where} is in a format that is not read: {unread.name}{inside}",
        f"unpack it ({command}), and give what is in it",
    )


def _is_qubes(head: bytes) -> bool:
    """Return whether the first members of a cpio are those of qubes-hcl-report -s."""
    names = set(cpio_names(head))
    return bool(names & {"qubes-release", "xl-dmesg", "xl-info"})


def cpio_names(head: bytes) -> list[str]:
    """Return the names of the first members of a cpio in the formats newc and crc.

    A member is a header of 110 characters, its name, and its data, the two last padded to
    a multiple of four: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
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
