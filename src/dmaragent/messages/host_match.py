"""A message related to a host: its devices, addresses and IOMMU group there."""

from dataclasses import dataclass

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.boot_option.boot_loaders import Steps
from dmaragent.host.groups import IommuGroup
from dmaragent.host.topology import PciFunction, Presence
from dmaragent.inventory import Region
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.regions import Held
from dmaragent.messages.dma_address import DmaAddress
from dmaragent.messages.iommu_state import IommuState
from dmaragent.messages.model import Recognised, Recognition, Span
from dmaragent.passthrough.region_coverage import HostCoverage
from dmaragent.xen.reserved_list.model import ListEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMatch:
    """A device in a message, on this host."""

    sbdf: SBDF
    presence: Presence
    """Whether a function is present there; UNKNOWN: the functions are unknown."""
    function: PciFunction | None
    owned: tuple[Region, ...]
    """The regions that name it, present or not: an IVMD also by a range of device IDs."""
    held: tuple[tuple[Region, Held], ...]
    """The regions that Linux applies to it, also through bridges, and their type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeMatch:
    """Addresses in a message, on this host."""

    span: Span
    regions: tuple[Region, ...]
    """The regions with any of these addresses."""
    entries: tuple[ListEntry, ...]
    """Entries of Xen's list with any of them that do not come from the table."""
    units: tuple[int, ...]
    """Offsets of the DRHD structures with registers there."""
    memory: str | None
    """Their type in the firmware's memory map; None: the map is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostMatch:
    """A message with everything on this host that it names."""

    recognised: Recognised
    vendor: IommuVendor
    """The vendor of the host's IOMMU."""
    devices: tuple[DeviceMatch, ...]
    spans: tuple[RangeMatch, ...]
    group: IommuGroup | None
    """The IOMMU group that it names; None: none, or the host does not have it."""
    drivers: tuple[tuple[SBDF, str | None], ...]
    """The devices of that group with their drivers; None: no driver, or unknown."""
    locked: tuple[tuple[SBDF, tuple[int, ...]], ...]
    """The devices of that group that Linux blocks, with the numbers of their regions."""
    coverage: HostCoverage
    """What the regions cover for which Linux blocks its devices; only on AMD hosts."""
    fits: bool | None
    """Whether the host has what it names; None: it names nothing, or this is unknown."""
    other_iommu: bool
    """Whether it is about the IOMMU of another vendor than the host's."""
    lets_direct: bool
    """Whether the host's kernel is known to allow a device whose region must stay mapped 1:1."""
    decided_by_xen: bool
    """Whether Linux printed it on a host where Xen controls the IOMMU."""
    vtd_off: str
    """Why Xen disables VT-d on the host, if that matters to the message; or empty."""
    translated: bool
    """Whether its addresses are probably the IOMMU's own.

    Linux logged them, and its options do not show that it uses physical ones.
    """
    forgotten: AddressRange | None
    """Pages in no region: the table may lack one there."""
    iommu: IommuState | None
    """The state of the host's IOMMU; None: the message is not about a disabled IOMMU."""
    option_steps: tuple[Steps, ...]
    """How to change the boot option that keeps the IOMMU off, by boot loader."""
    dma: tuple[DmaAddress, ...]
    """DMA addresses of a guest or a program, on this host."""
    findings: tuple[str, ...]
    """Rules of ``dmaragent check`` that can be its cause."""
    commands: tuple[str, ...]
    """The next commands of dmaragent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The known messages of a text, related to a host."""

    recognition: Recognition
    matches: tuple[HostMatch, ...]
    table_known: bool | None
    """Whether the host's table could be read, so that regions can be named.

    None: no message was recognised, so no host was read.
    """
    regions_doubt: str = ""
    """Why regions may be missing although the table is known, a sentence; or empty."""


def nothing_found(recognition: Recognition) -> Why:
    """Return the answer for a text without a known message; it needs no host."""
    return Why(recognition=recognition, matches=(), table_known=None)
