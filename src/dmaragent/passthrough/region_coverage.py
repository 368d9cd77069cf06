"""The devices of a host that reserved regions of AMD's table cover, and those that none covers.

Pure.  Several blocks for the same devices count once: firmware writes a block for each range.
"""

from collections.abc import Iterable
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.inventory import Inventory, Region
from dmaragent.linux.noiommu import doubtful_groups
from dmaragent.linux.regions import Hold
from dmaragent.passthrough import words
from dmaragent.readings import Missing

_BRIDGE = 0x06
"""The class of bridges, host bridges included: no guest gets one."""


class Coverage(NamedTuple):
    """Regions for the same devices, and how many functions of the host these are."""

    regions: tuple[Region, ...]
    devices: str
    """The devices as the table has them."""
    present: int
    """How many of them are present."""
    blocked: int
    """How many of them Linux blocks: those with an IOMMU."""
    functions: int
    """How many functions the host has."""


class HostCoverage(NamedTuple):
    """What the regions of a message cover, and what is left."""

    coverages: tuple[Coverage, ...]
    free: tuple[SBDF, ...]
    """Devices that Linux blocks neither for a region of their own nor for one of their group."""
    preboot: bool | None
    """Whether firmware used the IOMMU before boot, as the table has it; None: unknown."""
    board: str
    """What is known of the setup of this board, or empty."""
    board_short: str = ""
    """The same in a few words."""
    unknown: tuple[SBDF, ...] = ()
    """Functions that may be like those in `free`, of unknown class or in an unknown group.

    A bridge cannot be assigned to a guest.
    """

    @property
    def setup_last(self) -> bool:
        """Whether the setting in the firmware setup is the last fix: the board is known to lack it."""
        return bool(self.board)

    @property
    def all_blocked(self) -> bool:
        """Whether Linux is known to block every device that is present and has an IOMMU."""
        return bool(self.coverages) and not self.free and not self.unknown


BOARDS = {"MPG X870E CARBON WIFI": "1.A80"}
"""The firmware in whose setup users found no entry for pre-boot DMA protection.

By the beginning of the board's name in SMBIOS.  Replacing the table worked there.
"""
NO_COVERAGE = HostCoverage((), (), None, "")


def coverage_of(inventory: Inventory, devices: Iterable[SBDF]) -> HostCoverage:
    """Return the coverage of the regions of `devices`; of all regions if there are none."""
    topology = inventory.host.topology
    if not inventory.decoded or isinstance(topology.functions, Missing):
        return NO_COVERAGE
    named = frozenset(devices)
    by_devices: dict[tuple[int, str], list[Region]] = {}
    for region in inventory.all_regions:
        if region.linux and (not named or any(held.sbdf in named for held in region.linux)):
            by_devices.setdefault((region.segment, _devices(region)), []).append(region)
    coverages = tuple(
        Coverage(
            regions=tuple(regions),
            devices=devices,
            present=len({owner.sbdf for region in regions for owner in region.owners}),
            blocked=len(_blocked(regions)),
            functions=len(topology.known),
        )
        for (_, devices), regions in by_devices.items()
    )
    free = _free(inventory)
    own = (inventory.host.machine.board or "").upper()
    version = next((BOARDS[name] for name in BOARDS if own.startswith(name)), None)
    firmware = inventory.host.machine.firmware
    return HostCoverage(
        coverages,
        free=tuple(sbdf for sbdf, known in free.items() if known),
        preboot=_preboot(inventory),
        board="" if version is None else words.board_without_setting(version, firmware),
        board_short="" if version is None else words.board_in_short(version, firmware),
        unknown=tuple(sbdf for sbdf, known in free.items() if not known),
    )


def _devices(region: Region) -> str:
    return ", ".join(claim.as_written for claim in region.reserved.claims)


def _blocked(regions: Iterable[Region]) -> set[SBDF]:
    return {held.sbdf for region in regions for held in region.linux if held.hold is Hold.DIRECT}


def _free(inventory: Inventory) -> dict[SBDF, bool]:
    """Return the endpoints with an IOMMU that Linux does not block, by address.

    False: its class or its group is unknown.
    """
    blocked = _blocked(inventory.all_regions)
    groups = inventory.host.groups
    for group in () if isinstance(groups, Missing) else groups:
        if blocked.intersection(group.devices):
            blocked.update(group.devices)
    unread = isinstance(groups, Missing)
    doubtful = {sbdf for group in doubtful_groups(inventory.host) for sbdf in group.devices}
    every = not isinstance(groups, Missing) and all(group.devices_known for group in groups)
    return {
        sbdf: not (unread or function.class_code is None or sbdf in doubtful)
        and (every or function.iommu_group is not None)
        for sbdf, function in sorted(inventory.host.topology.known.items())
        if sbdf not in blocked
        and sbdf in inventory.linux.unit_of
        and (function.class_code is None or function.class_code >> 16 != _BRIDGE)
    }


def _preboot(inventory: Inventory) -> bool | None:
    table = inventory.iommu
    header = None if isinstance(table, Missing) else table.header
    return None if header is None else "DMA_REMAP_SUP" in header.flags
