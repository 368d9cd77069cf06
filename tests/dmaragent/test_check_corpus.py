"""What the rules find on real tables: looked at by hand in docs/findings-on-real-tables.md.

A table alone has neither PCI functions nor a memory map: rules that need them are not asked.
"""

import re
from pathlib import Path

from dmaragent.checks import RULES, check
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from support.checked import host_of

PAGE = Path(__file__).parents[2] / "docs" / "findings-on-real-tables.md"
WRITTEN_ABOUT = {
    name: (int(tables), int(hits))
    for name, hits, tables in re.findall(
        r"^## ([a-z0-9-]+): (\d+) in (\d+) tables?$", PAGE.read_text("utf-8"), re.MULTILINE
    )
}
"""By rule id: tables, and hits in them.  A rule that the page does not name finds nothing."""


def test_the_hits_on_real_tables_are_those_that_were_looked_at(
    corpus_tables: dict[str, bytes],
) -> None:
    tables_of: dict[str, list[str]] = {}
    for name, content in corpus_tables.items():
        made = host_of(content, None)
        made.directories.pop("/sys/firmware/memmap")
        for finding in check(take_inventory(join(collect(made)))).findings:
            tables_of.setdefault(finding.rule.id, []).append(name)

    counts = {rule: (len(set(names)), len(names)) for rule, names in tables_of.items()}
    assert counts == WRITTEN_ABOUT


def test_the_page_names_no_rule_that_is_gone() -> None:
    ids = {rule.id for rule in RULES}

    assert [name for name in WRITTEN_ABOUT if name not in ids] == []
