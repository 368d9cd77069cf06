"""What a host says of a message: of the devices, addresses and IOMMU group that it names."""

from dataclasses import dataclass

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.groups import IommuGroup
from dmaragent.host.topology import PciFunction, Presence
from dmaragent.inventory import Region
from dmaragent.linux.regions import Held
from dmaragent.messages.dma_address import DmaAddress
from dmaragent.messages.iommu_state import IommuState
from dmaragent.messages.model import Recognised, Recognition, Span
from dmaragent.xen.reserved_list.model import ListEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMatch:
    """What a host says of a device that a message names."""

    sbdf: SBDF
    presence: Presence
    """Whether a function answers there; UNKNOWN where the functions are not known."""
    function: PciFunction | None
    owned: tuple[Region, ...]
    """The regions whose scope names it."""
    held: tuple[tuple[Region, Held], ...]
    """The regions that Linux ties it to, bridges counted, and how firmly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeMatch:
    """What a host says of addresses that a message names."""

    span: Span
    regions: tuple[Region, ...]
    """The regions that have any of them."""
    entries: tuple[ListEntry, ...]
    """Entries of Xen's list that have any of them and come from no region of the table."""
    units: tuple[int, ...]
    """Offsets of the DRHD structures that have their registers there."""
    memory: str | None
    """What the firmware's map calls them; None where there is no map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostMatch:
    """A message, and what a host says of all that it names."""

    recognised: Recognised
    devices: tuple[DeviceMatch, ...]
    spans: tuple[RangeMatch, ...]
    group: IommuGroup | None
    """The IOMMU group that it names, where the host has it."""
    drivers: tuple[tuple[SBDF, str | None], ...]
    """The devices of that group with their drivers; None: none, or not known."""
    locked: tuple[tuple[SBDF, tuple[int, ...]], ...]
    """The devices of that group that Linux holds to regions, and the numbers of these."""
    fits: bool | None
    """Whether the host has what it names; None where it names nothing or that is not known."""
    other_iommu: bool
    """Whether it is about an IOMMU of another vendor than the host's table."""
    decided_by_xen: bool
    """Whether Linux printed it on a host whose IOMMU is Xen's."""
    vtd_off: str
    """Why Xen switches VT-d off on the host, where its printer would notice; or empty."""
    translated: bool
    """Whether its addresses are probably the IOMMU's own: Linux logged them, and is not known
    to use physical ones."""
    forgotten: AddressRange | None
    """Pages in no region where a region may be missing from the table."""
    iommu: IommuState | None
    """What the host says of its IOMMU, if the message says that it is off; else None."""
    dma: tuple[DmaAddress, ...]
    """What the host says of addresses that a guest or a program wants for DMA."""
    findings: tuple[str, ...]
    """Rules of ``dmaragent check`` that stand behind it."""
    commands: tuple[str, ...]
    """What to ask this program next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """All that was recognised in a text, related to a host."""

    recognition: Recognition
    matches: tuple[HostMatch, ...]
    table_known: bool | None
    """Whether the host's table could be read, so that regions can be named; None where no host
    was asked, as nothing was recognised."""


def nothing_found(recognition: Recognition) -> Why:
    """Return the answer if nothing was recognised: no host needs to be asked."""
    return Why(recognition=recognition, matches=(), table_known=None)
