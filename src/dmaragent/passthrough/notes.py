"""What else is to be known of a device: options of this host that do nothing, what goes with it."""

from collections.abc import Iterator

from dmaragent.linux.options import RELAX_RMRR
from dmaragent.linux.vfio import IommuVendor
from dmaragent.passthrough.device_context import DeviceContext, names
from dmaragent.passthrough.model import Can, PlatformVerdict
from dmaragent.passthrough.published import published_only
from dmaragent.policy.assignment import SUBTRACTIVE
from fwtables.dmar.constants import DmarFlag

_GROUPS = "pcie_acs_override"
_UNSAFE = "vfio_iommu_type1.allow_unsafe_interrupts"


def notes_of(device: DeviceContext, xen: PlatformVerdict, linux: PlatformVerdict) -> Iterator[str]:
    """Yield notes, each a sentence or two."""
    if device.sharers:
        yield (
            f"Its regions are also those of {names(device.sharers)}: what one of them does there "
            "by DMA, whoever has the others sees."
        )
    elif device.named_sharers:
        yield (
            f"Its regions also name {names(device.named_sharers)}: unknown whether present, as "
            "the PCI functions were not collected."
        )
    yield from _options(device, linux)
    yield from _source(device)
    conventional = device.facts.conventional(device.sbdf, SUBTRACTIVE)[1]
    bridged = _behind_a_bridge(device) and not conventional
    if device.named and bridged and not device.on_linux:
        yield (
            "If it is conventional PCI, not PCI Express, no policy helps: since XSA-400 Xen gives "
            "such a device behind a bridge to no guest while it has a region (EOPNOTSUPP)."
        )
    yield from _goes_with(device)
    behind_vmd = device.function is not None and device.function.vmd is not None
    known = linux.can is not Can.UNKNOWN and not behind_vmd and not device.without_group
    if not device.on_xen and device.group is None and known:
        yield "Its IOMMU group is not known here: Linux passes groups through whole."
    if xen.can is not Can.NO and device.facts.notes:
        yield f"Xen's list: {'; '.join(device.facts.notes)}."


def _goes_with(device: DeviceContext) -> Iterator[str]:
    """Yield what exists by the driver of another function only: behind VMD, made by SR-IOV."""
    known, function = device.inventory.host.topology.known, device.function
    behind = tuple(sorted(one.sbdf for one in known.values() if one.vmd == device.sbdf))
    if behind:
        yield (
            f"It is an Intel VMD endpoint: the host loses {names(behind)} with it, and the disks "
            "there."
        )
    if function is not None and function.physical_function is not None:
        yield (
            f"It exists while the driver of its physical function {function.physical_function} "
            "keeps it: unbinding that driver, or giving that function away, removes it."
        )


def _source(device: DeviceContext) -> Iterator[str]:
    """Name the table that the regions which Linux reports come from, if it is not decoded."""
    if not published_only(device):
        return
    if device.vendor in (IommuVendor.AMD, IommuVendor.ARM):
        tree = " or the device tree" if device.vendor is IommuVendor.ARM else ""
        yield (
            f"The regions that Linux reports come from the {device.vendor.table} table{tree}, "
            "which dmaragent does not decode."
        )
    elif device.inventory.absence is not None:
        yield "Linux reports regions to every user; the table that names their devices needs root."


def _behind_a_bridge(device: DeviceContext) -> bool:
    known = device.inventory.host.topology.known
    return any(
        one.sbdf.segment == device.sbdf.segment and device.sbdf.bus in one.buses_behind
        for one in known.values()
    )


def _options(device: DeviceContext, linux: PlatformVerdict) -> Iterator[str]:
    """Say of options on the kernel's command line that they do not help this device."""
    system, table = device.inventory.host.system, _flags(device)
    given = {one.partition("=")[0].replace("-", "_"): one for one in system.options or ()}
    kernel = [one for one in given.values() if one.startswith(("intel_iommu=", "amd_iommu="))]
    if device.on_xen and (kernel or _GROUPS in given):
        told = " ".join([*kernel, *([given[_GROUPS]] if _GROUPS in given else [])])
        yield f"'{told}' on dom0's command line does nothing: Xen enforces the regions, not dom0."
        return
    locked = any(case.can is Can.NO and case.releases for case in linux.cases)
    if _GROUPS in given and locked:
        yield f"'{given[_GROUPS]}' splits groups, at a risk; it does not help against a region."
    if _UNSAFE in given and table is not None and table & DmarFlag.INTR_REMAP:
        yield (
            f"'{given[_UNSAFE]}' is for machines without interrupt remapping; this one has it, and "
            "it does not help against a region."
        )
    if device.vendor not in (IommuVendor.INTEL, IommuVendor.UNKNOWN):
        return
    if locked and device.has_relax_rmrr is False:
        yield f"{RELAX_RMRR} is an option of Proxmox kernels from 6.2.16-13 on; this one lacks it."
    if locked and not given.keys() & {_GROUPS, _UNSAFE}:
        yield (
            f"Options often given beside {RELAX_RMRR} do not help here: {_GROUPS} is about groups, "
            "allow_unsafe_interrupts about interrupt remapping."
        )


def _flags(device: DeviceContext) -> int | None:
    decoded = device.inventory.table
    table = getattr(decoded, "table", None)
    return None if table is None else table.flags
