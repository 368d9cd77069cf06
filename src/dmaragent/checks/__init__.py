"""Firmware findings: the rules, and all that they find on a host.

Pure.  A rule is a plain function in ``vtd/`` or ``amd/``; ``all_rules.py`` lists all of them.  The
rules of ``vtd/`` run on a DMAR, those of ``amd/`` on an IVRS.
"""

from dmaragent.checks.common.facts import CheckFacts, Need
from dmaragent.checks.common.model import Checked, Finding, NotAsked, Rule
from dmaragent.checks.vtd.facts import facts_of
from dmaragent.checks.vtd.rules import RULES as VTD_RULES
from dmaragent.inventory import Inventory
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor


def check(inventory: Inventory) -> Checked:
    """Return what the rules find on the whole host of `inventory`.

    The worst findings are first, then the order is that of the rules and of the table.  A rule
    that needs something unknown does not run and is listed in ``not_asked``.
    """
    facts, rules = _facts_and_rules(inventory)
    findings: list[Finding] = []
    asked = 0
    missing: dict[Need, list[str]] = {}
    for rule in rules:
        lacking = [need for need in Need if need in rule.needs and not facts.knows(need)]
        for need in lacking:
            missing.setdefault(need, []).append(rule.id)
        if not lacking:
            asked += 1
            advice = rule.advice_without_preboot if facts.without_preboot else ""
            hits = (hit._replace(advice=hit.advice or advice) for hit in rule.find(facts))
            findings += [Finding(rule=rule, hit=hit) for hit in hits]
    return Checked(
        findings=tuple(sorted(findings, key=lambda finding: finding.severity.rank)),
        decoded=inventory.decoded,
        asked=asked,
        not_asked=tuple(NotAsked(need=need, rules=tuple(ids)) for need, ids in missing.items()),
    )


def _facts_and_rules(inventory: Inventory) -> tuple[CheckFacts, tuple[Rule, ...]]:
    """Return the rules for the kind of table that `inventory` is of, and the facts for them."""
    if iommu_vendor(inventory.host) is IommuVendor.AMD:
        from dmaragent.checks.amd.facts import (  # noqa: PLC0415 - 30 ms, for AMD hosts only
            ivrs_facts_of,
        )
        from dmaragent.checks.amd.rules import RULES as AMD_RULES  # noqa: PLC0415 - as above

        return ivrs_facts_of(inventory), AMD_RULES
    return facts_of(inventory), VTD_RULES
