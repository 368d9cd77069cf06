"""What dmaragent predicts beside what machines do: the tables of docs/truth.md.

A scenario adds rows and then asks its section to hold: a row whose two sides differ fails the test.
A run in which everything held on a suite records its rows in ``records/SUITE.json``; the page is
made of all records, so each suite can be run on its own day.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vm.suites import SUITES, Suite

RECORDS = Path(__file__).with_name("records")
_PAGE = """\
# Comparison with real machines

Written by `make vm-all`, not by hand: {count} comparisons of {boots} boots in QEMU, in software. Each
compares an answer of dmaragent with what the kernel, the hypervisor or xl did. A run in which one of
them differs fails and records nothing, so the two sides of every row below are equal.

`make vm`, which CI runs, repeats Debian 12 whole and of Debian 13 the kernel, Xen's list and the
guests. The other suites are run by hand, on the day that the table gives.

| | {names} |
| --- |{rules}
{rows}

A dash: that scenario is not run on that release. Open a section for its rows.
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

    def section(self, title: str, words: str, what: str) -> Section:
        """Begin a table."""
        assert title not in self.sections
        self.sections[title] = Section(title, " ".join(words.split()), what)
        return self.sections[title]

    def record(self, qemu: str, kernel: str) -> None:
        """Write the record of the suite."""
        RECORDS.mkdir(exist_ok=True)
        value = {
            "debian": self.suite.debian,
            "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
            "qemu": qemu,
            "linux": kernel,
            "xen": self.xen,
            "boots": len(self.boots),
            "sections": [
                {
                    "title": section.title,
                    "words": section.words,
                    "what": section.what,
                    "rows": [[what, seen] for what, _, seen in section.rows],
                }
                for section in self.sections.values()
            ],
        }
        text = json.dumps(value, indent=1, ensure_ascii=False)
        (RECORDS / f"{self.suite.name}.json").write_text(f"{text}\n", "utf-8")


def page() -> str:
    """Return the page made of all records."""
    records = {
        suite: json.loads(path.read_text("utf-8"))
        for suite in SUITES
        if (path := RECORDS / f"{suite.name}.json").exists()
    }
    titles = list(
        dict.fromkeys(
            section["title"] for record in records.values() for section in record["sections"]
        )
    )
    versions = [
        ("Linux", [record["linux"] for record in records.values()]),
        ("Xen", [record["xen"] or "-" for record in records.values()]),
        ("QEMU", [record["qemu"] for record in records.values()]),
        ("run on", [record["date"] for record in records.values()]),
    ]
    counts = [(title, [_count(record, title) for record in records.values()]) for title in titles]
    head = _PAGE.format(
        count=sum(len(part["rows"]) for record in records.values() for part in record["sections"]),
        boots=sum(record["boots"] for record in records.values()),
        names=" | ".join(f"Debian {suite.debian}" for suite in records),
        rules=" --- |" * len(records),
        rows="\n".join(f"| {name} | {' | '.join(cells)} |" for name, cells in versions + counts),
    )
    return "\n".join([head, *(_section(records, title) for title in titles)])


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
    lines = [f"## {title}", "", parts[-1][1]["words"], ""]
    for suite, part in parts:
        lines += [
            '<details markdown="1">',
            f"<summary>Debian {suite.debian}: {len(part['rows'])} rows</summary>",
            "",
            f"| {part['what']} | dmaragent and the machine |",
            "| --- | --- |",
            *(f"| {_cell(what)} | {_cell(seen)} |" for what, seen in part["rows"]),
            "",
            "</details>",
            "",
        ]
    return "\n".join(lines)


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
