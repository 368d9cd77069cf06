"""Modules and pages keep to plain words and short sentences."""

import re
from pathlib import Path

import pytest

from support.plain_words import REPLACED, broken_rules

ROOT = Path(__file__).parents[1]
PLACES = (
    "src/dmaragent/**/*.py",
    "parsers/**/*.py",
    "parsers/*.md",
    "docs/*.md",
    "docs/man/*",
    "*.md",
)
NOT_YET: tuple[str, ...] = ()
"""What is not rewritten yet."""


def _matches(path: Path, pattern: str) -> bool:
    relative = path.relative_to(ROOT)
    if "*" in pattern:
        return relative.match(pattern) and relative.parent == Path(pattern).parent
    return relative.is_relative_to(pattern)


def texts() -> list[Path]:
    """Return the modules and pages that the rules hold for."""
    return sorted(
        {
            path
            for pattern in PLACES
            for path in ROOT.glob(pattern)
            if not any(_matches(path, later) for later in NOT_YET)
        }
    )


@pytest.mark.parametrize("path", texts(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_text_is_in_plain_words_and_short_sentences(path: Path) -> None:
    found = broken_rules(path)

    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("It cannot be said whether the guest starts.", True),
        ("The result is unknown: the table could not be read.", False),
        ("The region lies below 1 MiB.", True),
        ("The region is below 1 MiB.", False),
        ("It shows where it is in the table.", False),
        ("Nothing changes where it is not known.", True),
        ("`table` is None if the header is cut short.", False),
        ("A bridge is none of these.", True),
        ("Return the table, or None if there is none.", False),
        ("Xen takes it for an overlap.", True),
        ("dom0 takes it back.", False),
        ("dmaragent foretells the layout.", True),
        ("The list is held against the table.", True),
        ("The answer rests on the memory map.", True),
        ("Nothing comes of it.", True),
        ("No hypervisor that answers.", True),
        ("A verb that answers a question.", False),
        ("Give the guest less memory.", False),
        ("It is no promise for a device.", True),
        ("Slots and drivers are no part of it.", True),
        ("There is no table, and the list is no longer used.", False),
        ("The answer is no, or it is unknown.", False),
        ("Where the number is unknown, the cell is empty.", True),
        ("No effect. Where these differ, the answer is unknown.", True),
        ("Where its RAM ends; the guest keeps that.", False),
        ("The kernel's log says so.", True),
        ("It is no longer taken for that release.", True),
        ("It takes no place from others.", True),
        ("Do", True),
        ("The driver walks the page table.", False),
        ("An archive has room for 64 files.", False),
    ],
)
def test_a_replaced_word_is_found(text: str, *, wrong: bool) -> None:
    assert any(re.search(pattern, text, re.IGNORECASE) for pattern in REPLACED) is wrong


@pytest.mark.parametrize(
    ("docstring", "wrong"),
    [
        ("Give the regions.", True),
        ("Name a row that is too short.", True),
        ("Name of the guest.", False),
        ("Return the regions.", False),
        ("Hold the layers apart.", True),
    ],
)
def test_a_docstring_begins_with_what_is_returned(
    tmp_path: Path, docstring: str, *, wrong: bool
) -> None:
    module = tmp_path / "m.py"
    module.write_text(
        f'def f():\n    """{docstring}"""\n    return "Give the guest less memory."\n'
    )

    assert bool(broken_rules(module)) is wrong


def test_rules_hold_for_comments_docstrings_and_pages(tmp_path: Path) -> None:
    module, page, manual = (tmp_path / name for name in ("m.py", "p.md", "m.8"))
    module.write_text('"""Give it."""\n# It cannot be\n# said.\nTEXT = f"lies in {1}"\n')
    page.write_text("Nobody\nknows.\n\n| nobody | |\n\n    nobody\n\n```\nnobody\n```\n")
    manual.write_text(".SH NAME\nThe region\n.B lies in\nRAM.\n.nf\nnobody\n.fi\n")

    assert [len(broken_rules(path)) for path in (module, page, manual)] == [4, 1, 1]
