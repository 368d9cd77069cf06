"""The PCI functions of a host, and where device scopes lead among them.

Pure.  Paths are followed as in VT-d 8.3.1 and Xen (drivers/passthrough/vtd/dmar.c,
``acpi_parse_dev_scope``): each step but the last is a bridge, and the next step is on its
secondary bus.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.host import words
from dmaragent.readings import Missing

BRIDGE_HEADERS = frozenset({1, 2})
"""Header types with bus numbers: PCI-to-PCI and CardBus bridges (PCI 3.0, 6.1)."""
BRIDGE_CLASSES = frozenset({0x0604, 0x0607, 0x0609})
"""The classes of such bridges: PCI-to-PCI, CardBus, semi-transparent."""


class PciFunction(NamedTuple):
    """One PCI function that is present on this host.  None: unknown, or it has no such value."""

    sbdf: SBDF
    class_code: int | None
    """24 bits: base class, subclass, programming interface."""
    vendor_id: int | None
    device_id: int | None
    driver: str | None
    driver_known: bool = True
    """Whether the driver was read: if so, None means that it has no driver."""
    header_type: int | None = None
    """The layout of its configuration header (0 endpoint, 1 bridge), without the multi-function bit."""
    secondary_bus: int | None = None
    """The bus behind it, for a bridge."""
    subordinate_bus: int | None = None
    """The highest bus behind it, for a bridge."""
    buses_open: bool = False
    """Whether unknown buses may be behind it, because its bus numbers were not all read."""
    iommu_group: int | None = None
    physical_function: SBDF | None = None
    """For an SR-IOV virtual function: its physical function."""
    physical_known: bool = True
    """Whether it is known if it is a virtual function, and of which function."""
    vmd: SBDF | None = None
    """For a function behind Intel VMD: the VMD endpoint, which issues its DMA.

    Linux drivers/pci/controller/vmd.c; arch/x86/pci/common.c, ``pci_real_dma_dev``.
    """
    dma_known: bool = True
    """Whether `vmd` is known; not if the segment is above ffff and the parent was not collected."""
    total_vfs: int = 0
    """How many virtual functions it supports; 0 also if unknown."""
    total_vfs_known: bool = True
    """Whether that number was read."""
    slot: str | None = None
    """The name of the physical slot it is in."""
    vendor_name: str | None = None
    """The vendor's name in the hardware database."""
    device_name: str | None = None
    """The device's name in the hardware database."""
    interface_known: bool = True
    """Whether the programming interface in `class_code` is known; if not, it is 0 there."""

    def may_be_virtual_of(self, other: "PciFunction") -> bool:
        """Return whether it may be a virtual function of `other`, because no reading shows it.

        A virtual function has the vendor of its physical function, a greater requester ID (PCI
        Express 5.0, 9.3.3.9 and 9.3.4.1.1) and no virtual functions itself.
        """
        return (
            not self.physical_known
            and not (self.is_bridge or other.is_bridge)
            and self.sbdf.segment == other.sbdf.segment
            and self.sbdf > other.sbdf
            and (self.vendor_id == other.vendor_id or None in (self.vendor_id, other.vendor_id))
            and not self.total_vfs
            and other.physical_function is None
            and (other.total_vfs > 0 or not other.total_vfs_known)
        )

    @property
    def dma_device(self) -> SBDF:
        """The function that issues its DMA: itself, or the VMD endpoint above it."""
        return self.vmd or self.sbdf

    def has_ids(self, ids: tuple[int, int]) -> bool | None:
        """Return whether its vendor and device are `ids`; None: unknown."""
        own = (self.vendor_id, self.device_id)
        if any(known not in (None, asked) for known, asked in zip(own, ids, strict=True)):
            return False
        return None if None in own else True

    @property
    def is_bridge(self) -> bool:
        """Whether buses can be behind it: by its header type, else by its class."""
        if self.header_type is not None:
            return self.header_type in BRIDGE_HEADERS
        return self.class_code is not None and self.class_code >> 8 in BRIDGE_CLASSES

    @property
    def unnumbered(self) -> bool:
        """Whether it is a bridge without a bus behind it: its secondary bus number is 0."""
        return self.is_bridge and self.secondary_bus is None and not self.buses_open

    @property
    def buses_behind(self) -> range:
        """The buses behind it; empty if it is not a bridge or has no bus numbers."""
        if self.secondary_bus is None:
            return range(0)
        return range(self.secondary_bus, (self.subordinate_bus or self.secondary_bus) + 1)


class Presence(Enum):
    """Whether the function that a device scope leads to is present on this host."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Hop(NamedTuple):
    """One step of a device scope's path, with the function's address if its bus is known."""

    step: str
    sbdf: SBDF | None


class Located(NamedTuple):
    """The end of a path on this host."""

    presence: Presence
    sbdf: SBDF | None
    """The function; None if a bridge of the path is missing, so that its bus is unknown."""
    hops: tuple[Hop, ...]
    reason: str
    """Why it is not present, or empty."""


class PciTopology(NamedTuple):
    """The PCI functions that are present, by address; or why they are unknown."""

    functions: Mapping[SBDF, PciFunction] | Missing

    @property
    def known(self) -> Mapping[SBDF, PciFunction]:
        """The functions; empty if they are unknown."""
        return {} if isinstance(self.functions, Missing) else self.functions

    def locate(
        self,
        segment: int,
        start_bus: int,
        path: Sequence[tuple[int, int]],
        *,
        zero_bus: bool = False,
    ) -> Located:
        """Return the end of `path` (pairs of device and function), which begins on `start_bus`.

        With `zero_bus`, as Xen: if a bridge has no bus number, its secondary bus is bus 0.
        """
        hops: list[Hop] = []
        bus: int | None = start_bus
        lost = Presence.ABSENT
        reason = "" if path else words.NO_PATH
        for number, (device, function) in enumerate(path, 1):
            step, sbdf = f"{device:02x}.{function:x}", None
            if bus is not None:
                try:
                    sbdf = SBDF(segment, bus, device, function)
                except ValueError as error:
                    reason = words.impossible_step(number, step, error)
            hops.append(Hop(step, sbdf))
            bus = None
            if sbdf is not None and number < len(path):
                bus, lost, reason = self._bus_behind(sbdf)
                bridge = self.known.get(sbdf)
                if zero_bus and bridge is not None and bridge.unnumbered:
                    bus, reason = 0, ""
        sbdf = hops[-1].sbdf if hops else None
        presence, reason = self._presence(sbdf, lost, reason)
        return Located(presence=presence, sbdf=sbdf, hops=tuple(hops), reason=reason)

    def _bus_behind(self, sbdf: SBDF) -> tuple[int | None, Presence, str]:
        """Return the bus behind the bridge at `sbdf`, or None with the device's presence."""
        if isinstance(self.functions, Missing):
            return None, Presence.UNKNOWN, words.bus_unknown_without_functions(sbdf)
        bridge = self.functions.get(sbdf)
        if bridge is None:
            return None, Presence.ABSENT, words.no_bridge_at(sbdf)
        if bridge.secondary_bus is not None:
            return bridge.secondary_bus, Presence.ABSENT, ""
        if bridge.unnumbered:
            return None, Presence.ABSENT, words.bridge_unnumbered(sbdf)
        if bridge.is_bridge or bridge.class_code is None:
            return None, Presence.UNKNOWN, words.bus_unknown(sbdf)
        return None, Presence.ABSENT, words.not_a_bridge(sbdf)

    def _presence(self, sbdf: SBDF | None, lost: Presence, reason: str) -> tuple[Presence, str]:
        """Return whether the function at `sbdf` is present; `lost` if the path ended early."""
        if isinstance(self.functions, Missing):
            return Presence.UNKNOWN, reason or words.FUNCTIONS_NOT_COLLECTED
        if sbdf is None:
            return lost, reason
        if sbdf in self.functions:
            return Presence.PRESENT, ""
        return Presence.ABSENT, words.no_device_at(sbdf)


class BusIndex:
    """The functions of a topology, grouped by bus, each group by address."""

    def __init__(self, topology: PciTopology) -> None:
        self._on: dict[tuple[int, int], list[PciFunction]] = {}
        for sbdf, function in sorted(topology.known.items()):
            self._on.setdefault((sbdf.segment, sbdf.bus), []).append(function)
        self._segments = sorted({segment for segment, _ in self._on})

    def on(self, segment: int, bus: int) -> Sequence[PciFunction]:
        """Return the functions on one bus."""
        return self._on.get((segment, bus), ())

    def below(self, bridge: PciFunction) -> Iterator[PciFunction]:
        """Yield every function on a bus behind `bridge`, from secondary to subordinate bus."""
        for bus in bridge.buses_behind:
            yield from self.on(bridge.sbdf.segment, bus)

    def below_in_linux(self, bridge: PciFunction) -> Iterator[PciFunction]:
        """Yield every function that Linux takes for one behind `bridge`, in any segment.

        drivers/iommu/intel/iommu.c, ``is_downstream_to_pci_bridge``, compares bus numbers only.
        """
        for segment in self._segments:
            for bus in bridge.buses_behind:
                yield from self.on(segment, bus)
