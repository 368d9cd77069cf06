"""Extract format strings from the sources, and hold them against the recogniser."""

import re
import struct
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dmaragent.messages import recogniser
from recall.c_source import Printed, printed
from recall.rendering import render
from recall.sources import BINARIES, DEBIAN, ELSEWHERE, LIBXL, LINUX, XEN, XEN_TAG, Source

_TEXTS = re.compile(rb"[\x09\x0a\x20-\x7e]{8,}\x00")
_MO_HEADER = struct.Struct("<7I")
_MO_ENTRY = struct.Struct("<2I")
_EAL_PREFIX = re.compile(r"^(?:EAL|PCI_BUS|VMBUS): (?:%s\(\): )?|(?: %\.0s)+$")


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """One format string on the paths: who prints it where, and the message it is."""

    program: str
    releases: str
    file: str
    function: str
    text: str
    message: str
    """The id; empty: not recognised."""


def facts(xen: Path, debian: Path) -> list[Fact]:
    """Return all format strings of the sources, each once a program, in order.

    `xen` is a git directory of Xen, `debian` the folder that ``fetch.sh`` filled.
    """
    found: dict[tuple[str, str], tuple[list[str], Printed]] = {}
    for program, release, item in (*_xen(xen), *_linux(debian), *_binaries(debian)):
        releases, _ = found.setdefault((program, item.text), ([], item))
        if release not in releases:
            releases.append(release)
    known = recogniser()
    result = []
    for (program, text), (releases, item) in found.items():
        names = [
            one.message.id for one in known.recognise(render(text, program, item.function)).found
        ]
        span = releases[0] if len(releases) == 1 else f"{releases[0]} to {releases[-1]}"
        result.append(
            Fact(program, span, item.file, item.function, text, names[0] if names else "")
        )
    return sorted(result)


def reason(text: str) -> str:
    """Return why `text` is not recognised; empty: nobody said."""
    return next((why for pattern, why in ELSEWHERE if re.search(pattern, text)), "")


def _xen(git: Path) -> Iterator[tuple[str, str, Printed]]:
    """Yield program, release and format string of Xen and its tools, tag by tag."""
    tags = [tag for tag in _git(git, "tag").split() if XEN_TAG.fullmatch(tag)]
    tags.sort(key=lambda tag: tuple(map(int, tag[8:].split("."))))
    read: dict[tuple[Source, str], tuple[Printed, ...]] = {}
    for tag in tags:
        listed = _git(git, "ls-tree", "-r", tag, "--", *{one.path for one in (*XEN, *LIBXL)})
        blobs = {line.split("\t")[1]: line.split()[2] for line in listed.splitlines()}
        for program, sources in (("Xen", XEN), ("libxl", LIBXL)):
            for source in sources:
                blob = blobs.get(source.path)
                if blob is None:
                    continue
                if (source, blob) not in read:
                    text = _git(git, "cat-file", "blob", blob)
                    read[source, blob] = tuple(_counted(source, text))
                yield from ((program, tag[8:], item) for item in read[source, blob])


def _linux(debian: Path) -> Iterator[tuple[str, str, Printed]]:
    for suite, release in DEBIAN.items():
        for source in LINUX:
            path = debian / suite / "linux" / source.path
            if path.exists():
                text = path.read_text("utf-8", "replace")
                yield from (("Linux", release, item) for item in _counted(source, text))


def _counted(source: Source, text: str) -> Iterator[Printed]:
    for item in printed(source.path, text):
        if re.search(r"[A-Za-z]{3}.*[A-Za-z]{2}", item.text) and source.counts(
            item.function, item.text
        ):
            yield item


def _binaries(debian: Path) -> Iterator[tuple[str, str, Printed]]:
    for suite in DEBIAN:
        for binary in BINARIES:
            for folder in sorted((debian / suite / "packages").glob(binary.package)):
                for path in sorted(folder.glob(binary.files)):
                    for text in sorted(set(_texts(path))):
                        shown = _EAL_PREFIX.sub("", text)
                        if (
                            " " in shown
                            and re.search(binary.words, shown)
                            and not re.search(binary.not_words, shown)
                        ):
                            yield binary.program, suite, Printed(path.name, "", shown)


def _texts(path: Path) -> Iterable[str]:
    """Return the strings of a program, or the messages that a .mo file translates."""
    content = path.read_bytes()
    if path.suffix == ".mo":
        _, _, count, at, *_ = _MO_HEADER.unpack_from(content)
        entries = (_MO_ENTRY.unpack_from(content, at + 8 * index) for index in range(count))
        texts = [content[start : start + size] for size, start in entries]
    else:
        texts = [match[0] for match in _TEXTS.finditer(content)]
    return [
        re.sub(r"\s+", " ", text.partition(b"\0")[0].decode("utf-8", "replace")).strip()
        for text in texts
    ]


def _git(git: Path, *arguments: str) -> str:
    command = ["git", "-C", str(git), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout.decode(
        "utf-8", "replace"
    )
