"""Why a host has no table of IOMMUs: causes that look alike but need different next steps.

Pure.  ``present/words/host.py`` has the sentences.
"""

from dmaragent.host import Host
from dmaragent.iommu import words
from dmaragent.iommu.kinds import Absence, AbsenceKind
from dmaragent.iommu.model import IommuTable
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.readings import Missing, MissingKind

_NAMES = {IommuVendor.INTEL: "DMAR", IommuVendor.AMD: "IVRS"}
_Reason = tuple[AbsenceKind, tuple[str, ...]]


def why_no_table(host: Host, table: IommuTable | Missing) -> Absence | None:
    """Return why `host` has no table, or None if it has one."""
    if not isinstance(table, Missing):
        return None
    kind, evidence = _reason(host, table)
    return Absence(kind, evidence, _NAMES.get(iommu_vendor(host), "DMAR or IVRS"))


def _reason(host: Host, table: Missing) -> _Reason:
    """Return why `host` has no table, and the evidence."""
    path = host.reading.path if host.reading else "/sys/firmware/acpi/tables"
    kind = table.kind
    if kind is MissingKind.DENIED and host.reading is not None:
        return AbsenceKind.DENIED, (path,)
    if kind in (MissingKind.FAILED, MissingKind.DENIED):
        return AbsenceKind.FAILED, (words.reading_error(path, table.detail or kind.value),)
    arm = _arm(host)
    if arm:
        return AbsenceKind.ARM, (arm,)
    pvh = _pvh(host, read=kind is not MissingKind.NOT_COLLECTED)
    if pvh:
        return AbsenceKind.PVH_DOM0, pvh
    if kind is MissingKind.NOT_COLLECTED:
        return AbsenceKind.NOT_COLLECTED, (table.detail,) if table.by_collector else ()
    return _absent(host)


def _pvh(host: Host, *, read: bool) -> tuple[str, ...]:
    """Return the evidence that this is a PVH dom0, or an empty tuple.

    A PV dom0 has the table: a DMAR as RMAD, an IVRS under its own name.  A PVH dom0 gets a new XSDT
    without it (xen/arch/x86/hvm/dom0_build.c, ``pvh_setup_acpi``, ``pvh_acpi_table_allowed``).
    So a dom0 whose list of tables was `read` and lacks it is a PVH dom0 if Xen has an IOMMU.
    """
    xen = host.xen
    if xen is None or xen.dom0 is False or xen.guest_type == "PV":
        return ()
    if xen.guest_type == "PVH" and xen.dom0:
        return (words.GUEST_TYPE_PVH,)
    if read and not isinstance(xen.reserved_memory, Missing) and xen.reserved_memory:
        return (words.HYPERVISOR_HAS_REGIONS,)
    if read and xen.iommu_enabled:
        return (words.HYPERVISOR_USES_IOMMU,)
    return ()


def _arm(host: Host) -> str:
    """Return the evidence that this is an Arm machine, or empty."""
    if not isinstance(host.acpi_tables, Missing) and "IORT" in host.acpi_tables:
        return words.IORT_PRESENT
    return words.ARM_PROCESSOR if host.system.cpu_vendor == "ARM" else ""


def _absent(host: Host) -> _Reason:
    """Return why the kernel does not have a table."""
    names = host.acpi_tables
    if host.logged_table is not None:
        return AbsenceKind.HIDDEN, (words.logged_table(host.logged_table.line),)
    if isinstance(names, Missing):
        given = [option for option in host.system.options or () if option.startswith("acpi=")]
        return AbsenceKind.NO_ACPI, tuple(given)
    dom0 = host.xen is not None and host.xen.dom0 is not False
    if host.system.virtual and not dom0:
        model = " ".join(word for word in (host.machine.vendor, host.machine.model) if word)
        evidence = (words.PROCESSOR_VIRTUAL, *([model] if model else []))
        return AbsenceKind.VIRTUAL_MACHINE, evidence
    return _of_processor(host, dom0=dom0)


def may_hide_table(host: Host) -> bool:
    """Return whether Xen may keep the firmware's table from this kernel, or is known to use it.

    A PVH dom0 has no table, whatever the firmware has.  Xen boots none without an IOMMU.
    """
    xen = host.xen
    if xen is None or xen.dom0 is False or xen.iommu_enabled is False:
        return False
    return xen.guest_type != "PV" or xen.iommu_enabled is True


def _of_processor(host: Host, *, dom0: bool) -> _Reason:
    """Return why a machine without a table in the kernel lacks it, by its processor."""
    vendor = host.system.cpu_vendor or ""
    off = {
        "GenuineIntel": (AbsenceKind.VTD_OFF, (words.INTEL_PROCESSOR,)),
        "AuthenticAMD": (AbsenceKind.AMD, (words.processor_is(vendor),)),
        "HygonGenuine": (AbsenceKind.AMD, (words.processor_is(vendor),)),
    }.get(vendor)
    if off is None:
        return AbsenceKind.UNKNOWN, ()
    if not isinstance(host.groups, Missing) and host.groups:
        return AbsenceKind.NOT_COLLECTED, ()  # IOMMU groups prove that there is a table
    if host.system.virtual is False or dom0:
        return (AbsenceKind.UNKNOWN, ()) if may_hide_table(host) else off
    return AbsenceKind.UNKNOWN, ()
