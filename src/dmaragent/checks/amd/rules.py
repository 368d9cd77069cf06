"""All rules about AMD's table, IVRS."""

from dmaragent.checks.amd import (
    damage,
    dma_faults,
    entries,
    iommus,
    ivmd_devices,
    ivmd_memory,
    ivmd_ranges,
    registration,
    special,
    table,
)
from dmaragent.checks.common.model import Rule

RULES: tuple[Rule, ...] = (
    *damage.RULES,
    *table.RULES,
    *iommus.RULES,
    *entries.RULES,
    *special.RULES,
    *ivmd_ranges.RULES,
    *ivmd_memory.RULES,
    *ivmd_devices.RULES,
    *registration.RULES,
    *dma_faults.RULES,
)
"""In the order of the documentation."""
