"""Types of regions, devices, units and groups that several documents share."""

from typing import Annotated, TypedDict

from dmaragent.host.topology import Presence
from dmaragent.iommu.claims import ClaimKind
from dmaragent.iommu.kinds import AbsenceKind
from dmaragent.iommu.model import Meaning
from dmaragent.linux.regions import Hold
from dmaragent.present.json.schema.common import (
    ClassName,
    Count,
    LongAddress,
    Ordinal,
    Prose,
    Range,
    Sbdf,
)
from fwtables.dmar.schema import PathStep
from fwtables.fields import Address, Byte


class Absence(TypedDict):
    """Why there is no table, with the evidence."""

    kind: Annotated[str, AbsenceKind]
    evidence: list[Prose]


class RegionSource(TypedDict):
    """The structure of the table that defines the region."""

    table: str
    """The signature of the table: DMAR, RMAD, XMAR or IVRS."""
    structure: str
    """RMRR, or an IVMD block by the name of its type."""
    offset: Annotated[int, ("minimum", 48)]
    length: Annotated[int, ("minimum", 24)]


class DeviceIds(TypedDict):
    """Requester IDs of a segment: bus, device and function in 16 bits."""

    first: Annotated[int, ("minimum", 0), ("maximum", 65535)]
    last: Annotated[int, ("minimum", 0), ("maximum", 65535)]
    """The last ID; below first in a wrong table."""
    seen_as: int | None
    """The ID that the IOMMU sees instead; null: each one's own."""


class Claim(TypedDict):
    """An entry of a structure that names devices, as firmware wrote it."""

    kind: Annotated[str, ClaimKind]
    """How it names them: by a path through bridges (Intel), one ID, a range of IDs, all devices of
    an IOMMU, all devices (AMD)."""
    as_written: str
    """The location as text."""
    ids: DeviceIds | None
    """null: it is not by IDs."""


class Hop(TypedDict):
    """A step of a path, and the function there."""

    step: PathStep
    sbdf: Sbdf | None


class Scope(TypedDict):
    """A device scope entry."""

    type: (
        Annotated[
            str,
            (
                "enum",
                (
                    "PCI_ENDPOINT",
                    "PCI_SUB_HIERARCHY",
                    "IOAPIC",
                    "MSI_CAPABLE_HPET",
                    "ACPI_NAMESPACE_DEVICE",
                ),
            ),
        ]
        | int
    )
    enumeration_id: int
    start_bus: Byte
    path: list[Hop]


class Device(ClassName):
    """The PCI function at an address."""

    class_code: Annotated[str, ("pattern", "^0x[0-9a-f]{6}$")] | None
    vendor_id: Annotated[str, ("pattern", "^0x[0-9a-f]{4}$")] | None
    device_id: Annotated[str, ("pattern", "^0x[0-9a-f]{4}$")] | None
    driver: str | None
    """null: none or unknown."""
    vendor_name: str | None
    device_name: str | None
    slot: str | None
    iommu_group: int | None
    physical_function: Sbdf | None
    total_vfs: Count
    vmd: str | None
    """For a function behind Intel VMD: the VMD endpoint. Both share DMA, unit and IOMMU group."""


class Owner(TypedDict):
    """A device that the firmware names for a region."""

    sbdf: Sbdf | None
    presence: Annotated[str, Presence]
    reason: Prose
    """Why it is not present, or empty."""
    scope: Scope | None
    """The device scope entry; null on AMD, whose claims have no path."""
    claim: Count
    """Which of the region's claims names it, from 0."""
    unit: int | None
    """The offset of the structure (DRHD or IVHD) whose unit serves it."""
    device: Device | None


class XenView(TypedDict):
    """How Xen treats the region."""

    listed: bool | None
    """Whether Xen lists it; null: unknown."""
    range: Range | None
    """The whole pages that Xen reserves."""
    reason: Prose
    """Why it is not listed, or why that is unknown; or empty."""
    notes: list[Prose]


class LinuxHold(TypedDict):
    """A device that Linux applies the region to."""

    sbdf: Sbdf
    type: Annotated[str, Hold]
    through: Sbdf | None
    by_kernel: bool
    """Whether the kernel publishes the type; false: predicted."""


class Region(TypedDict):
    """A reserved region."""

    number: Ordinal
    """Its place in the table."""
    segment: Annotated[int, ("minimum", 0), ("maximum", 65535)]
    base: Address
    limit: LongAddress
    """The last byte, which can exceed 64 bits in a wrong table; there it can also be below base."""
    size: Count
    """Bytes; 0 if the limit is below the base."""
    source: RegionSource
    meaning: Annotated[str, Meaning]
    """identity: mapped 1:1; exclusion: not translated (AMD); unstated: the table has neither flag
    (AMD)."""
    access: list[Annotated[str, ("enum", ("read", "write"))]]
    """The accesses that firmware grants there; on Intel both."""
    claims: list[Claim]
    shared: bool
    """Whether Xen counts more than one device scope entry, present or not; on AMD Xen has no such
    rule."""
    memory_map: str | None
    """Its type in the firmware's memory map, or several; "not in the map" or, if entries are
    missing, "unknown" for a part without an entry; null: the map is unknown."""
    owners: list[Owner]
    xen: XenView
    linux: list[LinuxHold]
    """The devices that Linux applies it to, with the types of reserved_regions."""


class UnitScope(Scope):
    """A device scope entry of a unit."""

    sbdf: Sbdf | None
    presence: Annotated[str, Presence]


class Unit(TypedDict):
    """A remapping unit."""

    structure: str
    """DRHD, or an IVHD block by the name of its type."""
    offset: int
    segment: int
    register_base: Address
    register_size: int
    include_pci_all: bool
    proximity_domain: int | None
    scopes: list[UnitScope]
    """Its device scope entries; empty on AMD."""
    claims: list[Claim]
    """All that names its devices, in table order."""


class GroupRegion(Range):
    """A reserved region as the kernel publishes it."""

    type: str


class Group(TypedDict):
    """An IOMMU group."""

    number: int
    devices: list[Sbdf]
    regions: list[GroupRegion] | None


class Published(TypedDict):
    """A reserved region that Linux publishes."""

    base: Annotated[str, ("pattern", "^0x[0-9a-f]+$")]
    limit: Annotated[str, ("pattern", "^0x[0-9a-f]+$")]
    """The last byte."""
    size: int
    """In bytes."""
    type: str
    """The kernel's type: direct, direct-relaxable or reserved, or a type of a newer kernel."""
    groups: list[int]
    """The IOMMU groups that have it. Linux does not publish which device of a group has it."""
