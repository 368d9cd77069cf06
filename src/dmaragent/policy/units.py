"""Which devices Intel's table has a remapping unit for, and which of these units Xen leaves off."""

from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.inventory import Inventory
from dmaragent.iommu.claims import DeviceKind, Owner
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.command_line import graphics_option


class UnitCover(NamedTuple):
    """The devices for which Intel's table has a remapping unit (DRHD)."""

    without: frozenset[SBDF]
    """The functions that are present and for which no unit was found."""
    doubt: str
    """Why a unit may serve them all the same; or empty."""
    rest: frozenset[int]
    """The segments with a unit for all devices that no other unit names."""
    undecided: frozenset[SBDF]
    """Functions without a unit of their own that may be virtual: these have their device's."""
    named: frozenset[SBDF]
    """The devices that the scope of a unit names."""


def unit_cover(inventory: Inventory) -> UnitCover | None:
    """Return which devices have a unit.  Functions behind VMD have the endpoint's, if it is known."""
    units = inventory.units
    if not units or inventory.xen.ivrs is not None:
        return None
    served = inventory.xen.served
    owners = (owner for unit in units for owner in unit.owners if not unit.serves_rest)
    alone = {
        sbdf: function
        for sbdf, function in inventory.host.topology.known.items()
        if sbdf not in served and function.vmd is None and function.dma_known
    }
    return UnitCover(
        without=frozenset(sbdf for sbdf, function in alone.items() if function.physical_known),
        undecided=frozenset(
            sbdf for sbdf, function in alone.items() if not function.physical_known
        ),
        doubt=inventory.gaps.without_unit,
        rest=frozenset(unit.segment for unit in units if unit.serves_rest),
        named=frozenset(
            owner.sbdf
            for owner in owners
            if owner.sbdf is not None and owner.device in (DeviceKind.FUNCTION, DeviceKind.BRIDGE)
        ),
    )


_GRAPHICS_ONLY = (4, 16)
"""The first release that looks for a unit of graphics alone, not for that of 00:02.0."""
_GRAPHICS = SBDF(0, 0, 2, 0)
_DISPLAY = 0x03


def untranslated(inventory: Inventory, release: Release | None) -> dict[SBDF, str]:
    """Return the devices of the units that ``iommu=no-igfx`` leaves off, with the option.

    Source: Xen vtd/dmar.c, ``acpi_parse_dev_scope`` (``gfx_only``, before 4.16 ``is_igd_drhd``).
    """
    running = release or inventory.host.running_release
    option = graphics_option(inventory.host.xen_command_line, running)
    if not option or iommu_vendor(inventory.host) is not IommuVendor.INTEL:
        return {}
    off: dict[SBDF, str] = {}
    for unit in inventory.units:
        named = {owner.sbdf for owner in unit.owners if owner.sbdf is not None}
        alone = bool(unit.claims) and not unit.serves_rest
        alone = alone and all(_is_graphics(owner) for owner in unit.owners)
        new = running is None or running.series >= _GRAPHICS_ONLY
        old = running is None or running.series < _GRAPHICS_ONLY
        if (new and alone) or (old and _GRAPHICS in named):
            off.update(dict.fromkeys(named, option))
    return off


def _is_graphics(owner: Owner) -> bool:
    """Return whether a unit names `owner` as an endpoint, which is or may be a display device."""
    code = None if owner.function is None else owner.function.class_code
    return owner.device is DeviceKind.FUNCTION and (code is None or code >> 16 == _DISPLAY)
