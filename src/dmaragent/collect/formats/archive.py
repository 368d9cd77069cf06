"""Archives from strangers, read into memory: never unpacked, nothing written, no link followed.

An archive is read once, as a stream. The files that the ledger can request are kept. Of a recorded
machine's other files, names and hashes are kept, to check all of them against its manifest. The
manifest need not come first, and only it shows that the archive is a recorded machine.
"""

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import BinaryIO

from dmaragent.collect.formats import words
from dmaragent.collect.formats.archive_filter import placements, room, wanted_folder, wanted_link
from dmaragent.collect.formats.decompress import Expansion
from dmaragent.collect.formats.magic import ZIP, unpacker_of
from dmaragent.collect.formats.members import (
    LONGEST_NAME,
    MOST_MEMBERS,
    Member,
    MemberKind,
    Members,
)
from dmaragent.collect.formats.tar import Tar
from dmaragent.collect.formats.tree import PackedTree
from dmaragent.collect.formats.zip import Zip
from dmaragent.collect.recorded import manifest
from dmaragent.collect.tables.files import HEADER_SIZE, LOOKED_AT, is_other_table, may_hold_tables
from dmaragent.collect.words import shown
from dmaragent.errors import HostError
from dmaragent.readings import Missing, MissingKind

DEEPEST = 100
"""The most steps in a name; sysfs has twenty-five on hosts with many bridges."""
MOST_HELD = 1 << 29
"""The most bytes of an archive kept in memory, with names; 65,536 functions need a third."""
MOST_IN_NAMES = 1 << 27
"""The most characters in all names, because each name is matched with the ledger's paths. A copy of
the /sys of 65,536 functions has 700,000 names of 90 characters."""
RECORDED = ("root/", "calls/")
"""The folders of a recorded machine that contain its files."""
LARGEST_INNER = 1 << 27
"""The most bytes of an archive within the archive."""
MOST_TABLES = 64
"""The most files kept because they begin like a table."""
_PIECE = 1 << 18
MOST_FOLDERS = 64
"""How many directories beside each other are searched for a host."""
_MOST_TOPS = 16
_MOST_SECOND = 256
_PACKED = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz", ".zip")
_SYS = re.compile(r"((?:[^/]+/)?(?:root/)?sys)/")


@dataclass(slots=True, kw_only=True)
class Archive:
    """The parts of an archive that are kept."""

    where: str
    tree: PackedTree = field(default_factory=PackedTree)
    manifests: list[str] = field(default_factory=list)
    """The directories that contain a manifest.json: the root, or one at the top."""
    hashes: dict[str, str] = field(default_factory=dict)
    """The hash of each file below root/ or calls/ of a possible recorded machine, by its path."""
    stranger: str = ""
    """The first member that a bundle must not contain, and why."""
    tops: dict[str, None] = field(default_factory=dict)
    """The first few names at the top."""
    folders: dict[str, None] = field(default_factory=dict)
    """The first directories at the top, which are searched for a host."""
    second: dict[str, None] = field(default_factory=dict)
    """The first names one directory below the top, with that directory."""
    nested: list[str] = field(default_factory=list)
    """The names of the first few archives near the top; deeper ones are part of a report."""
    inner: bytes = b""
    """The archive near the top, if there is only one and it is not too large."""
    members: int = 0
    tables: int = 0
    """How many files were kept because of their content, whatever their names."""


def read_archive(where: str, source: BinaryIO, head: bytes) -> Archive:
    """Read the archive in `source`, whose first bytes are `head`; `where` names it in errors.

    Raises:
        HostError: it is damaged, exceeds a limit, or is made to deceive.

    """
    archive = Archive(where=where)
    members = members_of(where, source, head)
    letters = 0
    for member in members:
        letters += len(member.name)
        if letters > MOST_IN_NAMES:
            raise _refusal(
                archive, member, f"and those before it have {letters} characters in their names"
            )
        archive.members += 1
        if archive.members > MOST_MEMBERS:
            raise words.too_many_members(where, MOST_MEMBERS)
        _take(archive, member, members)
    return archive


def members_of(where: str, source: BinaryIO, head: bytes) -> Members:
    """Return the members of the archive in `source`, whose first bytes are `head`.

    Raises:
        HostError: its format is not supported.

    """
    if head.startswith(ZIP):
        return Zip(where, source)
    tool = unpacker_of(head)
    if tool:
        raise words.other_packing(where, tool)
    return Tar(Expansion(where, source, head))


def _take(archive: Archive, member: Member, members: Members) -> None:
    path = plain_path(archive.where, member)
    if path:
        _take_names(archive, path, member.kind)
    elif member.kind is not MemberKind.FOLDER:
        raise _refusal(archive, member, "has no name")
    try:
        if member.kind is MemberKind.FILE:
            _take_file(archive, path, member, members)
        elif member.kind is MemberKind.FOLDER:
            if path and any(map(wanted_folder, placements(path))):
                _make_room(archive, 0)
                archive.tree.add_folder(path)
        else:
            archive.stranger = archive.stranger or f"{shown(path)} is {member.kind.value}"
            if member.kind is MemberKind.SYMBOLIC_LINK:
                _take_link(archive, path, member)
    except ValueError as error:
        raise _refusal(archive, member, str(error)) from error


def _take_names(archive: Archive, path: str, kind: MemberKind) -> None:
    """Keep the first names near the top."""
    top, _, rest = path.partition("/")
    if len(archive.tops) < _MOST_TOPS:
        archive.tops[top] = None
    if (rest or kind is MemberKind.FOLDER) and len(archive.folders) < MOST_FOLDERS:
        archive.folders[top] = None
    if rest and len(archive.second) < _MOST_SECOND:
        archive.second[f"{top}/{rest.partition('/')[0]}"] = None


def plain_path(where: str, member: Member) -> str:
    """Return a member's path without ``.``, ``..`` and a leading slash; never one outside.

    Raises:
        HostError: the name leads out of the archive, or is not a name.

    """
    name = member.name
    if not name or "\0" in name:
        raise words.member_refused(where, member.name, "is not a valid name")
    if len(name) > LONGEST_NAME or len(member.target) > LONGEST_NAME or "\0" in member.target:
        raise words.member_refused(
            where, member.name, "has a name or a link target that is too long"
        )
    steps = name.split("/")
    if "" in steps or "." in steps or ".." in steps:
        steps = _plain_steps(where, member, steps)
    if len(steps) > DEEPEST:
        raise words.member_refused(where, member.name, f"is more than {DEEPEST} directories deep")
    return "/".join(steps)


def _plain_steps(where: str, member: Member, steps: list[str]) -> list[str]:
    plain: list[str] = []
    for step in steps:
        if step == "..":
            if not plain:
                raise words.member_refused(where, member.name, "leads out of the archive")
            plain.pop()
        elif step not in ("", "."):
            plain.append(step)
    return plain


def _take_file(archive: Archive, path: str, member: Member, members: Members) -> None:
    top, _, rest = path.partition("/")
    if manifest.NAME in (path, rest):
        _make_room(archive, member.size)
        if member.size > manifest.LARGEST:
            raise ValueError(f"has {member.size} bytes, too many for a manifest")
        archive.tree.add_file(path, _read(members, member.size))
        archive.manifests.append(top if rest else "")
        return
    recorded = _path_in_recording(path, rest)
    most, content = room(path, recorded, member.size)
    if most < 0:
        begin = members.read(min(member.size, LOOKED_AT))
        table = _take_table(archive, path, member, members, begin)
        if table is None and not recorded:
            _pass_over(archive, path, member, members, begin)
        elif table is None:
            _make_room(archive, 0)
            archive.tree.add_file(path, Missing(MissingKind.NOT_COLLECTED, "no reading needs it"))
        begin = table or begin
    else:
        _make_room(archive, most)
        if content is None:
            content = _read(members, most) if most > 0 else b""
        archive.tree.add_file(path, content)
        begin = content if isinstance(content, bytes) else b""
    if recorded:
        archive.hashes[path] = _hash(begin, member.size, members)


def _take_table(
    archive: Archive, path: str, member: Member, members: Members, head: bytes
) -> bytes | None:
    """Keep a file that begins like an ACPI table or acpidump text; return what was read of it.

    Return None if it does not begin like one. Only the header is kept of a table that dmaragent does
    not decode.
    """
    if archive.tables >= MOST_TABLES:
        return None
    if may_hold_tables(head, member.size, path.rpartition("/")[2]):
        _make_room(archive, member.size)
        content = head = head + _read(members, member.size - len(head))
    elif is_other_table(head):
        content = head[:HEADER_SIZE]
    else:
        return None
    archive.tree.add_file(path, content)
    archive.tables += 1
    return head


def _pass_over(archive: Archive, path: str, member: Member, members: Members, head: bytes) -> None:
    """Of a file that no reading needs, note only that it is in a sys/, or is an archive.

    The first archive is kept whole: it is the host if there is no other.
    """
    match = _SYS.match(path)
    if match:
        archive.tree.add_folder(match[1])
    if not path.lower().endswith(_PACKED) or path.count("/") > 1:
        return
    archive.inner = b""
    if not archive.nested and member.size <= LARGEST_INNER:
        _make_room(archive, member.size)
        archive.inner = head + _read(members, member.size - len(head))
    if len(archive.nested) < _MOST_TOPS:
        archive.nested.append(path)


def _path_in_recording(path: str, rest: str) -> str:
    """Return the file's path in a recorded machine, if `path` can be one."""
    return next((place for place in (rest, path) if place.startswith(RECORDED)), "")


def _take_link(archive: Archive, path: str, member: Member) -> None:
    if any(map(wanted_link, placements(path))):
        _make_room(archive, len(member.target))
        archive.tree.add_link(path, member.target)


def _make_room(archive: Archive, size: int) -> None:
    """Refuse to keep `size` more bytes if that exceeds the limit for an archive."""
    if archive.tree.weight + size > MOST_HELD:
        raise ValueError(f"exceeds the {MOST_HELD >> 20} MiB that are kept of an archive")


def _read(members: Members, size: int) -> bytes:
    if size <= _PIECE:
        return members.read(size)
    parts = []
    while size and (part := members.read(min(size, _PIECE))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _hash(begin: bytes, size: int, members: Members) -> str:
    """Hash a file of `size` bytes, of which `begin` was read, and skip the rest of it."""
    hashed = sha256(begin)
    while len(begin) < size and (rest := members.read(_PIECE)):
        hashed.update(rest)
    return hashed.hexdigest()


def _refusal(archive: Archive, member: Member, why: str) -> HostError:
    return words.member_refused(archive.where, member.name, why)
