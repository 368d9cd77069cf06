"""What the sections of a comparison share: a fact, old and new, on a line or on three."""

from collections.abc import Iterator

from dmaragent.comparison.model import Changed
from dmaragent.inventory import Region
from dmaragent.iommu.model import DeviceKind, Owner
from dmaragent.present.escaping import visible
from dmaragent.present.text.tables import WIDTH, paragraph
from dmaragent.present.wording import device_words

_NAMES = {
    "xen": "Xen",
    "xen-options": "Xen's options",
    "xen-dom0": "kind of dom0",
    "xen-iommu": "Xen's IOMMU",
    "linux": "Linux",
    "linux-iommu": "Linux's IOMMU",
    "vt-d": "VT-d",
    "list-order": "order",
    "table-bytes": "bytes of the table that are compared no further",
    "table-oem": "table OEM",
    "table-oem-revision": "table OEM revision",
    "include-pci-all": "INCLUDE_PCI_ALL",
    "proximity-domain": "NUMA node",
}


def name_words(what: str) -> str:
    """Name a fact as people do."""
    return _NAMES.get(what, what.replace("-", " "))


def changed_text(change: Changed, *, indent: int) -> Iterator[str]:
    """Say what a fact was and is: ``name: old -> new``, or A and B below where that is too long."""
    name = name_words(change.what)
    line = f"{'':{indent}}{name}: {visible(change.old)} -> {visible(change.new)}"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{'':{indent}}{name}"
    for side, value in (("A", change.old), ("B", change.new)):
        yield from paragraph(f"{side}  {value}", indent=indent + 2, hang=3)


def alone_words(*, in_a: bool, certain: bool) -> str:
    """Say of something that one table alone has what became of it."""
    if not certain:
        return f"not found in {'B' if in_a else 'A'}, whose table is damaged"
    return "went" if in_a else "appeared"


def range_words(region: Region) -> str:
    """Name a region by its addresses."""
    segment = f"segment {region.segment:04x} " if region.segment else ""
    return f"{segment}{region.place}"


def owner_words(owner: Owner) -> str:
    """Name an owner by its address, or by its path where that leads nowhere."""
    where = owner.as_written if owner.sbdf is None else str(owner.sbdf)
    if owner.device is DeviceKind.FUNCTION:
        return where
    path = owner.claim.path
    named = f" {path.number}" if path and owner.device is not DeviceKind.BRIDGE else ""
    return f"{where} ({device_words(owner.claim)}{named})".replace(" ", "\N{NO-BREAK SPACE}")
