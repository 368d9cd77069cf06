"""Firmware findings: the rules, and all that they find on a host.

Pure.  A rule is a plain function in ``common/`` or ``vtd/``; ``RULES`` lists all of them.
"""

from dmaragent.checks.common import dma_faults as logged_dma
from dmaragent.checks.common import guests, memory, regions
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Checked, Finding, NotAsked, Rule
from dmaragent.checks.vtd import (
    damage,
    devices,
    ranges,
    references,
    reserved_bits,
    scopes,
    sharing,
    table,
    unit_coverage,
    units,
)
from dmaragent.checks.vtd import firmware_bugs as logged_words
from dmaragent.checks.vtd.facts import facts_of
from dmaragent.inventory import Inventory

RULES: tuple[Rule, ...] = (
    *table.RULES,
    *damage.RULES,
    *reserved_bits.RULES,
    *units.RULES,
    *unit_coverage.RULES,
    *references.RULES,
    *ranges.RULES,
    *regions.RULES,
    *memory.RULES,
    *scopes.RULES,
    *devices.RULES,
    *guests.RULES,
    *sharing.RULES,
    *logged_dma.RULES,
    *logged_words.RULES,
)
"""All rules, in the order of the documentation."""


def check(inventory: Inventory) -> Checked:
    """Return what the rules find on the whole host of `inventory`.

    The worst findings are first, then the order is that of the rules and of the table.  A rule
    that needs something unknown does not run and is listed in ``not_asked``.
    """
    facts = facts_of(inventory)
    findings: list[Finding] = []
    asked = 0
    missing: dict[Need, list[str]] = {}
    for rule in RULES:
        lacking = [need for need in Need if need in rule.needs and not facts.knows(need)]
        for need in lacking:
            missing.setdefault(need, []).append(rule.id)
        if not lacking:
            asked += 1
            findings += [Finding(rule=rule, hit=hit) for hit in rule.find(facts)]
    return Checked(
        findings=tuple(sorted(findings, key=lambda finding: finding.severity.rank)),
        decoded=facts.table is not None,
        asked=asked,
        not_asked=tuple(NotAsked(need=need, rules=tuple(ids)) for need, ids in missing.items()),
    )
