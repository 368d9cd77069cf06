"""What the rules find on real tables: looked at by hand in docs/findings-on-real-tables.md.

A table alone has neither PCI functions nor a memory map: rules that need them are not asked.
"""

from pathlib import Path

import pytest

from dmaragent.checks import RULES, check
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from support.checked import host_of

EXPECTED: dict[str, tuple[int, int]] = {
    "no-interrupt-remapping": (9, 9),
    "rmrr-below-1mib": (2, 3),
    "rmrr-large": (3, 3),
    "rmrr-placeholder": (1, 1),
    "rmrr-shared": (43, 54),
    "unit-without-address": (1, 1),
}
"""By rule id: tables, and hits in them.  A rule that is not here finds nothing."""
PAGE = Path(__file__).parents[2] / "docs" / "findings-on-real-tables.md"


def test_the_hits_on_real_tables_are_those_that_were_looked_at(
    corpus_tables: dict[str, bytes],
) -> None:
    found: dict[str, list[str]] = {}
    for name, content in corpus_tables.items():
        made = host_of(content, None)
        made.directories.pop("/sys/firmware/memmap")
        for one in check(take_inventory(join(collect(made)))).findings:
            found.setdefault(one.rule.id, []).append(name)

    assert {rule: (len(set(names)), len(names)) for rule, names in found.items()} == EXPECTED


@pytest.mark.parametrize("name", EXPECTED)
def test_each_rule_that_finds_something_is_written_about(name: str) -> None:
    tables, hits = EXPECTED[name]
    page = PAGE.read_text("utf-8")

    assert f"\n## {name}: {hits} in {tables} table" in page


def test_the_page_names_no_rule_that_is_gone() -> None:
    ids = {rule.id for rule in RULES}
    heads = [
        line[3:].split(":")[0]
        for line in PAGE.read_text("utf-8").splitlines()
        if line.startswith("## ")
    ]

    assert [name for name in heads if name not in ids and "-" in name] == []
