"""Sentences about the devices that regions of AMD's table cover."""

from collections.abc import Iterator, Sequence

from dmaragent.addresses import SBDF
from dmaragent.passthrough.region_coverage import Coverage, HostCoverage
from dmaragent.present.words.numbers import count, numbered_regions

_MOST = 6
"""How many devices are listed; the rest is counted."""


def coverage_words(coverage: HostCoverage, *, fixes: bool) -> Iterator[str]:
    """Yield which blocks of the table block devices, how many, and which devices are left.

    `fixes`: the ways out follow, numbered.
    """
    yield from map(_covered_words, coverage.coverages)
    if not coverage.coverages:
        return
    if fixes:
        numbers = sorted(region.number for one in coverage.coverages for region in one.regions)
        regions = " ".join(f"--without {number}" for number in numbers[:_MOST])
        override = 1 if coverage.setup_last else 2
        yield f"For fix {override}, the regions are {regions if len(numbers) <= _MOST else '--without all'}"
    if coverage.preboot:
        likely = ", so fix 1 is likely to help" if fixes and not coverage.board else ""
        yield (
            "The firmware used the IOMMU before boot (IVinfo of the table): pre-boot DMA protection is "
            f"on{likely}"
        )
    elif coverage.preboot is False:
        may_not = f", so fix {3 if coverage.setup_last else 1} may not help" if fixes else ""
        yield (
            "The firmware did not use the IOMMU before boot (IVinfo of the table): pre-boot DMA "
            f"protection may already be off{may_not}"
        )
    if fixes and coverage.board:
        yield coverage.board
    if coverage.free:
        yield f"Linux does not block these devices: {_listed(coverage.free)}"
    if coverage.unknown:
        yield (
            "Linux may not block these devices, whose class or IOMMU group is unknown: "
            f"{_listed(coverage.unknown)}"
        )
    if coverage.all_blocked:
        yield "Linux blocks every device of this host that has an IOMMU"


def _listed(devices: Sequence[SBDF]) -> str:
    rest = len(devices) - _MOST
    return ", ".join(map(str, devices[:_MOST])) + (f" and {rest} more" if rest > 0 else "")


def _covered_words(coverage: Coverage) -> str:
    """Return how many devices the regions of `coverage` cover."""
    numbers = numbered_regions(region.number for region in coverage.regions)
    offsets = ", ".join(f"{region.entry.offset:#x}" for region in coverage.regions)
    blocks = "IVMD block at" if len(coverage.regions) == 1 else "IVMD blocks at"
    covers = "covers" if len(coverage.regions) == 1 else "cover"
    return (
        f"{numbers[0].upper()}{numbers[1:]} ({blocks} {offsets} of the IVRS) {covers} "
        f"{coverage.devices}: {coverage.present} of {count(coverage.functions, 'PCI function')} of "
        f"this host. Linux blocks {coverage.blocked} of them"
    )
