"""An archive of documents, unpacked into a directory of the program's own.

Links are made last, so no file is ever written through one. No link is made through another one.
Readers of the result follow none out of it (``formats/disk_tree.py``).
"""

import contextlib
import os
from collections.abc import Iterator
from typing import BinaryIO

from dmaragent.collect import words
from dmaragent.collect.formats.archive import members_of, plain_path
from dmaragent.collect.formats.disk_tree import FOLDER
from dmaragent.collect.formats.members import MOST_MEMBERS, Member, MemberKind, Members
from dmaragent.collect.formats.words import member_refused, too_many_members
from dmaragent.collect.given_file import GivenArchive, read_given
from dmaragent.collect.reader import open_stream
from dmaragent.collect.words import writing as writing_words
from dmaragent.readings import Missing

MOST_UNPACKED = 1 << 32
"""The most bytes of an archive's files in all: bundles of 100,000 hosts have 3 GB."""
_PIECE = 1 << 18


def unpack_archive(path: str, folder: str) -> bool:
    """Unpack the archive at `path` into the empty directory `folder`; return whether it is one.

    Files, directories and symbolic links are unpacked, and other members are left out.

    Raises:
        HostError: it is damaged, exceeds a limit, or a name in it leads out of it.

    """
    opened = open_stream(path)
    if isinstance(opened, Missing):
        raise words.unreadable(path, opened)
    file, begin = opened
    with file:
        given = read_given(path, file, begin)
        if not isinstance(given, GivenArchive):
            return False
        _unpack(path, members_of(path, given.source, given.head), folder)
    return True


def _unpack(path: str, members: Members, folder: str) -> None:
    links: list[tuple[str, str]] = []
    total = 0
    for number, member in enumerate(members):
        if number == MOST_MEMBERS:
            raise too_many_members(path, MOST_MEMBERS)
        name = plain_path(path, member)
        place = os.path.join(folder, name)
        total += member.size
        if total > MOST_UNPACKED:
            raise writing_words.unpacks_too_far(path, MOST_UNPACKED >> 20)
        try:
            if member.kind is MemberKind.FOLDER:
                os.makedirs(place, exist_ok=True)
            elif member.kind is MemberKind.FILE and name:
                os.makedirs(os.path.dirname(place), exist_ok=True)
                with open(place, "wb") as file:
                    _copy(members, member, file)
            elif member.kind is MemberKind.SYMBOLIC_LINK and name:
                links.append((member.target, name))
        except OSError as error:
            raise writing_words.member_not_written(path, name, error) from error
    descriptor = os.open(folder, FOLDER)
    try:
        for target, name in links:
            _link(path, descriptor, name, target)
    finally:
        os.close(descriptor)


def _copy(members: Members, member: Member, file: BinaryIO) -> None:
    file.writelines(_pieces(members, member.size))


def _pieces(members: Members, size: int) -> Iterator[bytes]:
    while size and (piece := members.read(min(size, _PIECE))):
        size -= len(piece)
        yield piece


def _link(path: str, folder: int, name: str, target: str) -> None:
    """Make a link; one that cannot be made is left out, as a reader would find it broken.

    Raises:
        HostError: it is below another link or a file, so it could be made outside of `folder`.

    """
    *parents, last = name.split("/")
    try:
        parent = _open_parent(folder, parents)
    except NotADirectoryError as error:
        why = "is below something that is not a directory"
        raise member_refused(path, name, why) from error
    except OSError:
        return
    try:
        os.symlink(target, last, dir_fd=parent)
    except OSError:
        return
    finally:
        os.close(parent)


def _open_parent(folder: int, steps: list[str]) -> int:
    """Open the directory at `steps` below `folder`, which is created if it is absent.

    Raises:
        NotADirectoryError: one of the steps is a link or a file.

    """
    parent = os.dup(folder)
    for step in steps:
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(step, dir_fd=parent)
            below = os.open(step, FOLDER | os.O_NOFOLLOW, dir_fd=parent)
        finally:
            os.close(parent)
        parent = below
    return parent
