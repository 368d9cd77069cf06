"""Firmware findings: every rule asked of a host, all hits, none but the first left out.

Pure.  A rule is a plain function in ``common/`` or ``vtd/``; ``RULES`` names all.
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
    """Ask every rule of the whole host of `inventory`.

    Findings come worst first, then in the order of the rules and of the table.  A rule that
    needs what is not known is named in ``not_asked``, and finds nothing.
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
