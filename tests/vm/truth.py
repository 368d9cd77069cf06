"""What dmaragent predicts beside what machines do: the tables of docs/truth.md.

A scenario adds rows and then asks its section to hold: a row whose two sides differ fails the test.
A run in which everything held on a suite records its rows in ``records/SUITE.json``; a run of some
scenarios replaces only theirs.  The page is made of all records, so each suite can be run on its own
day.
"""

import datetime as dt
import json
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vm.suites import SUITES, Suite

RECORDS = Path(__file__).with_name("records")
_SUBJECTS = ("Linux", "Xen", "Guests", "Fleet", "The service", "AMD", "Xen on AMD")
"""The words with which titles begin, in the order of the page."""
PROGRAMS = ("QEMU, client of VFIO",)
"""Of `programs`: the rows of the page."""
_PAGE = """\
# Comparison with real machines

Written by `make vm-all`, not by hand: {count} comparisons of {boots} boots in QEMU, in software. Each
compares an answer of dmaragent with what the kernel, the hypervisor, xl, QEMU or systemd did. A run in which one of
them differs fails and records nothing, so the two sides of every row below are equal.

`make vm`, which CI runs, repeats most of Debian 12 and the kernel's regions of Debian 13. The rest is run by hand, on
the day that the table gives; it includes the PVH dom0, the guests on AMD, the fleet and the restored guests.

| | {names} |
| --- |{rules}
{rows}

A dash: that scenario is not recorded for that release. Open a section for its rows.

Not compared: iommufd, because no kernel of these suites has it (CONFIG_IOMMUFD); guests with OVMF. A PVH dom0
with a range of `rmrr=` in its RAM ends at boot ("not permitted"), so its lab has none. Its processor is AMD's and
its IOMMU Intel's, which no real machine has.
"""


@dataclass(slots=True)
class Section:
    """One table of the page, for one suite."""

    title: str
    words: str
    """What is compared, and the source of each side."""
    what: str
    """The heading of the first column."""
    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def row(self, what: str, predicted: object, seen: object) -> None:
        """Add a comparison."""
        self.rows.append((what, _text(predicted), _text(seen)))

    def hold(self) -> None:
        """Fail if the sides of a row differ, or if nothing was compared."""
        differ = [row for row in self.rows if row[1] != row[2]]
        assert self.rows, f"{self.title}: nothing was compared"
        lines = "\n".join(
            f"{what}\n  predicted: {predicted}\n  seen:      {seen}"
            for what, predicted, seen in differ
        )
        assert not differ, f"{self.title}: {len(differ)} of {len(self.rows)} differ\n{lines}"


@dataclass(slots=True)
class Truth:
    """The comparisons of one suite in this run."""

    suite: Suite
    sections: dict[str, Section] = field(default_factory=dict)
    boots: list[str] = field(default_factory=list)
    xen: str = ""
    """The full release that Xen's console printed."""
    programs: dict[str, str] = field(default_factory=dict)
    """The releases of programs inside."""
    documents: dict[str, Path] = field(default_factory=dict)
    """What is kept beside the record, by its path there."""

    def section(self, title: str, words: str, what: str) -> Section:
        """Begin a table."""
        assert title not in self.sections
        self.sections[title] = Section(title, " ".join(words.split()), what)
        return self.sections[title]

    def record(self, qemu: str, kernel: str, *, every: bool) -> None:
        """Write the record of the suite; if not `every` scenario ran, into the one that is there.

        That one has to be of the same releases.
        """
        RECORDS.mkdir(exist_ok=True)
        path = RECORDS / f"{self.suite.name}.json"
        value: dict[str, Any] = {
            "debian": self.suite.debian,
            "linux": kernel,
            "xen": self.xen,
            "qemu": qemu,
            "programs": self.programs,
            "boots": sorted(set(self.boots)),
            "sections": [self._recorded(section) for section in self.sections.values()],
        }
        if not every and path.exists():
            value = _merged(json.loads(path.read_text("utf-8")), value)
        text = json.dumps(value, indent=1, ensure_ascii=False)
        path.write_text(f"{text}\n", "utf-8")
        for name, document in self.documents.items():
            (RECORDS / name).parent.mkdir(exist_ok=True)
            (RECORDS / name).write_bytes(document.read_bytes())

    def _recorded(self, section: Section) -> dict[str, Any]:
        return {
            "title": section.title,
            "words": section.words,
            "what": section.what,
            "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
            "rows": [[what, seen] for what, _, seen in section.rows],
        }


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return a record with the sections of another in the place of its own."""
    new["xen"] = new["xen"] or old["xen"]
    differ = [key for key in ("linux", "xen", "qemu") if old[key] not in ("", new[key])]
    assert not differ, f"the record is of other releases ({differ}): run every scenario"
    sections = {section["title"]: section for section in (*old["sections"], *new["sections"])}
    new["boots"] = sorted({*old["boots"], *new["boots"]})
    new["programs"] = {**old.get("programs", {}), **new["programs"]}
    return {**new, "sections": list(sections.values())}


def page() -> str:
    """Return the page made of all records."""
    records = {
        suite: json.loads(path.read_text("utf-8"))
        for suite in SUITES
        if (path := RECORDS / f"{suite.name}.json").exists()
    }
    every = {section["title"] for record in records.values() for section in record["sections"]}
    titles = sorted(every, key=lambda title: (_SUBJECTS.index(re.split("[:,]", title)[0]), title))
    versions = [
        ("Linux", [record["linux"] for record in records.values()]),
        ("Xen", [record["xen"] or "-" for record in records.values()]),
        *(
            (name, [record.get("programs", {}).get(name, "-") for record in records.values()])
            for name in PROGRAMS
        ),
        ("run in QEMU", [record["qemu"] for record in records.values()]),
        ("run on", [_dates(record) for record in records.values()]),
    ]
    counts = [(title, [_count(record, title) for record in records.values()]) for title in titles]
    head = _PAGE.format(
        count=sum(len(part["rows"]) for record in records.values() for part in record["sections"]),
        boots=sum(len(record["boots"]) for record in records.values()),
        names=" | ".join(f"Debian {suite.debian}" for suite in records),
        rules=" --- |" * len(records),
        rows="\n".join(f"| {name} | {' | '.join(cells)} |" for name, cells in versions + counts),
    )
    return "\n".join([head, *(_section(records, title) for title in titles)])


def _dates(record: Mapping[str, Any]) -> str:
    dates = sorted({section["date"] for section in record["sections"]})
    return dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"


def _count(record: Mapping[str, Any], title: str) -> str:
    rows = [len(part["rows"]) for part in record["sections"] if part["title"] == title]
    return f"{rows[0]} of {rows[0]}" if rows else "-"


def _section(records: Mapping[Suite, Mapping[str, Any]], title: str) -> str:
    """Return a section of the page: a folded table for each suite."""
    parts = [
        (suite, part)
        for suite, record in records.items()
        for part in record["sections"]
        if part["title"] == title
    ]
    lines = [f"## {title}", "", textwrap.fill(parts[-1][1]["words"], 110), ""]
    for suite, part in parts:
        lines += [
            '<details markdown="1">',
            f"<summary>Debian {suite.debian}: {len(part['rows'])} rows</summary>",
            "",
            f"| {part['what']} | dmaragent and the machine |",
            "| --- | --- |",
            *(f"| {_cell(what)} | {_cell(shortened(seen))} |" for what, seen in part["rows"]),
            "",
            "</details>",
            "",
        ]
    return "\n".join(lines)


def shortened(text: str) -> str:
    """Return a list of lines or of ranges with what they have in common written once."""
    found: list[list[str]] = []
    for part in text.split("; "):
        line = re.fullmatch(r"(.+ at) (0x[0-9a-f]+)", part)
        memory = re.fullmatch(r"(0x[0-9a-f]+-0x[0-9a-f]+) (\D+)", part)
        key, value = line.groups() if line else memory.groups()[::-1] if memory else (part, "")
        if found and value and found[-1][0] == key:
            found[-1].append(value)
        else:
            found.append([key, value])
    return "; ".join(f"{key} {', '.join(values)}".strip() for key, *values in found)


def _cell(text: str) -> str:
    return text.replace("|", "&#124;")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "-"
    if isinstance(value, str):
        return value or "-"
    if isinstance(value, Iterable):
        return "; ".join(_text(item) for item in value) or "none"
    return str(value)
