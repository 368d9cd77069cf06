"""The members of a tar, read as a stream: POSIX ustar and pax, and GNU's long names.

The format is described in POSIX.1-2017 (pax, "ustar Interchange Format") and in GNU tar's manual
("Basic Tar Format"). If readers of tar differ about a construct, this one rejects it: an archive
must have the same content for every reader.
"""

import re
from collections.abc import Iterator

from dmaragent.collect.formats import words
from dmaragent.collect.formats.decompress import LARGEST_EXPANDED, Expansion
from dmaragent.collect.formats.magic import BLOCK, is_tar, tar_number, tar_sum
from dmaragent.collect.formats.members import LONGEST_NAME, MOST_MEMBERS, Member, MemberKind
from dmaragent.collect.words import shown
from dmaragent.errors import HostError
from fwtables.signatures import DECODED_SIGNATURES

LARGEST_HEADER = 1 << 18
"""The largest extended header: a name, a link, and extended attributes of 64 KiB."""
MOST_RECORDS = 1 << 21
"""The most pax headers in all: GNU tar and bsdtar write up to ten per member. A copy of 65,536
functions has 200,000 members with headers."""
_RECORD = re.compile(rb"([1-9][0-9]{0,6}) ([^=\0]{1,256})=")
_PAX_NUMBER = re.compile(rb"[0-9]{1,20}")
_EMPTY = bytes(BLOCK)
_KINDS = {
    b"0": MemberKind.FILE,
    b"\0": MemberKind.FILE,
    b"7": MemberKind.FILE,  # "contiguous": every system treats it as a file
    b"1": MemberKind.HARD_LINK,
    b"2": MemberKind.SYMBOLIC_LINK,
    b"5": MemberKind.FOLDER,
}
_WITHOUT_DATA = b"12345" + b"6"
"""The types whose size is 0 or has no meaning."""
_LONG_NAME, _LONG_TARGET = b"L", b"K"
_PAX, _PAX_GLOBAL = (b"x", b"X"), b"g"
_TELLING = (b"path", b"linkpath", b"size")


def _text(field: bytes) -> str:
    """Decode a name, which ends at its first NUL, like ``os.fsdecode`` on Linux."""
    end = field.find(b"\0")
    return (field if end < 0 else field[:end]).decode("utf-8", "surrogateescape")


class Tar:
    """The members of the tar that `stream` expands to."""

    def __init__(self, stream: Expansion) -> None:
        self._stream = stream
        self._left = 0
        """How many bytes of the current member were not read yet."""
        self._padding = 0
        self._headers = 0
        self._pax_records = 0
        self._next: dict[bytes, bytes] = {}
        """The fields for the next member from extended headers, by pax keywords."""

    def __iter__(self) -> Iterator[Member]:
        """Read the members to the end of the tar."""
        stream = self._stream
        while True:
            if stream.skip(self._left + self._padding):
                raise self._cut("in the data of a member")
            self._left = self._padding = 0
            block = stream.read(BLOCK)
            if block == _EMPTY:
                self._end()
                return
            if not self._headers and block.startswith(DECODED_SIGNATURES) and not is_tar(block):
                where = self._stream.where
                raise words.packed_table(where)
            if len(block) < BLOCK:
                raise self._cut("before the two empty blocks that end it")
            self._headers += 1
            if self._headers > MOST_MEMBERS:
                raise self._wrong(f"it has more than {MOST_MEMBERS} members")
            member = self._member(block)
            if member is not None:
                yield member

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes of the current member."""
        size = min(size, self._left)
        self._left -= size
        data = self._stream.read(size) if size else b""
        if len(data) < size:
            raise self._cut("in the data of a member")
        return data

    def _end(self) -> None:
        if self._stream.read(BLOCK) != _EMPTY:
            raise self._wrong("a block of zeros is not followed by a second one")
        if self._next:
            raise self._wrong("the last header describes a next member, which is missing")
        self._stream.finish()

    def _member(self, block: bytes) -> Member | None:
        """Read a header; return None if it only describes the next one."""
        if tar_sum(block) != tar_number(block[148:156]):
            raise self._wrong("the checksum of a member's header is wrong")
        kind, size = block[156:157], tar_number(block[124:136])
        if size is None or size > LARGEST_EXPANDED:
            raise self._wrong("a member's size is not a plausible number")
        if kind in (_LONG_NAME, _LONG_TARGET, *_PAX, _PAX_GLOBAL):
            self._extend(kind, size)
            return None
        member = self._described(block, kind, size) if self._next else _plain(block, kind, size)
        if kind in _WITHOUT_DATA or kind == b"S":
            self._check(member, kind)
        else:
            self._left, self._padding = member.size, -member.size % BLOCK
        return member

    def _described(self, block: bytes, kind: bytes, size: int) -> Member:
        """Read a header that earlier extended headers complete."""
        headers, self._next = self._next, {}
        plain = _plain(block, kind, size)
        name, target, longer = (headers.get(key) for key in _TELLING)
        if longer is not None:
            size = int(longer) if _PAX_NUMBER.fullmatch(longer) else LARGEST_EXPANDED + 1
        if size > LARGEST_EXPANDED:
            raise self._wrong("a member's size is not a plausible number")
        return Member(
            plain.name if name is None else name.decode("utf-8", "surrogateescape"),
            plain.kind if name is None else _kind(kind, folder=name.endswith(b"/")),
            size,
            plain.target if target is None else target.decode("utf-8", "surrogateescape"),
        )

    def _check(self, member: Member, kind: bytes) -> None:
        if kind == b"S":
            raise self._wrong(f"{shown(member.name)} is a sparse file, which is not supported")
        if member.size and kind != b"1":
            raise self._wrong(f"{shown(member.name)} is {member.kind.value} of {member.size} bytes")

    def _extend(self, kind: bytes, size: int) -> None:
        """Keep the fields of an extended header for the next member."""
        most = LARGEST_HEADER if kind in (*_PAX, _PAX_GLOBAL) else LONGEST_NAME + 1
        if size > most:
            raise self._wrong(f"an extended header has {size} bytes")
        data = self._stream.read(size)
        if len(data) < size or self._stream.skip(-size % BLOCK):
            raise self._cut("in an extended header")
        if kind in (_LONG_NAME, _LONG_TARGET):
            headers = {b"path" if kind == _LONG_NAME else b"linkpath": data.rstrip(b"\0")}
        else:
            headers = self._records(data)
        if kind == _PAX_GLOBAL:
            if any(key in headers for key in _TELLING):
                raise self._wrong("a header sets one name or size for all members")
            return
        if any(key in self._next for key in headers):
            raise self._wrong("two extended headers describe one member")
        self._next.update(headers)

    def _records(self, data: bytes) -> dict[bytes, bytes]:
        """Read the records of a pax header: length, keyword, value."""
        records: dict[bytes, bytes] = {}
        at = 0
        while at < len(data):
            record = _RECORD.match(data, at)
            end = at + int(record[1]) if record else 0
            if record is None or not record.end() < end <= len(data) or data[end - 1] != 0x0A:
                raise self._wrong("a pax header is damaged")
            if record[2].startswith(b"GNU.sparse."):
                raise self._wrong("a member is a sparse file, which is not supported")
            if record[2] in records:
                raise self._wrong("a pax header sets a field twice")
            self._pax_records += 1
            if self._pax_records > MOST_RECORDS:
                raise self._wrong(f"its pax headers have more than {MOST_RECORDS} records")
            records[record[2]] = data[record.end() : end - 1]
            at = end
        return records

    def _wrong(self, what: str) -> HostError:
        return words.wrong_tar(self._stream.where, what, self._stream.offset)

    def _cut(self, what: str) -> HostError:
        return words.cut_tar(self._stream.where, what, self._stream.offset)


def _plain(block: bytes, kind: bytes, size: int) -> Member:
    """Read a header without extensions."""
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and block[345]:
        name = f"{_text(block[345:500])}/{name}"
    what = _kind(kind, folder=name.endswith("/"))
    return Member(name, what, size, _text(block[157:257]) if kind in b"12" else "")


def _kind(kind: bytes, *, folder: bool) -> MemberKind:
    """Return the kind of a member; an old tar has a directory as a file called ``NAME/``."""
    if folder and kind in b"0\0":
        return MemberKind.FOLDER
    return _KINDS.get(kind, MemberKind.OTHER)
