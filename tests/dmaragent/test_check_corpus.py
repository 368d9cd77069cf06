"""What the rules find on real tables: looked at by hand in docs/findings-on-real-tables.md.

A table alone has neither PCI functions nor a memory map: rules that need them are not asked.
"""

import re
from pathlib import Path

from dmaragent.checks import check
from dmaragent.checks.all_rules import RULES
from dmaragent.checks.amd.rules import RULES as AMD_RULES
from dmaragent.checks.common.model import Severity
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from support import ivrs_inventories
from support.checked import host_of

OF_AMD = {rule.id for rule in AMD_RULES}
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

    assert _counts(tables_of) == {
        name: counts for name, counts in WRITTEN_ABOUT.items() if name not in OF_AMD
    }


def test_the_hits_on_real_tables_of_amd_are_those_that_were_looked_at(
    ivrs_corpus: dict[str, bytes],
) -> None:
    tables_of: dict[str, list[str]] = {}
    for name, content in ivrs_corpus.items():
        inventory = ivrs_inventories.taken(ivrs_inventories.amd_host(content, None, memory=None))
        for finding in check(inventory).findings:
            tables_of.setdefault(finding.rule.id, []).append(name)

    assert _counts(tables_of) == {
        name: counts for name, counts in WRITTEN_ABOUT.items() if name in OF_AMD
    }


def test_on_a_release_that_wants_an_iommu_one_real_table_of_amd_is_critical(
    ivrs_corpus: dict[str, bytes],
) -> None:
    critical = []
    for name, content in ivrs_corpus.items():
        host = ivrs_inventories.amd_host(content, None, memory=None)
        if check(ivrs_inventories.taken(host, "4.17.7")).count(Severity.CRITICAL):
            critical.append(name)

    assert critical == ["linuxhw-9249A3556422.ivrs"]


def _counts(tables_of: dict[str, list[str]]) -> dict[str, tuple[int, int]]:
    """Return the numbers of tables and of hits in them, by rule."""
    return {rule: (len(set(names)), len(names)) for rule, names in tables_of.items()}


def test_the_page_names_no_rule_that_is_gone() -> None:
    ids = {rule.id for rule in RULES}

    assert [name for name in WRITTEN_ABOUT if name not in ids] == []
