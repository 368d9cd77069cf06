"""All rules.  A host needs only those of its table, so ``check`` does not import this module."""

from dmaragent.checks.amd.rules import RULES as AMD_RULES
from dmaragent.checks.common.model import Rule
from dmaragent.checks.vtd.rules import RULES as VTD_RULES

RULES: tuple[Rule, ...] = (*VTD_RULES, *AMD_RULES)
"""In the order of the documentation."""
