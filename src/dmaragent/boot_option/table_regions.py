"""The regions that the table already gives to devices, which need no option.

Pure.
"""

from collections.abc import Iterable, Iterator

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.inventory import Inventory, Region


def regions_with(inventory: Inventory, place: AddressRange) -> Iterator[Region]:
    """Yield the regions of the table that have a byte of `place`, in table order."""
    for region in inventory.all_regions:
        if region.range is not None and region.range.overlaps(place):
            yield region


def gives(region: Region, devices: Iterable[SBDF]) -> bool:
    """Return whether the table gives `region` to all of `devices`."""
    owners = {owner.sbdf for owner in region.owners}
    ids = [claim.ids for claim in region.reserved.claims if claim.ids is not None]
    return all(sbdf in owners or any(own.contains(sbdf) for own in ids) for sbdf in devices)
