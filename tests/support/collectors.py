"""Reports in the shape of their collectors: what sos, xen-bugtool and others leave of one host.

The host has a region that 00:1a.0 and 00:1d.0 share, both EHCI controllers.
"""

from pathlib import Path

from support.config_space import EHCI_1A, EHCI_1D, HOST_BRIDGE
from support.tables import drhd, dump, rmrr, scope, table

ENTRIES = (scope(1, 0, (0x1A, 0)), scope(1, 0, (0x1D, 0)))
DMAR = table(drhd(0xDF100000, flags=1), rmrr(0xBF458000, 0xBF46FFFF, *ENTRIES))
FACP = dump(b"FACP" + bytes(60), "FACP")
ACPIDUMP = (FACP + dump(DMAR)).encode()
LSPCI = b"""\
00:00.0 Host bridge [0600]: Intel Corporation DMI2 [8086:3c00] (rev 07)
\tControl: I/O+ Mem+
00:1a.0 USB controller [0c03]: Intel USB2 #2 [8086:1d2d] (rev 05) (prog-if 20 [EHCI])
\tControl: I/O+ Mem+
\tKernel driver in use: ehci-pci
00:1d.0 USB controller [0c03]: Intel USB2 #1 [8086:1d26] (rev 05) (prog-if 20 [EHCI])
\tControl: I/O+ Mem+
\tKernel driver in use: ehci-pci
"""
LSPCI_N = b"00:00.0 0600: 8086:3c00\n00:1a.0 0c03: 8086:1d2d\n00:1d.0 0c03: 8086:1d26\n"
REFUSED = (
    "vfio-pci 0000:00:1d.0: Device is ineligible for IOMMU domain attach due to platform "
    "RMRR requirement.  Contact your platform vendor."
)
DMESG = f"""\
[    0.000000] Linux version 5.14.0-362.el9.x86_64 (x) #1 SMP
[    0.000000] Command line: ro intel_iommu=on
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff] usable
[    0.000000] BIOS-e820: [mem 0x00000000bd35b000-0x00000000bfffffff] reserved
[  212.345678] {REFUSED}
""".encode()
DEVICES = b"0000\t80863c00\t0\n00d0\t80861d2d\t17\tehci-pci\n00e8\t80861d26\t17\tehci-pci\n"
DMIDECODE = b"""\
Handle 0x0000, DMI type 0, 24 bytes
BIOS Information
\tVendor: Dell Inc.
\tVersion: 2.9.0
\tRelease Date: 01/09/2020

Handle 0x0100, DMI type 1, 27 bytes
System Information
\tManufacturer: Dell Inc.
\tProduct Name: PowerEdge R820
"""
UNAME = b"Linux host1 5.14.0-362.el9.x86_64 #1 SMP x86_64 GNU/Linux\n"
IOMEM = b"00000000-0009ffff : System RAM\nbd35b000-bfffffff : Reserved\n"
XL_INFO = (
    b"xen_version : 4.17.5-4\nvirt_caps : pv hvm hvm_directio\nrelease : 5.14.0-362.el9.x86_64\n"
)
SHARED = (
    b"(XEN) [2024-03-02 10:11:12] [VT-D] It's disallowed to assign 0000:00:1d.0 with shared "
    b"RMRR at bf458000 for Dom3.\n"
)


def section(head: str, content: bytes) -> bytes:
    """Make a section of a text of supportconfig."""
    return f"#==[ Command ]====================#\n# {head}\n".encode() + content + b"\n"


SOS = {
    "version.txt": b"sosreport: 4.6.1\n",
    "proc/cmdline": b"ro intel_iommu=on\n",
    "proc/cpuinfo": b"vendor_id\t: GenuineIntel\n",
    "proc/bus/pci/devices": DEVICES,
    "proc/bus/pci/00/00.0": HOST_BRIDGE,
    "proc/bus/pci/00/1a.0": EHCI_1A,
    "proc/bus/pci/00/1d.0": EHCI_1D,
    "proc/iomem": IOMEM,
    "sos_commands/pci/lspci_-nnvv": LSPCI,
    "sos_commands/hardware/dmidecode": DMIDECODE,
    "sos_commands/kernel/dmesg": DMESG,
    "sos_commands/kernel/uname_-a": UNAME,
}
"""Without its ACPI tables."""
TABLES = "sys/firmware/acpi/tables"
REPORTS: dict[str, dict[str, bytes]] = {
    "sos": {**SOS, f"{TABLES}/DMAR": DMAR, f"{TABLES}/APIC": b"APIC"},
    "xen-bugtool": {
        "acpidump.out": ACPIDUMP,
        "proc/cmdline": b"ro\n",
        "lspci-vv.out": LSPCI.replace(b" [0c03]", b"").replace(b" [0600]", b""),
        "lspci-n.out": LSPCI_N,
        "dmidecode.out": DMIDECODE,
        "dmesg.out": DMESG,
        "xl-info.out": XL_INFO,
        "xl-dmesg.out": SHARED,
    },
    "hw-probe": {
        "logs/acpidump": ACPIDUMP,
        "logs/lspci_all": LSPCI,
        "logs/dmesg": DMESG,
        "logs/dmi_id": b"sys_vendor: Dell Inc.\nproduct_name: PowerEdge R820\n",
        "devices": b"x",
        "host": b"x",
    },
    "supportconfig": {
        "basic-environment.txt": section("/bin/uname -a", UNAME),
        "boot.txt": section("/bin/dmesg", DMESG) + section("/proc/cmdline", b"ro\n"),
        "hardware.txt": section("/sbin/lspci -nnvv", LSPCI)
        + section("/usr/sbin/dmidecode", DMIDECODE),
        "DMAR.bin": DMAR,
    },
    "Dasharo": {
        "logs/acpidump.log": ACPIDUMP,
        "logs/lspci.log": LSPCI,
        "logs/dmidecode.log": DMIDECODE,
        "logs/dmesg.log": DMESG,
        "logs/acpidump.err.log": b"",
    },
    "apport": {
        "acpidump.txt": ACPIDUMP,
        "Lspci.txt": LSPCI,
        "CurrentDmesg.txt": DMESG,
        "Dmidecode.txt": DMIDECODE,
    },
}
"""The files of a report by the collector that leaves them."""


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """Write `files` below `folder`, and return it."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
