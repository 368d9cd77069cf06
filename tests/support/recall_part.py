"""The part of docs/messages.md about how many messages are recognised (``make docs``)."""

from collections import Counter
from textwrap import fill

from recall.facts import read
from recall.measure import reason
from recall.sources import BINARIES, DEBIAN, LIBXL, LINUX, XEN, Source

_HEAD = """
## What is recognised, counted

`make recall` extracts the format strings of these programs from their sources, or from Debian's
binaries where those have no sources here, fills them with values, and asks the recogniser. Counted
is what is on the paths of reserved regions, of an IOMMU that is refused, of DMA faults, of VFIO,
and of devices that are assigned, detached or reset; what only debugging shows is not. The list with
each string and its message is `tests/recall/messages.tsv`, and a test holds it against the
recogniser. Which functions of a file count is in `tests/recall/sources.py`.

| program | recognised | of | releases |
|---|---|---|---|
"""
_RELEASES = {
    "Xen": "every release tag from 4.6.0 to 4.22.0",
    "libxl": "every release tag of Xen from 4.6.0 to 4.22.0, and Debian's libxenmisc",
    "Linux": f"Debian's linux-source {', '.join(DEBIAN.values())}",
}


def recall_part() -> str:
    """Return the part."""
    facts = read()
    total = Counter(fact.program for fact in facts)
    known = Counter(fact.program for fact in facts if fact.message)
    rows = [
        f"| {program} | {known[program]} | {count} | {_releases(program)} |\n"
        for program, count in sorted(total.items())
    ]
    rows.append(f"| all | {sum(known.values())} | {len(facts)} | |\n")
    return "".join([_HEAD, *rows, "\nThe files:\n\n", *_files(), *_rest()])


def _releases(program: str) -> str:
    suites = f"Debian {', '.join(DEBIAN)}"
    return _RELEASES.get(program, f"the strings of {_packages(program)} in {suites}")


def _packages(program: str) -> str:
    return ", ".join(one.package.rstrip("*_.-") for one in BINARIES if one.program == program)


def _files() -> list[str]:
    named = (("Xen", XEN), ("libxl", LIBXL), ("Linux", LINUX))
    lines = [f"- {program}: {_paths(sources)}" for program, sources in named]
    lines += [f"- {one.program}: `{one.files}` of {one.package}" for one in BINARIES]
    return [_wrapped(line) for line in lines]


def _paths(sources: tuple[Source, ...]) -> str:
    return ", ".join(f"`{one.path}`" for one in sources)


def _rest() -> list[str]:
    """Return what is not recognised, by the reason."""
    by_reason: dict[str, list[str]] = {}
    for fact in read():
        if not fact.message:
            by_reason.setdefault(reason(fact.text), []).append(fact.text)
    return ["\nNot recognised:\n\n"] + [
        _wrapped(f"- {why}: " + ", ".join(f"`{text}`" for text in texts))
        for why, texts in sorted(by_reason.items())
    ]


def _wrapped(text: str) -> str:
    return (
        fill(text, 99, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)
        + "\n"
    )
