"""The names of hosts: written in lists and ranges, and safe as an argument of ssh and as a file name."""

import re
from collections.abc import Iterable, Iterator

from dmaragent.fleet.collection import words

MOST_HOSTS = 200_000
"""More than any fleet; a longer list is a mistake in a range."""
_NEEDS_CLUSTERSHELL = frozenset("!&^*?/")
"""Characters of set operations, patterns and steps, which only ClusterShell reads."""
_GROUP = re.compile(r"(?:^|[\s,])@")
"""The beginning of a group, which only ClusterShell knows.  In ``root@xen1`` there is none."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,199}")
_BRACKETS = re.compile(r"\[([^][]*)\]")
_RANGE = re.compile(r"(\d{1,12})(?:-(\d{1,12}))?", re.ASCII)


def needs_clustershell(text: str) -> bool:
    """Return whether only ClusterShell can expand `text`."""
    return not _NEEDS_CLUSTERSHELL.isdisjoint(text) or _GROUP.search(text) is not None


def expanded(text: str) -> Iterator[str]:
    """Yield the names in `text`: ``xen[01-40,50],db1``, with commas or blanks between them.

    Raises:
        DmaragentError: a range is not one.

    """
    for part in _parts(text):
        yield from _product(part, text)


def checked(names: Iterable[str]) -> list[str]:
    """Return `names` without repetitions, in their order.

    Raises:
        DmaragentError: one is not the name of a host, or there are too many.

    """
    hosts: dict[str, None] = {}
    for name in names:
        if not _NAME.fullmatch(name):
            raise words.not_a_name(name)
        hosts[name] = None
        if len(hosts) > MOST_HOSTS:
            raise words.too_many_hosts(MOST_HOSTS)
    return list(hosts)


def listed(text: str) -> Iterator[str]:
    """Yield the lines of a file of hosts that name any; ``#`` begins a comment."""
    for line in text.splitlines():
        named = line.partition("#")[0].strip()
        if named:
            yield named


def _parts(text: str) -> Iterator[str]:
    """Yield the parts of `text` between commas and blanks outside of brackets."""
    part, within = "", False
    for character in text:
        if not within and (character == "," or character.isspace()):
            if part:
                yield part
            part = ""
            continue
        within = character == "[" or (within and character != "]")
        part += character
    if part:
        yield part


def _product(part: str, text: str) -> Iterator[str]:
    """Yield the names of a part: each combination of its ranges, the last one fastest."""
    found = _BRACKETS.search(part)
    if found is None:
        if "[" in part or "]" in part:
            raise words.not_a_range(part)
        yield part
        return
    head, tail = part[: found.start()], part[found.end() :]
    if "[" in head or "]" in head:
        raise words.not_a_range(part)
    for number in _numbers(found[1], part):
        for rest in _product(tail, text) if tail else [""]:
            yield f"{head}{number}{rest}"


def _numbers(text: str, part: str) -> Iterator[str]:
    """Yield the numbers of ``01-40,50``, with the zeros that their range begins with."""
    for span in text.split(","):
        found = _RANGE.fullmatch(span.strip())
        if found is None:
            raise words.not_a_range(part)
        first, last = found[1], found[2] or found[1]
        padded = any(len(end) > 1 and end.startswith("0") for end in (first, last))
        if int(last) < int(first) or (padded and len(first) != len(last)):
            raise words.not_a_range(part)
        for number in range(int(first), int(last) + 1):
            yield f"{number:0{len(first)}}"
