"""The part of docs/messages.md about how many messages are recognised (``make docs``)."""

from collections import Counter
from textwrap import fill

from recall.facts import read
from recall.measure import reason
from recall.sources import BINARIES, DEBIAN, LIBXL, LINUX, XEN, Source

_HEAD = """
## Coverage

`make recall` extracts the format strings of these programs from their sources, or from Debian's
binaries if the sources are not available. It fills them with values and checks which ones `why`
recognises.

Format strings count if they concern reserved regions, a refused IOMMU, DMA faults, VFIO, or
devices that are assigned, detached or reset. Debug output does not count. The list of strings with
their messages is `tests/recall/messages.tsv`, and a test compares it with the recogniser.
`tests/recall/sources.py` lists the functions that count in each file.

| program | recognised | of | releases |
|---|---|---|---|
"""
_RELEASES = {
    "Xen": "every release tag from 4.6.0 to 4.22.0",
    "libxl": "every release tag of Xen from 4.6.0 to 4.22.0, and Debian's libxenmisc",
    "Linux": f"Debian's linux-source {', '.join(DEBIAN.values())}",
}


def recall_part() -> str:
    """Return the part of the page."""
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
    """Return the strings that are not recognised, by reason."""
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
