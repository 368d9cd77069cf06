"""Notes on a device: options of this host that have no effect, devices that depend on it."""

from collections.abc import Iterator
from typing import NamedTuple

from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.view import LinuxState
from dmaragent.passthrough import words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, PlatformVerdict
from dmaragent.passthrough.unexplained_regions import unexplained_in_group
from dmaragent.policy.assignment import SUBTRACTIVE
from dmaragent.readings import Missing

_GROUPS = "pcie_acs_override"
_UNSAFE = "vfio_iommu_type1.allow_unsafe_interrupts"


class Note(NamedTuple):
    """A note of a sentence or two."""

    sentence: str
    essential: bool = False
    """Whether a verdict depends on it, or the host can lose data: a short answer has it too."""


def notes_of(device: DeviceContext, xen: PlatformVerdict, linux: PlatformVerdict) -> Iterator[Note]:
    """Yield the notes on a device with these verdicts."""
    if device.sharers:
        yield Note(words.regions_shared(device.sharers))
    elif device.named_sharers:
        yield Note(words.regions_name_others(device.named_sharers), essential=True)
    yield from map(Note, _notes_on_options(device, linux))
    yield from map(Note, _notes_on_published_regions(device))
    conventional = device.facts.conventional(device.sbdf, SUBTRACTIVE)[1]
    bridged = _behind_a_bridge(device) and not conventional
    refused = device.facts.ivrs is None and not device.on_linux
    if device.named_regions and bridged and refused:
        yield Note(words.CONVENTIONAL_PCI, essential=True)
    yield from _notes_on_dependents(device)
    behind_vmd = device.function is not None and device.function.vmd is not None
    known = linux.can is not Can.UNKNOWN and not behind_vmd and not device.without_group
    read = device.noiommu_group is not None or device.inventory.linux.state is LinuxState.NO_GROUPS
    if not device.on_xen and device.group is None and known and not read:
        yield Note(words.GROUP_UNKNOWN, essential=True)
    if xen.can is not Can.NO and device.facts.notes:
        yield Note(words.xens_list(device.facts.notes))


def _notes_on_dependents(device: DeviceContext) -> Iterator[Note]:
    """Yield notes on functions that exist only by another's driver: behind VMD, or virtual ones."""
    known, function = device.inventory.host.topology.known, device.function
    behind = tuple(sorted(other.sbdf for other in known.values() if other.vmd == device.sbdf))
    if behind:
        yield Note(words.vmd_endpoint(behind), essential=True)
    if function is not None and function.physical_function is not None:
        yield Note(words.exists_by_physical_function(function.physical_function), essential=True)


def _notes_on_published_regions(device: DeviceContext) -> Iterator[str]:
    """Yield the source of the regions that Linux reports, if it was not decoded."""
    if not unexplained_in_group(device):
        return
    if device.vendor is IommuVendor.ARM:
        yield words.REGIONS_OF_ARM
    elif device.inventory.absence is not None:
        yield words.TABLE_NEEDS_ROOT


def _behind_a_bridge(device: DeviceContext) -> bool:
    known = device.inventory.host.topology.known
    return any(
        bridge.sbdf.segment == device.sbdf.segment and device.sbdf.bus in bridge.buses_behind
        for bridge in known.values()
    )


def _notes_on_options(device: DeviceContext, linux: PlatformVerdict) -> Iterator[str]:
    """Yield notes on options of the kernel's command line that do not help this device."""
    system, flags = device.inventory.host.system, _table_flags(device)
    given = {option.partition("=")[0].replace("-", "_"): option for option in system.options or ()}
    kernel = [given[name] for name in ("intel_iommu", "amd_iommu") if name in given]
    if device.on_xen and (kernel or _GROUPS in given):
        yield words.useless_in_dom0([*kernel, *([given[_GROUPS]] if _GROUPS in given else [])])
        return
    locked = any(case.can is Can.NO and case.releases for case in linux.cases)
    if _GROUPS in given and locked:
        yield words.splits_groups_only(given[_GROUPS])
    if _UNSAFE in given and "INTR_REMAP" in flags:
        yield words.interrupts_only(given[_UNSAFE])
    if device.vendor not in (IommuVendor.INTEL, IommuVendor.UNKNOWN):
        return
    if locked and device.has_relax_rmrr is False:
        yield words.LACKS_RELAX_RMRR
    if locked and not given.keys() & {_GROUPS, _UNSAFE}:
        yield words.options_that_do_not_help(_GROUPS)


def _table_flags(device: DeviceContext) -> tuple[str, ...]:
    """Return the names of the flags of the host's table."""
    table = device.inventory.iommu
    return () if isinstance(table, Missing) or table.header is None else table.header.flags
