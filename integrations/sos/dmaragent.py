"""A plugin for sos 4: what dmaragent reads of a host, where sos itself leaves it out.

With it, ``dmaragent inventory --host REPORT`` answers on a report as on its host.  The paths are
dmaragent's ledger (``docs/ledger.md``), written by hand; a test holds the two together.
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
"""So much of a function's configuration space is kept: the capabilities after it may hold a
serial number, and reading all of it has upset devices."""


class Dmaragent(Plugin, IndependentPlugin, RedHatPlugin, SuSEPlugin, DebianPlugin, UbuntuPlugin):
    """Reserved device memory (RMRR), its devices, and what Linux and Xen make of it.

    Debian's sos 4.0 passes over a plugin that is only tagged as independent.
    """

    short_desc = "Reserved device memory (RMRR) and the devices that own it"
    plugin_name = "dmaragent"
    profiles = ("hardware", "virt", "system")

    pci_functions = "/sys/bus/pci/devices"
    pci_attributes = ("class", "vendor", "device", "secondary_bus_number", "sriov_totalvfs")
    pci_links = ("driver", "physfn")
    linked_paths = (
        # Not copied as the others are: sos would follow these into every device's directory.
        "/sys/bus/pci/devices/*",
        "/sys/bus/pci/drivers/pciback/*:*:*.*",
        "/sys/kernel/iommu_groups/*/devices/*",
    )
    listed_paths = (
        # A folder without anything to copy is kept too: it says that the host has none.
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
        "/sys/bus/pci/slots/*/address",
        "/sys/kernel/iommu_groups/*/reserved_regions",
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
        """Name what is collected.  sos drops a command that is not installed."""
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
        """Give where `path` is while sos runs: below its sysroot."""
        return os.path.join(self.sysroot, path.lstrip("/"))

    def _in_report(self, found: str) -> str:
        """Give where the report keeps what was found on the host."""
        return os.path.join("/", os.path.relpath(found, self.sysroot))

    def _function_paths(self) -> list[str]:
        """Give where each PCI function is: sos does not look behind a link to a directory."""
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
        """Keep the symbolic links that match, as links, and nothing of what they lead to."""
        for found in sorted(glob.glob(self._on_host(pattern))):
            if os.path.islink(found):
                self.archive.add_link(os.readlink(found), self._in_report(found))

    def _add_config(self, path: str) -> None:
        """Keep the head of a function's configuration space, at its own path."""
        try:
            with open(self._on_host(path), "rb") as file:
                content = file.read(CONFIG_WINDOW)
        except OSError:
            return
        self.archive.add_binary(content, path)
