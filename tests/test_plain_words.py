"""Modules and pages keep to plain words and short sentences."""

import re
from pathlib import Path

import pytest

from support.plain_words import REPLACED, broken_rules

ROOT = Path(__file__).parents[1]
PLACES = (
    "src/dmaragent/**/*.py",
    "parsers/**/*.py",
    "docs/*.md",
    "docs/man/*",
    "*.md",
)
NOT_YET = (
    "src/dmaragent/*.py",
    "src/dmaragent/agent",
    "src/dmaragent/answers",
    "src/dmaragent/boot_option",
    "src/dmaragent/checks",
    "src/dmaragent/collect",
    "src/dmaragent/commands",
    "src/dmaragent/comparison",
    "src/dmaragent/guests",
    "src/dmaragent/host",
    "src/dmaragent/inventory",
    "src/dmaragent/iommu",
    "src/dmaragent/linux",
    "src/dmaragent/messages",
    "src/dmaragent/passthrough",
    "src/dmaragent/policy",
    "src/dmaragent/present/json",
    "src/dmaragent/present/text",
    "src/dmaragent/present/words",
    "src/dmaragent/present/*.py",
    "src/dmaragent/question",
    "src/dmaragent/remedies",
    "src/dmaragent/xen",
    "parsers",
    "docs",
    "*.md",
)
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
    ],
)
def test_a_replaced_word_is_found(text: str, *, wrong: bool) -> None:
    assert any(re.search(pattern, text, re.IGNORECASE) for pattern in REPLACED) is wrong


def test_rules_hold_for_comments_docstrings_and_pages(tmp_path: Path) -> None:
    module, page, manual = (tmp_path / name for name in ("m.py", "p.md", "m.8"))
    module.write_text('"""Give it."""\n# It cannot be\n# said.\nTEXT = f"lies in {1}"\n')
    page.write_text("Nobody\nknows.\n\n| nobody | |\n\n    nobody\n\n```\nnobody\n```\n")
    manual.write_text(".SH NAME\nThe region\n.B lies in\nRAM.\n.nf\nnobody\n.fi\n")

    assert [len(broken_rules(path)) for path in (module, page, manual)] == [4, 1, 1]
