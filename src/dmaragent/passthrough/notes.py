"""What else is to be known of a device: options of this host that do nothing, what goes with it."""

from collections.abc import Iterator

from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.release import OPTION, knows_option
from dmaragent.passthrough.device_context import DeviceContext, names
from dmaragent.passthrough.model import Can, PlatformVerdict
from dmaragent.passthrough.published import published_only
from dmaragent.policy.assignment import SUBTRACTIVE
from dmaragent.readings import Missing

_GROUPS = "pcie_acs_override"
_UNSAFE = "vfio_iommu_type1.allow_unsafe_interrupts"


def notes_of(subject: DeviceContext, xen: PlatformVerdict, linux: PlatformVerdict) -> Iterator[str]:
    """Yield notes, each a sentence or two."""
    if subject.sharers:
        yield (
            f"Its regions are also those of {names(subject.sharers)}: what one of them does there "
            "by DMA, whoever has the others sees."
        )
    elif subject.named_sharers:
        yield (
            f"Its regions also name {names(subject.named_sharers)}: unknown whether present, as "
            "the PCI functions were not collected."
        )
    yield from _options(subject, linux)
    yield from _source(subject)
    conventional = subject.facts.conventional(subject.sbdf, SUBTRACTIVE)[1]
    bridged = _behind_a_bridge(subject) and not conventional
    if subject.named and bridged and not subject.on_linux:
        yield (
            "If it is conventional PCI, not PCI Express, no policy helps: since XSA-400 Xen gives "
            "such a device behind a bridge to no guest while it has a region (EOPNOTSUPP)."
        )
    yield from _goes_with(subject)
    behind_vmd = subject.function is not None and subject.function.vmd is not None
    known = linux.can is not Can.UNKNOWN and not behind_vmd and not subject.without_group
    if not subject.on_xen and subject.group is None and known:
        yield "Its IOMMU group is not known here: Linux passes groups through whole."
    if xen.can is not Can.NO and subject.facts.notes:
        yield f"Xen's list: {'; '.join(subject.facts.notes)}."


def _goes_with(subject: DeviceContext) -> Iterator[str]:
    """Yield what exists by the driver of another function only: behind VMD, made by SR-IOV."""
    known, function = subject.inventory.host.topology.known, subject.function
    behind = tuple(sorted(one.sbdf for one in known.values() if one.vmd == subject.sbdf))
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


def _source(subject: DeviceContext) -> Iterator[str]:
    """Name the table that the regions which Linux reports come from, if it is not decoded."""
    if not published_only(subject):
        return
    if subject.vendor in (IommuVendor.AMD, IommuVendor.ARM):
        tree = " or the device tree" if subject.vendor is IommuVendor.ARM else ""
        yield (
            f"The regions that Linux reports come from the {subject.vendor.table} table{tree}, "
            "which dmaragent does not decode."
        )
    elif subject.inventory.absence is not None:
        yield "Linux reports regions to every user; the table that names their devices needs root."


def _behind_a_bridge(subject: DeviceContext) -> bool:
    known = subject.inventory.host.topology.known
    return any(
        one.sbdf.segment == subject.sbdf.segment and subject.sbdf.bus in one.buses_behind
        for one in known.values()
    )


def _options(subject: DeviceContext, linux: PlatformVerdict) -> Iterator[str]:
    """Say of options on the kernel's command line that they do not help this device."""
    system, flags = subject.inventory.host.system, _flags(subject)
    given = {one.partition("=")[0].replace("-", "_"): one for one in system.options or ()}
    kernel = [one for one in given.values() if one.startswith(("intel_iommu=", "amd_iommu="))]
    if subject.on_xen and (kernel or _GROUPS in given):
        told = " ".join([*kernel, *([given[_GROUPS]] if _GROUPS in given else [])])
        yield f"'{told}' on dom0's command line does nothing: Xen enforces the regions, not dom0."
        return
    locked = any(case.can is Can.NO and case.releases for case in linux.cases)
    if _GROUPS in given and locked:
        yield f"'{given[_GROUPS]}' splits groups, at a risk; it does not help against a region."
    if _UNSAFE in given and "INTR_REMAP" in flags:
        yield (
            f"'{given[_UNSAFE]}' is for machines without interrupt remapping; this one has it, and "
            "it does not help against a region."
        )
    if subject.vendor not in (IommuVendor.INTEL, IommuVendor.UNKNOWN):
        return
    if locked and knows_option(subject.inventory.host) is False:
        yield f"{OPTION} is an option of Proxmox kernels from 6.2.16-13 on; this one lacks it."
    if locked and not given.keys() & {_GROUPS, _UNSAFE}:
        yield (
            f"Options often given beside {OPTION} do not help here: {_GROUPS} is about groups, "
            "allow_unsafe_interrupts about interrupt remapping."
        )


def _flags(subject: DeviceContext) -> tuple[str, ...]:
    """Return the names of the flags of the host's table."""
    table = subject.inventory.iommu
    return () if isinstance(table, Missing) or table.header is None else table.header.flags
