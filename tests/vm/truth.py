"""What dmaragent said beside what the machine did: the tables of docs/truth.md.

A scenario adds rows and then asks its section to hold: a row whose two sides differ fails the
test, and the page is written by a run in which everything held.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

_PAGE = """\
# What dmaragent says, and what the machines do

Written by `make vm`, not by hand: {count} comparisons of {machines} boots in QEMU {qemu}, in
software, of Debian 12 with Linux {kernel} and Xen {xen}.  The middle column is what dmaragent
says, the last one is what the kernel, the hypervisor or xl did.  A run in which one of them
differs fails, and does not write this page.
"""


@dataclass(slots=True)
class Section:
    """One table of the page."""

    title: str
    words: str
    """What is compared, and how each side was had."""
    what: str
    """The first column's head."""
    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def row(self, what: str, said: object, seen: object) -> None:
        """Add a comparison."""
        self.rows.append((what, _text(said), _text(seen)))

    def hold(self) -> None:
        """Fail where the sides differ, or where nothing was compared."""
        differ = [row for row in self.rows if row[1] != row[2]]
        assert self.rows, f"{self.title}: nothing was compared"
        told = "\n".join(f"{what}\n  said: {said}\n  seen: {seen}" for what, said, seen in differ)
        assert not differ, f"{self.title}: {len(differ)} of {len(self.rows)} differ\n{told}"

    def markdown(self) -> str:
        """Give the table."""
        lines = [
            f"## {self.title}",
            "",
            self.words,
            "",
            f"| {self.what} | dmaragent | the machine |",
        ]
        lines.append("| --- | --- | --- |")
        lines += [
            f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in self.rows
        ]
        return "\n".join(lines)


@dataclass(slots=True)
class Truth:
    """The page, as it grows."""

    sections: dict[str, Section] = field(default_factory=dict)
    boots: list[str] = field(default_factory=list)

    def section(self, title: str, words: str, what: str) -> Section:
        """Begin a table."""
        assert title not in self.sections
        self.sections[title] = Section(title, " ".join(words.split()), what)
        return self.sections[title]

    def page(self, qemu: str, kernel: str, xen: str) -> str:
        """Give the page."""
        count = sum(len(section.rows) for section in self.sections.values())
        head = _PAGE.format(
            count=count, machines=len(self.boots), qemu=qemu, kernel=kernel, xen=xen
        )
        return "\n".join([head, *(f"{each.markdown()}\n" for each in self.sections.values())])


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "-"
    if isinstance(value, str):
        return value or "-"
    if isinstance(value, Iterable):
        return "; ".join(_text(each) for each in value) or "none"
    return str(value)
