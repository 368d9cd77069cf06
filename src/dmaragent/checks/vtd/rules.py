"""All rules about Intel's table, DMAR."""

from dmaragent.checks.common.model import Rule
from dmaragent.checks.vtd import (
    damage,
    devices,
    dma_faults,
    firmware_bugs,
    guests,
    memory,
    overlaps,
    references,
    regions,
    reserved_bits,
    scopes,
    sharing,
    table,
    unit_coverage,
    units,
)

RULES: tuple[Rule, ...] = (
    *table.RULES,
    *damage.RULES,
    *reserved_bits.RULES,
    *units.RULES,
    *unit_coverage.RULES,
    *references.RULES,
    *overlaps.RULES,
    *regions.RULES,
    *memory.RULES,
    *scopes.RULES,
    *devices.RULES,
    *guests.RULES,
    *sharing.RULES,
    *dma_faults.RULES,
    *firmware_bugs.RULES,
)
"""In the order of the documentation."""
