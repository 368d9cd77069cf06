"""The reserved regions."""

from dmaragent.inventory import Region
from dmaragent.iommu.claims import Owner
from dmaragent.present.words.region import named_ids, no_owner_words, owner_words

REGIONS = "Reserved regions"
REGIONS_CAPTION = "Reserved regions in table order; regions with the same verdicts are together"
REGION_COLUMNS = ("Region", "Range and size", "Owners", "Xen", "Linux", "Memory map")
PUBLISHED = "Regions that only Linux reports"
DIFFERENCES = "Differences between the table, Xen and Linux"


def region_range(number: int, place: str, size: str, structure: str) -> str:
    """Return a region with its number, range, size and structure in the table."""
    return f"{number}: {place}, {size}, {structure}"


def shared_by(number: int) -> str:
    """Return how many devices share a region."""
    return f"shared by {number}: "


def same_owners(shared: str, region: int) -> str:
    """Return that a region has the owners of another."""
    return f"{shared}the same as region {region}"


def owner(owner: Owner) -> str:
    """Return an owner of a region, with spaces at which a line may break."""
    return owner_words(owner).replace("\N{NO-BREAK SPACE}", " ")


def no_owner(region: Region) -> str:
    """Return why no device is named for a region, with the device IDs that it names."""
    ids = named_ids(region)
    return f"{ids}: {no_owner_words(region)}" if ids else "none: its device scope is empty"


def of_region(number: int | None, sentence: str) -> str:
    """Return a sentence with the region that it is about, if it is about one."""
    return f"Region {number}: {sentence}" if number else sentence
