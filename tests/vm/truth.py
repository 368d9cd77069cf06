"""The tables of docs/truth.md: dmaragent's answers beside what the machines did.

A scenario adds rows to a section and then calls `hold`: a row whose two sides differ fails the
test.  Only a run without failure writes the page.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

_PAGE = """\
# Comparison with real machines

`make vm` writes this page: {count} comparisons of dmaragent's answers with {machines} boots of Debian 12 with Linux {kernel}
and Xen {xen}, in QEMU {qemu} without KVM. The middle column is dmaragent's answer. The last column is what the
kernel, the hypervisor or xl did. If a comparison differs, the run fails and does not write this page.
"""


@dataclass(slots=True)
class Section:
    """One table of the page."""

    title: str
    words: str
    """What is compared, and the source of each side."""
    what: str
    """The heading of the first column."""
    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def row(self, what: str, said: object, seen: object) -> None:
        """Add a comparison."""
        self.rows.append((what, _text(said), _text(seen)))

    def hold(self) -> None:
        """Fail if the sides of a row differ, or if there is no row."""
        differ = [row for row in self.rows if row[1] != row[2]]
        assert self.rows, f"{self.title}: nothing was compared"
        differences = "\n".join(
            f"{what}\n  dmaragent: {said}\n  machine: {seen}" for what, said, seen in differ
        )
        assert not differ, f"{self.title}: {len(differ)} of {len(self.rows)} differ\n{differences}"

    def markdown(self) -> str:
        """Return the table."""
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
        """Return the page."""
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
