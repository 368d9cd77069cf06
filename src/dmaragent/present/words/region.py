"""A reserved region in words: its size, its owners, and how Xen and Linux treat it."""

from collections.abc import Iterable, Sequence

from dmaragent.host.groups import IommuGroup
from dmaragent.host.memory_map import MemoryType
from dmaragent.host.topology import Presence
from dmaragent.host.words import NOT_IN_MAP, NOT_KNOWN
from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.claims import ClaimKind, DeviceKind, Owner
from dmaragent.iommu.model import Access, Meaning
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.linux.unexplained_regions import UnexplainedRegion
from dmaragent.linux.view import LinuxState
from dmaragent.present.escaping import visible
from dmaragent.present.words.device import class_name, holds_words, short_class_name
from dmaragent.present.words.numbers import size_words
from dmaragent.present.words.table import device_words
from dmaragent.readings import Missing
from dmaragent.spans import span_words
from dmaragent.xen.reserved_list.model import ListSource, XenView

_RAM = frozenset({MemoryType.RAM.value.lower(), "usable"})
"""How sysfs and the boot log spell the type of RAM, in small letters."""
_MOST = 6
"""A sentence names this many devices of a group and counts the rest."""


def padded_range(region: Region) -> str:
    """Return the addresses of `region` for a column, as firmware wrote them."""
    if region.last < 0:  # its size is in another column
        return f"{region.first:#010x}"
    return f"{region.first:#010x}-{region.last:#010x}"


def region_size(region: Region) -> str:
    """Return a region's size, or why it has none: an IVMD has a length instead of a limit."""
    if region.range is None and named_ids(region):
        return "length 0"
    return size_words(region.size) if region.range else "limit below base"


def region_head(region: Region) -> str:
    """Return the first line of a region: number, range, size, structure and sharers."""
    segment = f"segment {region.segment:04x}, " if region.segment else ""
    size = region_size(region)
    shared = f", shared by {region.xen.sharers} devices" if region.xen.shared else ""
    ids = f" for {named_ids(region)}" if named_ids(region) else ""
    return (
        f"{region.number:3}  {padded_range(region)}  {size}  "
        f"{segment}{region_structure(region)}{ids}{shared}"
    )


def region_structure(region: Region) -> str:
    """Return the structure of a region, and the mapping that AMD's table requests for it."""
    kind = "".join(f", {word}" for word in (meaning_words(region), access_words(region)) if word)
    return f"{region.entry.structure} at 0x{region.entry.offset:x}{kind}"


_MEANINGS = {
    Meaning.IDENTITY: "unity map",
    Meaning.EXCLUSION: "exclusion",
    Meaning.UNSTATED: "no flag",
}


def meaning_words(region: Region) -> str:
    """Return what AMD's table asks for in a region; empty for Intel, where all are mapped 1:1."""
    return _MEANINGS[region.reserved.meaning] if named_ids(region) else ""


def named_ids(region: Region) -> str:
    """Return the device IDs that a region names; empty if it names devices by their path."""
    return ", ".join(
        claim.as_written for claim in region.reserved.claims if claim.kind is not ClaimKind.PATH
    )


def named_paths(regions: Iterable[Region]) -> list[str]:
    """Return the paths by which `regions` name devices whose address is unknown, each once."""
    owners = (owner for region in regions for owner in region.owners)
    return list(dict.fromkeys(owner.as_written for owner in owners if owner.sbdf is None))


def without_owner(inventory: Inventory) -> str:
    """Return why no region of `inventory` has a device: none is named, present, or known."""
    named, paths = distinct_ids(inventory.regions), named_paths(inventory.regions)
    if not named and not paths:
        return "No region names a device."
    which = ids_in_short(named) if named else _paths_in_short(paths)
    if isinstance(inventory.host.topology.functions, Missing):
        return (
            f"The devices are unknown, because the PCI functions were not read. "
            f"The regions name {which}."
        )
    return f"No device that a region names is present. The regions name {which}."


def distinct_owners(regions: Iterable[Region]) -> list[Owner]:
    """Return the owners of `regions`, each once, however many regions and claims name it."""
    owners = {
        (owner.sbdf, owner.hops) if owner.sbdf else (region.segment, owner.as_written): owner
        for region in regions
        for owner in region.owners
    }
    return list(owners.values())


def distinct_ids(regions: Iterable[Region]) -> list[str]:
    """Return the device IDs that each of `regions` names, the same IDs once."""
    return list(dict.fromkeys(filter(None, map(named_ids, regions))))


def ids_in_short(named: Sequence[str]) -> str:
    """Return the device IDs of regions, or how many sets of them there are."""
    return named[0] if len(named) == 1 else f"{len(named)} sets of device IDs"


def _paths_in_short(paths: Sequence[str]) -> str:
    more = len(paths) - _MOST
    return ", ".join(paths[:_MOST]) + (f" and {more} more" if more > 0 else "")


def no_device_known(inventory: Inventory) -> str:
    """Return why no device is known that has one of the device IDs of a region."""
    if isinstance(inventory.host.topology.functions, Missing):
        return "the PCI functions were not read, so the devices are unknown"
    return "no such device is known to be present"


def access_words(region: Region) -> str:
    """Return the accesses that AMD's table grants in a unity map, unless it is both; or empty."""
    access = region.reserved.access
    if region.reserved.meaning is not Meaning.IDENTITY or access == Access.READ | Access.WRITE:
        return ""
    return {Access.READ: "read only", Access.WRITE: "write only"}.get(access, "no access")


def no_owner_words(region: Region) -> str:
    """Return why no device is named for a region."""
    if not named_ids(region):
        return "no device: its device scope is empty"
    return "none of these devices is known to be present"


def no_owner_in_short(region: Region) -> str:
    """Return the device IDs of a region without a known device; none: that it has no owner."""
    ids = named_ids(region)
    return f"{ids} (no known device)" if ids else "no owner"


def region_views(inventory: Inventory, region: Region) -> str:
    """Return how Xen and Linux treat a region, and its memory type if that is not reserved."""
    xen, linux = xen_view(inventory, region), linux_view(inventory, region)
    views = (("Xen", xen), ("Linux", linux), ("Memory map", memory_view(region)))
    return ". ".join(f"{name}: {view}" for name, view in views if view)


def xen_view(inventory: Inventory, region: Region) -> str:
    """Return whether Xen lists a region and why not; empty if nothing predicts or reports it."""
    view = region.xen
    if view.listed is None and not view.reason:
        return ""
    mark = " (predicted)" if inventory.xen.list.source is ListSource.PREDICTED else ""
    reason = f": {view.reason}" if view.reason else ""
    moved = bool(view.listed and region.segment and inventory.xen.ivrs is not None)
    where = ", for devices of segment 0, as Xen ignores the segment of an IVMD" if moved else ""
    return f"{xen_view_word(view)}{mark}{where}{reason}"


def linux_view(inventory: Inventory, region: Region) -> str:
    """Return how Linux enforces a region; empty if it does not."""
    if inventory.linux.state is LinuxState.UNDER_XEN or not region.linux:
        return ""
    guessed = "" if all(held.by_kernel for held in region.linux) else " (predicted)"
    return f"{linux_view_word(region)}{guessed}"


def memory_view(region: Region) -> str:
    """Return the type of memory that the memory map has there; empty if it is reserved."""
    return memory_type_words(region) if is_elsewhere(region) else ""


def xen_view_word(view: XenView) -> str:
    """Return whether Xen lists a region; empty if nothing predicts or reports it."""
    if view.listed is None:
        unknown = "depends on the release" if view.by_release else "unknown"
        return unknown if view.reason else ""
    return "listed" if view.listed else "not listed"


def linux_view_word(region: Region) -> str:
    """Return how strictly Linux enforces a region: locked, relaxable or both; or empty."""
    return holds_words({held.hold for held in region.linux})


def is_elsewhere(region: Region) -> bool:
    """Return whether the memory map has a type for `region` that is not reserved."""
    kinds = {kind.lower() for kind in _memory_parts(region)}
    return bool(kinds - {"reserved", NOT_KNOWN})


def is_in_ram(region: Region) -> bool:
    """Return whether the memory map has RAM in `region`, which can block all devices."""
    return any(kind.lower() in _RAM for kind in _memory_parts(region))


def _memory_parts(region: Region) -> list[str]:
    return [] if region.memory is None else region.memory.split(", ")


def memory_type_words(region: Region) -> str:
    """Return the type of a region that is not, or not all, in reserved memory."""
    return f"{memory_kinds(region)}, {how_reserved(region)}"


def how_reserved(region: Region) -> str:
    """Return that a region, or a part of it, is not in reserved memory."""
    part = "reserved" in (kind.lower() for kind in _memory_parts(region))
    return "not all reserved" if part else "not reserved"


def memory_kinds(region: Region) -> str:
    """Return the types that the memory map has for `region`, and whether a part has no entry."""
    return visible((region.memory or "").replace(NOT_IN_MAP, "no entry"))


def owner_words(owner: Owner) -> str:
    """Return an owner with the kind of its scope entry (unless endpoint), and "absent" if it is."""
    absent = "\N{NO-BREAK SPACE}absent" if owner.presence is Presence.ABSENT else ""
    kind = "" if owner.device is DeviceKind.FUNCTION else f"({device_words(owner.claim)})"
    mark = ("\N{NO-BREAK SPACE}" + kind.replace(" ", "\N{NO-BREAK SPACE}")) if kind else ""
    return owner_name(owner) + mark + absent


def owner_name(owner: Owner) -> str:
    """Return an owner's address, or its path if the address is unknown."""
    if owner.sbdf is not None:
        return str(owner.sbdf)
    return owner.as_written


def owner_class_words(owner: Owner, *, short: bool = False) -> str:
    """Return the class of an owner's function, with the kind of its scope entry if special."""
    words = {Presence.ABSENT: "absent", Presence.UNKNOWN: "unknown", Presence.PRESENT: ""}
    name = short_class_name if short else class_name
    what = words[owner.presence] if owner.function is None else name(owner.function)
    if owner.device is DeviceKind.FUNCTION:
        return what
    return f"{device_words(owner.claim)}: {what}"


def published_words(region: UnexplainedRegion) -> str:
    """Return the line of a region that Linux publishes: range, size, type and groups."""
    where = f"{region.range.start:#010x}-{region.range.end - 1:#010x}"
    return (
        f"{where}  {size_words(region.range.size)}  {visible(region.type)}  "
        f"{_groups(region.groups)}"
    )


def _groups(groups: tuple[IommuGroup, ...]) -> str:
    if len(groups) > 1:
        return f"IOMMU groups {span_words(group.number for group in groups)}"
    devices = groups[0].devices
    named = " ".join(map(str, devices[:_MOST]))
    if len(devices) > _MOST:
        named += f" and {len(devices) - _MOST} more"
    which = " (Linux does not report which of them)" if len(devices) > 1 else ""
    return f"IOMMU group {groups[0].number}: {named or 'no PCI function'}{which}"


def published_source_words(inventory: Inventory) -> str:
    """Return the source of the regions that Linux publishes, and why the table lacks them."""
    vendor = iommu_vendor(inventory.host)
    file = "/sys/kernel/iommu_groups/*/reserved_regions"
    if vendor is IommuVendor.AMD:
        known = not isinstance(inventory.iommu, Missing)
        return f"Source: {file}. Linux has them from {'another' if known else 'an'} IVRS table."
    if vendor is IommuVendor.ARM:
        return (
            f"Source: {file}. Linux has them from RMR nodes of the IORT table (not decoded), or from "
            "the device tree."
        )
    if inventory.absence is not None:
        return f"Source: {file}, which every user may read. Only the table names the devices."
    return f"Source: {file}. Linux has them from another source than this table, or is patched."


def owner_with_presence(owner: Owner) -> str:
    """Return the address or path of an owner, with "absent" if it is."""
    name = owner_name(owner)
    return f"{name} absent" if owner.presence is Presence.ABSENT else name


def owners_named(region: Region) -> str:
    """Return all owners of a region, or the device IDs that it names in vain."""
    return ", ".join(map(owner_with_presence, region.owners)) or no_owner_in_short(region)


def owners_label(region: Region) -> str:
    """Return the first owner of a region, and how many more there are."""
    if not region.owners:
        return no_owner_in_short(region)
    more = len(region.owners) - 1
    return owner_with_presence(region.owners[0]) + (f" +{more}" if more else "")
