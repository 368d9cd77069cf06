"""Archives that are damaged or meant to harm, made from a sound one; the same ones each time."""

import bz2
import lzma
import random
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from support.bundles import PACKERS, TOP, machine_files, member, tar_of, zip_of

MACHINE = "synthetic-overlap"
"""A small machine: a thousand of its archives are opened."""
Case = tuple[str, bytes]


def sound() -> dict[str, bytes]:
    """Give the archives that the others are made from, by the end of their names."""
    files = machine_files(MACHINE)
    return {**{end: pack(tar_of(files)) for end, pack in PACKERS.items()}, "zip": zip_of(files)}


def cut(each: int = 60) -> Iterator[Case]:
    """Cut each format off at many places, more of them near its begin and its end."""
    for end, data in sound().items():
        places = {len(data) * n // each for n in range(each)} | set(range(1, 9))
        places |= {len(data) - n for n in range(1, 9)}
        for at in sorted(places):
            yield f"{end} cut at {at}", data[:at]


def flipped(each: int = 80) -> Iterator[Case]:
    """Flip a bit; in a plain tar outside of the manifest, which nothing there protects."""
    chance = random.Random(6)  # noqa: S311 - for the same cases each time
    for end, data in sound().items():
        for _ in range(each):
            at = chance.randrange(_after_manifest(data) if end == "tar" else 0, len(data))
            changed = bytearray(data)
            changed[at] ^= 1 << chance.randrange(8)
            yield f"{end} flipped at {at}", bytes(changed)


def shuffled(number: int = 150) -> Iterator[Case]:
    """Lose, double and swap the blocks of a tar, after the manifest."""
    chance = random.Random(7)  # noqa: S311 - likewise
    tar = sound()["tar"]
    begin = _after_manifest(tar)
    for count in range(number):
        blocks = [tar[at : at + 512] for at in range(begin, len(tar), 512)]
        one, other = chance.randrange(len(blocks)), chance.randrange(len(blocks))
        if count % 3 == 0:
            del blocks[one]
        elif count % 3 == 1:
            blocks.insert(other, blocks[one])
        else:
            blocks[one], blocks[other] = blocks[other], blocks[one]
        yield f"blocks {count}: {one} {other}", tar[:begin] + b"".join(blocks)


def _after_manifest(tar: bytes) -> int:
    size = int(tar[124:135], 8)
    return 512 + (size + 511) // 512 * 512


def _header(changes: list[tuple[int, bytes]], name: str = f"{TOP}/root/x") -> bytes:
    """Make a header with some of its bytes changed, and the checksum of what it then is."""
    block = bytearray(member(name).tobuf(tarfile.USTAR_FORMAT))
    for at, data in changes:
        block[at : at + len(data)] = data
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _pax(*records: bytes, kind: bytes = b"x") -> bytes:
    data = b"".join(records)
    head = _header([(156, kind), (124, b"%011o\0" % len(data))], "pax")
    return head + data + bytes(-len(data) % 512)


def _record(keyword: bytes, value: bytes) -> bytes:
    body = b" " + keyword + b"=" + value + b"\n"
    size = len(body) + 1
    while len(b"%d" % size) + len(body) != size:
        size += 1
    return b"%d" % size + body


def _long(kind: bytes, data: bytes) -> bytes:
    head = _header([(156, kind), (124, b"%011o\0" % len(data))], "././@LongLink")
    return head + data + bytes(-len(data) % 512)


FILE = _header([])
NAMES = {
    "absolute": "/etc/passwd",
    "absolute twice": "//etc/passwd",
    "up": "../../etc/cron.d/x",
    "up within": f"{TOP}/../../x",
    "up from a name": f"{TOP}/root/../../../x",
    "dot": ".",
    "slash": "/",
    "a second top": "other/root/x",
    "in root": f"{TOP}/root/x",
    "backslash": "..\\..\\x",
    "below a file": f"{TOP}/manifest.json/x",
    "twice": f"{TOP}/manifest.json",
    "twice, otherwise spelt": f"./{TOP}//./manifest.json",
    "in calls": f"{TOP}/calls/../calls/x",
    "terminal": f"{TOP}/root/\x1b[2J\n\x07",
}
_TYPES = [b"1", b"2", b"3", b"4", b"6", b"7", b"S", b"V", b"M", b"D", b"N", b"Z", b"\xff"]
RAW: dict[str, bytes] = {
    "pax name up": _pax(_record(b"path", b"../../x")) + FILE,
    "pax name with NUL": _pax(_record(b"path", b"a\0b")) + FILE,
    "pax name empty": _pax(_record(b"path", b"")) + FILE,
    "pax name long": _pax(_record(b"path", b"x/" * 9000)) + FILE,
    "pax name deep": _pax(_record(b"path", b"x/" * 2000 + b"y")) + FILE,
    "pax size absurd": _pax(_record(b"size", b"9" * 20)) + FILE,
    "pax size longer": _pax(_record(b"size", b"9" * 5000)) + FILE,
    "pax size negative": _pax(_record(b"size", b"-1")) + FILE,
    "pax size no number": _pax(_record(b"size", b"1e9")) + FILE,
    "pax sparse": _pax(_record(b"GNU.sparse.map", b"0,1")) + FILE,
    "pax sparse name": _pax(_record(b"GNU.sparse.name", b"x")) + FILE,
    "pax length 0": _pax(b"0 path=x\n") + FILE,
    "pax length absurd": _pax(b"9999999 path=x\n") + FILE,
    "pax length digits": _pax(b"9" * 400 + b" path=x\n") + FILE,
    "pax no equals": _pax(b"9 path x\n") + FILE,
    "pax no newline": _pax(b"9 path=xy\n") + FILE,
    "pax twice in one": _pax(_record(b"path", b"a"), _record(b"path", b"b")) + FILE,
    "pax twice": _pax(_record(b"path", b"a")) + _pax(_record(b"path", b"b")) + FILE,
    "pax and long name": _pax(_record(b"path", b"a")) + _long(b"L", b"b\0") + FILE,
    "pax for all": _pax(_record(b"path", b"a"), kind=b"g") + FILE,
    "pax for nothing": _pax(_record(b"path", b"a")),
    "pax charset": _pax(_record(b"hdrcharset", b"\xff"), _record(b"path", b"\xff\xfe")) + FILE,
    "pax claims a GiB": _header([(156, b"x"), (124, b"10000000000\0")]),
    "long name claims a GiB": _header([(156, b"L"), (124, b"10000000000\0")]),
    "long name up": _long(b"L", b"../" * 50 + b"x\0") + FILE,
    "long name of NULs": _long(b"L", bytes(100)) + FILE,
    "long names for ever": _long(b"L", b"a\0") * 500 + FILE,
    "long target": _long(b"K", b"/" * 4000) + _header([(156, b"2")]),
    "size base 256": _header([(124, b"\x80" + bytes(3) + b"\xff" * 8)]),
    "size base 256 negative": _header([(124, b"\xff" * 12)]),
    "size absurd": _header([(124, b"77777777777\0")]),
    "size no number": _header([(124, b"0x1000\0")]),
    "size with underscore": _header([(124, b"1_000_000\0")]),
    "checksum": FILE[:148] + b"000000\0 " + FILE[156:],
    "one empty block": bytes(512) + FILE,
    "no ustar": _header([(257, bytes(8)), (345, b"../..")]),
    "prefix up": _header([(345, b"../../..")]),
    "name empty": _header([(0, bytes(100))]),
    "directory with data": _header([(156, b"5"), (124, b"00000001000\0")]),
    "link with data": _header([(156, b"2"), (157, b"x"), (124, b"00000001000\0")]),
    "data cut": _header([(124, b"00001000000\0")]),
    **{f"type {kind!r}": _header([(156, kind), (157, b"/etc/passwd")]) for kind in _TYPES},
}


def with_members(raw: bytes) -> bytes:
    """Give the tar of a sound bundle that has `raw` for its last members."""
    inner = tar_of(machine_files(MACHINE)).rstrip(b"\0")
    return inner + bytes(-len(inner) % 512) + raw + bytes(10240)


def with_name(name: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Give the tar of a sound bundle that has a member `name` besides."""
    extra = [(member(name, kind, "/etc/passwd"), b"x" * (kind == tarfile.REGTYPE))]
    return tar_of(machine_files(MACHINE), extra=extra, form=tarfile.PAX_FORMAT)


def built() -> Iterator[Case]:
    """Add a member that means harm to a sound bundle, at its begin, middle and end."""
    files = machine_files(MACHINE)
    whole = tar_of(files)
    inner, tail = whole.rstrip(b"\0"), bytes(10240)
    inner += bytes(-len(inner) % 512)
    begin = _after_manifest(whole)
    for what, raw in RAW.items():
        for end, pack in PACKERS.items():
            yield f"{end}: {what}, first", pack(raw + inner + tail)
            yield (
                f"{end}: {what}, after the manifest",
                pack(inner[:begin] + raw + inner[begin:] + tail),
            )
            yield f"{end}: {what}, last", pack(inner + raw + tail)
    for what, name in NAMES.items():
        for kind in (tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE):
            yield f"{what} {kind!r}", with_name(name, kind)
        yield f"zip: {what}", _zip_with(name)
    yield from _put_together(whole, files)


def _put_together(whole: bytes, files: dict[str, bytes]) -> Iterator[Case]:
    for end, pack in PACKERS.items():
        packed = pack(whole)
        yield f"{end} twice", packed + packed
        yield f"{end} and text", packed + b"text"
        yield f"{end} and zeros", packed + bytes(4096)
        yield f"{end} of itself", pack(packed)
        yield f"{end} in a tar", pack(tar_of({f"x.{end}": packed}, ""))
        yield f"{end} of nothing", pack(b"")
        yield f"{end} of zeros", pack(bytes(10240))
    for name, content in files.items():
        yield f"changed {name}", tar_of({**files, name: content + b" "})
        yield f"without {name}", tar_of({one: files[one] for one in files if one != name})
    zipped = zip_of(files)
    for what, at, data in (
        ("members", -12, b"\xff\xff"),
        ("directory size", -10, b"\xff" * 4),
        ("directory offset", -6, struct.pack("<L", 1)),
        ("zip64", -6, b"\xff" * 4),
        ("comment", -2, b"\x10\0"),
    ):
        yield (
            f"zip: {what}",
            zipped[:at] + data + (zipped[at + len(data) :] if at + len(data) else b""),
        )
    yield "zip twice", zipped + zipped


def _zip_with(name: str) -> bytes:
    return zip_of(
        {**{f"{TOP}/{one}": data for one, data in machine_files(MACHINE).items()}, name: b"x"}, ""
    )


BOMB = 160 << 20
"""What a bomb expands to: more than is free, at a ratio that nothing honest has."""


class _Packer(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def _zeros(packer: _Packer) -> bytes:
    """Pack a tar with a file of very many zeros."""
    header = _header([(124, b"%011o\0" % BOMB)], "var/log/zeros")
    parts = [packer.compress(header)]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(BOMB >> 20)]
    return b"".join(parts) + packer.flush()


def _streams() -> bytes:
    """Pack the same in many streams, one after the other."""
    header = _header([(124, b"%011o\0" % BOMB)], "var/log/zeros")
    return bz2.compress(header) + bz2.compress(bytes(1 << 20), 9) * (BOMB >> 20)


def _names() -> bytes:
    """Pack empty files in very large number, each of which is asked for."""
    once = b"".join(_header([], f"sys/devices/{number:040}/class") for number in range(8000))
    return lzma.compress(once * 60, preset=0)


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: _zeros(zlib.compressobj(9, wbits=31)),
    "bzip2": _streams,
    "xz": lambda: _zeros(lzma.LZMACompressor(preset=0)),
    "zip": lambda: zip_of({"sys/kernel/notes": bytes(BOMB)}, "x"),
    "names": _names,
}
"""Small files that expand to much."""


def _greedy_xz() -> bytes:
    small = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 16}]
    return _with_dictionary(lzma.compress(bytes(100), filters=small), 1 << 29)


def _with_dictionary(data: bytes, size: int) -> bytes:
    """Say in the header of an xz block that it needs a dictionary of `size` bytes."""
    begin = 12
    end = begin + (data[begin] + 1) * 4
    header = bytearray(data[begin : end - 4])
    at = header.index(b"\x21\x01") + 2  # the filter LZMA2 and the length of its property
    header[at] = 2 * (size.bit_length() - 13)
    return data[:begin] + bytes(header) + struct.pack("<L", zlib.crc32(header)) + data[end:]


BOMBS["xz that needs 512 MiB"] = _greedy_xz
