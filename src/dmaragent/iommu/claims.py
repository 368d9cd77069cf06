"""Claims: the devices that a structure of a table names, for every vendor."""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.host.topology import Hop, PciFunction, Presence


class ClaimKind(Enum):
    """How a structure names devices."""

    PATH = "path"
    """By a start bus and a path through bridges (VT-d)."""
    DEVICE = "device"
    """By one requester ID (AMD)."""
    RANGE = "range"
    """By a range of requester IDs (AMD)."""
    IOMMU = "iommu"
    """All devices of one IOMMU (AMD)."""
    ALL = "all"
    """All devices (AMD)."""
    STREAM_IDS = "stream-ids"
    """By the stream IDs that the SMMU receives (Arm)."""
    ACPI_NAME = "acpi-name"
    """By the name of an ACPI device."""


class DeviceKind(Enum):
    """The kind of device that a claim names."""

    FUNCTION = "function"
    """A single PCI function."""
    BRIDGE = "bridge"
    """A PCI bridge with everything behind it."""
    IOAPIC = "ioapic"
    HPET = "hpet"
    ACPI_DEVICE = "acpi-device"
    UNKNOWN = "unknown"
    """A kind that is newer than this decoder."""


BY_NUMBER = frozenset({DeviceKind.IOAPIC, DeviceKind.HPET, DeviceKind.ACPI_DEVICE})
"""The kinds that are identified by number and not by path."""


class DevicePath(NamedTuple):
    """The path of a claim (VT-d 8.3.1), followed on this host."""

    type: int
    """The type of the entry, as a number."""
    type_name: str
    """The specification's name of the type; empty if it has none."""
    number: int
    """The ID of the I/O APIC, or the number of the HPET or ACPI device, depending on the type."""
    start_bus: int
    hops: tuple[Hop, ...]


class DeviceIds(NamedTuple):
    """The requester IDs of a claim (AMD), 16 bits of bus, device and function each."""

    segment: int
    first: int
    last: int
    """The last ID; below `first` in a table that is wrong."""
    seen_as: int | None = None
    """The ID that the IOMMU sees instead, if firmware names one: an alias."""

    def contains(self, sbdf: SBDF) -> bool:
        """Return whether the ID of `sbdf` is one of these."""
        return sbdf.segment == self.segment and self.first <= requester_id(sbdf) <= self.last


def requester_id(sbdf: SBDF) -> int:
    """Return the 16 bits of bus, device and function of `sbdf`."""
    return sbdf.bus << 8 | sbdf.device << 3 | sbdf.function


def function_with_id(segment: int, number: int) -> SBDF:
    """Return the function of `segment` whose requester ID is `number`."""
    return SBDF(segment, number >> 8 & 0xFF, number >> 3 & 0x1F, number & 7)


class Claimant(NamedTuple):
    """A device that a claim names on this host."""

    sbdf: SBDF | None
    """None if a bridge on its path is missing, so that its bus is unknown."""
    name: str
    """Its ACPI name; empty for a PCI function."""
    presence: Presence
    reason: str
    """Why it is not present, or empty."""
    function: PciFunction | None
    """The function at its address, if one is present."""


class Claim(NamedTuple):
    """One entry of a structure that names devices, as firmware wrote it."""

    kind: ClaimKind
    device: DeviceKind
    as_written: str
    """The location as text, for example ``00:1c.0>00.0`` for a path."""
    claimants: tuple[Claimant, ...]
    path: DevicePath | None = None
    """None unless `kind` is PATH."""
    ids: DeviceIds | None = None
    """None unless the claim is by requester IDs."""


class Owner(NamedTuple):
    """A device that a structure names: a claimant with its claim."""

    claim: Claim
    claimant: Claimant

    @property
    def sbdf(self) -> SBDF | None:
        """Its address; None if its bus is unknown."""
        return self.claimant.sbdf

    @property
    def presence(self) -> Presence:
        """Whether it is present."""
        return self.claimant.presence

    @property
    def reason(self) -> str:
        """Why it is not present, or empty."""
        return self.claimant.reason

    @property
    def function(self) -> PciFunction | None:
        """The function at its address, if one is present."""
        return self.claimant.function

    @property
    def device(self) -> DeviceKind:
        """The kind of device in the firmware's table."""
        return self.claim.device

    @property
    def as_written(self) -> str:
        """Its location as firmware wrote it."""
        return self.claim.as_written

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The steps of its path; empty if the claim is not by path."""
        return () if self.claim.path is None else self.claim.path.hops


def names(claims: Iterable[Claim], sbdf: SBDF) -> bool:
    """Return whether one of `claims` names `sbdf`, present or not."""
    for claim in claims:
        if claim.ids is not None and claim.ids.contains(sbdf):
            return True
        if any(claimant.sbdf == sbdf for claimant in claim.claimants):
            return True
    return False


def owners_of(claims: tuple[Claim, ...]) -> tuple[Owner, ...]:
    """Return the devices that `claims` name, in order."""
    return tuple(Owner(claim, claimant) for claim in claims for claimant in claim.claimants)
