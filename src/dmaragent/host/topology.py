"""The PCI functions of a host, and where device scopes lead among them.

Pure.  The walk is VT-d 8.3.1 as Xen does it (drivers/passthrough/vtd/dmar.c,
``acpi_parse_dev_scope``): each step but the last is a bridge, whose secondary bus
the next step is on.
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
    """One PCI function that answers on this host.  None: not known, or not so."""

    sbdf: SBDF
    class_code: int | None
    """24 bits: base class, subclass, programming interface."""
    vendor_id: int | None
    device_id: int | None
    driver: str | None
    driver_known: bool = True
    """Whether `driver` is the host's word: None is then no driver."""
    header_type: int | None = None
    """The layout of its configuration header (0 endpoint, 1 bridge), without the multi-function bit."""
    secondary_bus: int | None = None
    """The bus behind it, for a bridge."""
    subordinate_bus: int | None = None
    """The highest bus behind it, for a bridge."""
    buses_open: bool = False
    """Whether it may be a bridge with other buses behind it: its bus numbers were not all read."""
    iommu_group: int | None = None
    physical_function: SBDF | None = None
    """For an SR-IOV virtual function: the physical one it belongs to."""
    vmd: SBDF | None = None
    """For a function behind Intel VMD: the VMD endpoint, whose DMA its DMA is.

    Linux drivers/pci/controller/vmd.c; arch/x86/pci/common.c, ``pci_real_dma_dev``.
    """
    dma_known: bool = True
    """Whether `vmd` is known: not for a segment above ffff whose parent was not collected."""
    total_vfs: int = 0
    """How many virtual functions it can have."""
    slot: str | None = None
    """The name of the physical slot it is in."""
    vendor_name: str | None = None
    """What the hardware database calls its vendor."""
    device_name: str | None = None
    """What the hardware database calls it."""
    interface_known: bool = True
    """Whether the programming interface in `class_code` is known; else it stands as 0."""

    @property
    def dma_device(self) -> SBDF:
        """The function whose DMA its DMA is: itself, but for what is behind Intel VMD."""
        return self.vmd or self.sbdf

    @property
    def is_bridge(self) -> bool:
        """Whether there are buses behind it: by its header's type, else by its class."""
        if self.header_type is not None:
            return self.header_type in BRIDGE_HEADERS
        return self.class_code is not None and self.class_code >> 8 in BRIDGE_CLASSES

    @property
    def unnumbered(self) -> bool:
        """Whether it is a bridge that nobody has given a bus: its secondary bus number is 0."""
        return self.is_bridge and self.secondary_bus is None and not self.buses_open

    @property
    def buses_behind(self) -> range:
        """The buses behind it: none for a function that is no bridge or has no numbers."""
        if self.secondary_bus is None:
            return range(0)
        return range(self.secondary_bus, (self.subordinate_bus or self.secondary_bus) + 1)


class Presence(Enum):
    """Whether the function a device scope leads to answers on this host."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Hop(NamedTuple):
    """One step of a device scope's path and the function found there, if its bus is known."""

    step: str
    sbdf: SBDF | None


class Located(NamedTuple):
    """Where a path leads on this host."""

    presence: Presence
    sbdf: SBDF | None
    """The function meant; None where a bridge of the path is missing, so its bus is unknown."""
    hops: tuple[Hop, ...]
    reason: str
    """Why it is not present, or empty."""


class PciTopology(NamedTuple):
    """The PCI functions that answer, by address; or why they are not known."""

    functions: Mapping[SBDF, PciFunction] | Missing

    @property
    def known(self) -> Mapping[SBDF, PciFunction]:
        """The functions, none where they are not known."""
        return {} if isinstance(self.functions, Missing) else self.functions

    def locate(
        self,
        segment: int,
        start_bus: int,
        path: Sequence[tuple[int, int]],
        *,
        zero_bus: bool = False,
    ) -> Located:
        """Follow `path`, a device and a function each step, from `start_bus` through the bridges.

        With `zero_bus` as Xen does it: what is behind a bridge without a number is on bus 0.
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
        """Give the bus behind the bridge at `sbdf`; without one, what that says of the device."""
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
        """Tell whether the function at `sbdf` answers; `lost` is the answer where the path ended."""
        if isinstance(self.functions, Missing):
            return Presence.UNKNOWN, reason or words.FUNCTIONS_NOT_COLLECTED
        if sbdf is None:
            return lost, reason
        if sbdf in self.functions:
            return Presence.PRESENT, ""
        return Presence.ABSENT, words.no_device_at(sbdf)


class BusIndex:
    """The functions of a topology by the bus they are on, by address."""

    def __init__(self, topology: PciTopology) -> None:
        self._on: dict[tuple[int, int], list[PciFunction]] = {}
        for sbdf, function in sorted(topology.known.items()):
            self._on.setdefault((sbdf.segment, sbdf.bus), []).append(function)

    def on(self, segment: int, bus: int) -> Sequence[PciFunction]:
        """Give the functions on one bus."""
        return self._on.get((segment, bus), ())

    def below(self, bridge: PciFunction) -> Iterator[PciFunction]:
        """Yield every function on a bus behind `bridge`, secondary to subordinate.

        As Linux has it: drivers/iommu/intel/iommu.c, ``is_downstream_to_pci_bridge``.
        """
        for bus in bridge.buses_behind:
            yield from self.on(bridge.sbdf.segment, bus)
