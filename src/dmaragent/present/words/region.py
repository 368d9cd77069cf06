"""A reserved region in words: its size, its owners, what Xen and Linux make of it."""

from dmaragent.host.groups import IommuGroup
from dmaragent.host.topology import Presence
from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.model import DeviceKind, Owner
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.linux.unexplained_regions import UnexplainedRegion
from dmaragent.linux.view import LinuxState
from dmaragent.present.escaping import visible
from dmaragent.present.words.device import class_name, holds_words
from dmaragent.present.words.numbers import size_words, span_words
from dmaragent.present.words.table import device_words
from dmaragent.xen.reserved_list.model import ListSource

_MOST = 6
"""More devices of a group than that are counted."""


def region_size(region: Region) -> str:
    """Put a region's size into words, or say why it has none."""
    return size_words(region.size) if region.range else "limit below base"


def region_head(region: Region) -> str:
    """Return number, range, size and structure of a region, as its first line has them."""
    segment = f"segment {region.segment:04x}, " if region.segment else ""
    size = region_size(region)
    shared = f", shared by {region.xen.sharers}" if region.xen.shared else ""
    return (
        f"{region.number:3}  {region.first:#010x}-{region.last:#010x}  {size}  "
        f"{segment}{region.entry.structure} at 0x{region.entry.offset:x}{shared}"
    )


def region_views(inventory: Inventory, region: Region) -> str:
    """Return in a line what Xen, Linux and the memory map have of a region."""
    xen, linux = xen_view(inventory, region), linux_view(inventory, region)
    views = (("Xen", xen), ("Linux", linux), ("Memory map", memory_view(region)))
    return ". ".join(f"{name}: {view}" for name, view in views if view)


def xen_view(inventory: Inventory, region: Region) -> str:
    """Return whether Xen lists a region, or nothing if Xen has no list."""
    view = region.xen
    mark = " (predicted)" if inventory.xen.list.source is ListSource.PREDICTED else ""
    if view.listed is None and view.reason:
        return f"depends on the release{mark}, {view.reason}"
    if view.listed is None:
        return ""
    return f"listed{mark}" if view.listed else f"NOT listed{mark}: {view.reason}"


def linux_view(inventory: Inventory, region: Region) -> str:
    """Return how Linux enforces a region, or nothing if it does not."""
    if inventory.linux.state is LinuxState.UNDER_XEN or not region.linux:
        return ""
    holds = {held.hold for held in region.linux}
    guessed = "" if all(held.by_kernel for held in region.linux) else " (predicted)"
    return f"{holds_words(holds)}{guessed}"


def memory_view(region: Region) -> str:
    """Return the type of memory that the memory map has there, or nothing if it is reserved."""
    if region.memory is None or region.memory.lower() == "reserved":
        return ""
    return f"{visible(region.memory)}, not reserved"


def owner_words(owner: Owner) -> str:
    """Return an owner with the kind of its scope entry, if it is no endpoint, and whether it is absent."""
    absent = "\N{NO-BREAK SPACE}absent" if owner.presence is Presence.ABSENT else ""
    kind = "" if owner.device is DeviceKind.FUNCTION else f"({device_words(owner.claim)})"
    mark = ("\N{NO-BREAK SPACE}" + kind.replace(" ", "\N{NO-BREAK SPACE}")) if kind else ""
    return owner_name(owner) + mark + absent


def owner_name(owner: Owner) -> str:
    """Name an owner: its address, or the path that leads nowhere."""
    if owner.sbdf is not None:
        return str(owner.sbdf)
    return owner.as_written


def owner_class_words(owner: Owner) -> str:
    """Return what an owner is: the class of its function and the kind of its scope entry."""
    words = {Presence.ABSENT: "absent", Presence.UNKNOWN: "not known", Presence.PRESENT: ""}
    what = words[owner.presence] if owner.function is None else class_name(owner.function)
    if owner.device is DeviceKind.FUNCTION:
        return what
    return f"{device_words(owner.claim)}: {what}"


def published_words(region: UnexplainedRegion) -> str:
    """Return range, size, type and groups of a region that Linux publishes, as its line has them."""
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
    which = ", unknown which of them" if len(devices) > 1 else ""
    return f"IOMMU group {groups[0].number}: {named or 'no PCI function'}{which}"


def published_source_words(inventory: Inventory) -> str:
    """Return where the regions that Linux publishes come from, and why no table here names them."""
    vendor = iommu_vendor(inventory.host)
    file = "/sys/kernel/iommu_groups/*/reserved_regions"
    if vendor is IommuVendor.AMD:
        return (
            f"From {file}. They come from the IVRS table (IVMD), which only the verb decode reads."
        )
    if vendor is IommuVendor.ARM:
        return (
            f"From {file}. They come from the IORT table (RMR) or the device tree, which are "
            "not decoded."
        )
    if inventory.absence is not None:
        return f"From {file}, which every user may read. The table would name the devices."
    return f"From {file}. Linux has them from elsewhere, or patched."


def owner_with_presence(owner: Owner) -> str:
    """Return the address or path of an owner, and whether it is absent, without its kind."""
    name = owner_name(owner)
    return f"{name} absent" if owner.presence is Presence.ABSENT else name


def owners_named(region: Region) -> str:
    """Name all owners of a region."""
    return ", ".join(map(owner_with_presence, region.owners)) or "no owner"


def owners_label(region: Region) -> str:
    """Name the first owner, and say how many more there are."""
    if not region.owners:
        return "no owner"
    more = len(region.owners) - 1
    return owner_with_presence(region.owners[0]) + (f" +{more}" if more else "")
