"""What rules about the regions of guests have in common, whatever the vendor of the table.

A rule gives the pages that a guest with a region's devices reserves: Xen's rules for them differ
by vendor.
"""

from collections.abc import Callable, Iterator

from dmaragent.addresses import MIB, PAGE, AddressRange, span
from dmaragent.checks.common.facts import CheckFacts
from dmaragent.checks.common.findings import range_evidence, region_hit
from dmaragent.checks.common.model import Hit
from dmaragent.inventory import Region
from dmaragent.policy.hvmloader import hvmloader_memory
from dmaragent.policy.layout import MAP_ENTRIES

RESERVED_BY = "A guest reserves the region with its device, or with strategy=host."
BELOW_1MIB = (
    f"{RESERVED_BY} libxl counts guest RAM from 0, so it cannot avoid the region; with relaxed it "
    "hides the region from the guest."
)
BELOW_1MIB_EFFECT = 'A guest that reserves it as strict does not start ("RDM conflict").'
BELOW_1MIB_ADVICE = (
    "Turn off what uses it in the firmware setup, then set rdm_policy=relaxed. DMA that remains "
    "overwrites guest memory."
)
HVMLOADER_EFFECT = "A guest that reserves it does not boot: hvmloader halts (any policy)."
HVMLOADER_ADVICE = (
    "Do not use strategy=host, and assign the region's devices only to PV guests; or update the "
    "firmware."
)
HVMLOADER_SOURCE = "Xen tools/firmware/hvmloader, e820.c build_e820_table, config.h"
PagesOf = Callable[[Region], AddressRange | None]
"""Returns the pages of a region that Xen lists for its devices; None: it lists nothing."""


def is_placeholder(region: Region) -> bool:
    """Return whether `region` is at address 0 and at most a page: how firmware declares none."""
    return region.first == 0 and region.last in (0, PAGE - 1)


def below_1mib_hits(facts: CheckFacts, pages_of: PagesOf) -> Iterator[Hit]:
    """Find regions that guest memory cannot avoid; placeholders have their own rule."""
    for region in facts.inventory.all_regions:
        if region.first < MIB and not is_placeholder(region) and pages_of(region) is not None:
            yield region_hit(region, "begins below 1 MiB.", range_evidence(facts, region))


def hvmloader_hits(facts: CheckFacts, pages_of: PagesOf) -> Iterator[Hit]:
    """Find regions whose pages overlap hvmloader's own area, or may: older releases use more."""
    loader = hvmloader_memory(facts.release)
    for region in facts.inventory.all_regions:
        pages = pages_of(region)
        if pages is not None and pages.overlaps(loader.possible):
            sure = pages.overlaps(loader.sure)
            area = span(loader.sure if sure else loader.possible)
            until = "" if sure else f" before Xen {loader.until}"
            message = f"overlaps {area}, which hvmloader uses{until}."
            yield region_hit(region, message, range_evidence(facts, region))


def unlisted_hits(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions that the rules predict in the running Xen's list and that are not in it."""
    for region in facts.inventory.all_regions:
        if region.source in facts.inventory.xen.unlisted:
            message = "is not in Xen's list, and no reading explains it."
            yield region_hit(region, message, range_evidence(facts, region))


def fills_a_map(entries: int) -> bool:
    """Return whether this many entries do not fit into a guest's memory map beside one of RAM."""
    return entries + 1 >= MAP_ENTRIES
