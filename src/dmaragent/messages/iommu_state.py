"""The state of a host's IOMMU: whether Linux uses it, and which option or table decides that."""

from dataclasses import dataclass

from dmaragent.boot_option.boot_loaders import (
    Reader,
    Steps,
    boot_setup,
    steps_to_add,
    steps_to_replace,
)
from dmaragent.host import Host
from dmaragent.inventory import Inventory
from dmaragent.iommu.kinds import AbsenceKind
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor, vendor_of_table
from dmaragent.linux.options import firmware_opts_out, iommu_asked_for, iommu_off_option
from dmaragent.linux.release import telling_release
from dmaragent.linux.view import LinuxState
from dmaragent.messages.model import XEN_PRINTERS, Program
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor.command_line import IommuSwitch, iommu_switch

ABOUT_IOMMU = frozenset(
    {
        "dpdk-no-vfio",
        "libvirt-group-unreadable",
        "libvirt-no-passthrough",
        "libvirt-validate-kernel-off",
        "libvirt-validate-no-table",
        "libxl-no-host-iommu",
        "libxl-no-iommu",
        "linux-amd-iommu-off",
        "linux-iommu-off",
        "linux-vfio-not-bound",
        "proxmox-no-iommu",
        "qemu-container-not-opened",
        "qemu-no-iommu",
        "qemu-no-iommu-group",
        "xen-guest-without-iommu",
        "xen-iommu-off",
        "xen-iommu-required",
        "xenopsd-cannot-add",
        "xenopsd-no-iommu",
    }
)
"""Ids of the messages that a host with a disabled IOMMU prints."""
ABOUT_TABLE = frozenset({"libvirt-validate-no-table"})
"""Ids of the messages among them that concern the firmware's table alone."""
_NO_SWITCH = IommuSwitch("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class IommuState:
    """The IOMMU of a host, and the options and table that decide whether Linux uses it."""

    groups: int | None
    """How many IOMMU groups the kernel has; None: unknown, or Xen owns the IOMMU."""
    under_xen: bool
    without_xen: bool
    """Whether Linux is known to run without Xen."""
    off_by: str
    """The kernel option that disables the IOMMU, as given; empty: none."""
    replacement: str
    """The option to write instead of `off_by`; empty: only remove it."""
    on_by: str
    """The kernel option that enables it; empty: none."""
    opted_out: bool
    """Whether a flag of the firmware's table keeps it off, whatever the options."""
    options_known: bool
    table: bool | None
    """Whether the host has the firmware's table of `vendor`'s IOMMU; None: unknown."""
    vendor: IommuVendor
    """The vendor of the IOMMU: intel_iommu= has no effect on others than Intel's."""
    xen_switch: IommuSwitch
    """Xen's option that disables the IOMMU, or may."""
    xen_options: str | None
    """Xen's options about the IOMMU; None: unknown, or Xen does not run."""

    @property
    def xen_off_by(self) -> str:
        """Xen's option that disables the IOMMU; empty: none, or unknown."""
        return "" if self.xen_switch.doubt else self.xen_switch.word


def vendor_of(inventory: Inventory) -> IommuVendor:
    """Return the vendor of the host's IOMMU: that of its table, or else what the host suggests."""
    table = inventory.iommu
    header = None if isinstance(table, Missing) else table.header
    known = None if header is None else vendor_of_table(header.signature.decode("latin-1"))
    return known or iommu_vendor(inventory.host)


def iommu_state(inventory: Inventory) -> IommuState:
    """Return the state of the IOMMU of `inventory`."""
    system = inventory.host.system
    vendor = vendor_of(inventory)
    options = system.options or ()
    off = iommu_off_option(options, vendor)
    groups = inventory.host.groups
    xen = inventory.host.xen
    line = None if xen is None else xen.command_line
    under_xen = inventory.linux.state is LinuxState.UNDER_XEN
    unknown = inventory.linux.state is LinuxState.UNKNOWN
    return IommuState(
        groups=None if under_xen or unknown or isinstance(groups, Missing) else len(groups),
        under_xen=under_xen,
        without_xen=inventory.linux.state in {LinuxState.GROUPS, LinuxState.NO_GROUPS},
        off_by="" if off is None else off.option,
        replacement="" if off is None else off.replacement,
        on_by=(
            iommu_asked_for(options)
            if off is None and vendor in {IommuVendor.INTEL, IommuVendor.UNKNOWN}
            else ""
        ),
        opted_out=firmware_opts_out(inventory.table_flags, telling_release(system.kernel_release)),
        options_known=system.options is not None,
        table=_table(inventory, vendor),
        vendor=vendor,
        xen_switch=_NO_SWITCH if xen is None or line is None else iommu_switch(line, xen.release),
        xen_options=line,
    )


def option_steps(state: IommuState, printer: Program, host: Host) -> tuple[Steps, ...]:
    """Return how to change the boot option that keeps the IOMMU off; empty: no option does.

    An option of Xen's with several parts is left out: only one of them disables the IOMMU.
    """
    if printer in XEN_PRINTERS:
        if not state.xen_off_by or state.xen_off_by != state.xen_switch.given:
            return ()
        return steps_to_replace(state.xen_off_by, "", boot_setup(host, Reader.XEN))
    if state.under_xen or state.groups or state.opted_out:
        return ()
    setup = boot_setup(host, Reader.LINUX)
    if state.off_by:
        return steps_to_replace(state.off_by, state.replacement, setup)
    if state.on_by or state.vendor is not IommuVendor.INTEL or not state.options_known:
        return ()
    return steps_to_add(("intel_iommu=on",), setup)


def _table(inventory: Inventory, vendor: IommuVendor) -> bool | None:
    """Return whether the firmware has a table of the IOMMU of `vendor`; None: unknown."""
    host, absence = inventory.host, inventory.absence
    if host.reading is not None or host.logged_table is not None:
        return True
    if absence is None or absence.kind is AbsenceKind.HIDDEN:
        return True
    if absence.kind is AbsenceKind.PVH_DOM0:
        return True if host.xen is not None and host.xen.iommu_enabled else None
    names = host.acpi_tables
    if not isinstance(names, Missing) and any(vendor_of_table(name) is vendor for name in names):
        return True
    under_xen = absence.kind is AbsenceKind.UNKNOWN and host.xen is not None
    return False if host.lists_every_table and not under_xen else None
