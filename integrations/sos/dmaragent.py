"""A plugin for sos 4 that collects what dmaragent reads from a host and sos leaves out.

With it, ``dmaragent inventory --host REPORT`` gives the same answer as on the host.  The paths are
those of dmaragent's ledger (``docs/ledger.md``), written by hand; a test compares the two.
"""

import glob
import os

from sos.report.plugins import (
    DebianPlugin,
    IndependentPlugin,
    Plugin,
    RedHatPlugin,
    SuSEPlugin,
    UbuntuPlugin,
)

CONFIG_WINDOW = 64
"""The bytes of a function's configuration space that are kept.  The capabilities after them can
contain a serial number, and reading them all has disturbed devices."""


class Dmaragent(Plugin, IndependentPlugin, RedHatPlugin, SuSEPlugin, DebianPlugin, UbuntuPlugin):
    """Reserved device memory (RMRR, IVMD), its devices, and how Linux and Xen treat it.

    Debian's sos 4.0 skips a plugin that is only tagged as independent.
    """

    short_desc = "Reserved device memory (RMRR, IVMD) and the devices that own it"
    plugin_name = "dmaragent"
    profiles = ("hardware", "virt", "system")

    pci_functions = "/sys/bus/pci/devices"
    pci_attributes = ("class", "vendor", "device", "secondary_bus_number", "sriov_totalvfs")
    pci_links = ("driver", "physfn")
    linked_paths = (
        # Kept as links: sos would follow these into every device's directory.
        "/sys/bus/pci/devices/*",
        "/sys/bus/pci/drivers/pciback/*:*:*.*",
        "/sys/kernel/iommu_groups/*/devices/*",
    )
    listed_paths = (
        # An empty folder is kept too: it proves that the host has none.
        "/sys/firmware/acpi/tables",
        "/sys/bus/pci/devices",
        "/sys/bus/pci/drivers/pciback",
        "/sys/bus/pci/slots",
        "/sys/kernel/iommu_groups",
        "/sys/kernel/iommu_groups/*/devices",
        "/sys/firmware/memmap",
        "/sys/firmware/dmi/entries",
    )
    copied_paths = (
        "/sys/firmware/acpi/tables/DMAR*",
        "/sys/firmware/acpi/tables/RMAD*",
        "/sys/firmware/acpi/tables/XMAR*",
        "/sys/firmware/acpi/tables/IVRS*",
        "/sys/bus/pci/slots/*/address",
        "/sys/kernel/iommu_groups/*/reserved_regions",
        "/sys/kernel/iommu_groups/*/name",
        "/sys/firmware/memmap/*/start",
        "/sys/firmware/memmap/*/end",
        "/sys/firmware/memmap/*/type",
        "/sys/firmware/dmi/entries/9-*/raw",
        "/sys/class/dmi/id/sys_vendor",
        "/sys/class/dmi/id/product_name",
        "/sys/class/dmi/id/board_name",
        "/sys/class/dmi/id/bios_vendor",
        "/sys/class/dmi/id/bios_version",
        "/sys/class/dmi/id/bios_date",
        "/proc/cpuinfo",
        "/proc/sys/kernel/osrelease",
        "/proc/cmdline",
        "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
        "/sys/hypervisor/type",
        "/sys/hypervisor/guest_type",
        "/sys/hypervisor/version/major",
        "/sys/hypervisor/version/minor",
        "/sys/hypervisor/version/extra",
        "/proc/xen/capabilities",
    )
    asked_commands = (
        "xl info",
        "dmaragent inventory --json",
        "dmaragent check --json",
    )

    def setup(self) -> None:
        """Add the files and commands to collect.  sos skips a command that is not installed."""
        for pattern in self.listed_paths:
            for found in sorted(glob.glob(self._on_host(pattern))):
                self.archive.add_dir(self._in_report(found))
        self.add_copy_spec(list(self.copied_paths))
        for pattern in self.linked_paths:
            self._add_links(pattern)
        for path in self._function_paths():
            self.add_copy_spec([f"{path}/{name}" for name in self.pci_attributes])
            self._add_config(f"{path}/config")
            for name in self.pci_links:
                self._add_links(f"{path}/{name}")
        self.add_cmd_output(list(self.asked_commands))

    def _on_host(self, path: str) -> str:
        """Return `path` below the sysroot of sos."""
        return os.path.join(self.sysroot, path.lstrip("/"))

    def _in_report(self, found: str) -> str:
        """Return the path in the report for a file found on the host."""
        return os.path.join("/", os.path.relpath(found, self.sysroot))

    def _function_paths(self) -> list[str]:
        """Return the paths of the PCI functions: sos does not follow links to directories."""
        folder = self._on_host(self.pci_functions)
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            return []
        paths = []
        for name in names:
            try:
                target = os.readlink(os.path.join(folder, name))
            except OSError:
                target = name  # a directory in a copy
            paths.append(os.path.normpath(f"{self.pci_functions}/{target}"))
        return paths

    def _add_links(self, pattern: str) -> None:
        """Keep the matching symbolic links as links, without their targets."""
        for found in sorted(glob.glob(self._on_host(pattern))):
            if os.path.islink(found):
                self.archive.add_link(os.readlink(found), self._in_report(found))

    def _add_config(self, path: str) -> None:
        """Keep the first bytes of a function's configuration space, at its own path."""
        try:
            with open(self._on_host(path), "rb") as file:
                content = file.read(CONFIG_WINDOW)
        except OSError:
            return
        self.archive.add_binary(content, path)
