"""Which files of a report hold a reading, by the names that collectors give them."""

import pytest

from dmaragent.collect.ledger import LEDGER
from dmaragent.collect.support_reports.acpidump_files import is_dump
from dmaragent.collect.support_reports.files import TextKind, may_be_text, section_kind, text_kind


@pytest.mark.parametrize(
    ("kind", "paths"),
    [
        (
            TextKind.LSPCI,
            (
                "sos_commands/pci/lspci_-nnvv sos_commands/pci/lspci sos_commands/pci/lspci_-tv "
                "lspci-vv.out lspci-nnm.out lspci.txt Lspci.txt Lspci-vt.txt logs/lspci "
                "logs/lspci_all logs/lspci.log sos_commands/hardware/lspci_-nvv lspci_-D_-nn "
                "logs/lspci_-xxxx.txt commands/lspci.txt"
            ),
        ),
        (TextKind.DMI, "dmidecode sos_commands/hardware/dmidecode dmidecode.out logs/dmi_id"),
        (
            TextKind.KERNEL_LOG,
            (
                "sos_commands/kernel/dmesg sos_commands/kernel/dmesg_-T var/log/dmesg dmesg.out "
                "logs/dmesg CurrentDmesg.txt BootDmesg.txt sos_commands/general/dmesg_now dmesg.log "
                "var/log/boot.msg"
            ),
        ),
        (
            TextKind.OTHER_LOG,
            (
                "sos_commands/logs/journalctl_--no-pager_--boot var/log/messages var/log/syslog "
                "sos_commands/logs/journalctl_--no-pager_--catalog_--boot var/log/kern.log "
                "sos_commands/logs/journalctl_--no-pager logs/dmesg.1"
            ),
        ),
        (TextKind.XEN_INFO, "xl-info.out xl-info-n.out sos_commands/xen/xm_info xl_info xl-info"),
        (
            TextKind.XEN_LOG,
            (
                "xl-dmesg.out sos_commands/xen/xm_dmesg var/log/xen/hypervisor.log xl-dmesg "
                "var/log/xen-dmesg"
            ),
        ),
        (TextKind.KERNEL_RELEASE, "sos_commands/kernel/uname_-a uname logs/uname proc/version"),
        (TextKind.IOMEM, "proc/iomem iomem.txt"),
        (TextKind.PROC_CONFIG, "proc/bus/pci/00/1d.0 proc/bus/pci/0001:3f/00.7"),
        (TextKind.PROC_DEVICES, "proc/bus/pci/devices"),
        (
            TextKind.UDEV_DATABASE,
            "sos_commands/devices/udevadm_info_--export-db logs/udev-db UdevDb.txt",
        ),
        (TextKind.CPU, "sos_commands/processor/lscpu logs/lscpu"),
        (TextKind.CPUINFO, "ProcCpuinfo.txt logs/cpuinfo cpuinfo.log"),
        (TextKind.COMMAND_LINE, "cmdline cmdline.txt ProcCmdline.txt"),
        (TextKind.SECTIONS, "basic-environment.txt hardware.txt boot.txt"),
    ],
    ids=lambda value: value.name.lower() if isinstance(value, TextKind) else "",
)
def test_files_of_collectors_are_told_by_their_names(kind: TextKind, paths: str) -> None:
    assert all(may_be_text(path.rpartition("/")[2]) for path in paths.split())
    assert {path: text_kind(f"/{path}") for path in paths.split()} == dict.fromkeys(
        paths.split(), kind
    )


@pytest.mark.parametrize(
    "path",
    [
        "version.txt",
        "version",
        "etc/passwd",
        "home/x/lspci.txt",
        "sos_commands/mellanox_firmware/lspci_-D_-d_15b3_0200",
        "lspci_-vvs_00_1d.0",
        "sos_commands/logs/journalctl_--disk-usage",
        "sos_commands/logs/journalctl_--no-pager_--catalog_--boot_-1",
        "sos_commands/docker/journalctl_--no-pager_--unit_docker",
        "proc/bus/pci/00/20.0",
        "proc/bus/input/devices",
        "var/log/lspci",
        "dmesg.tar.gz",
        "logs/deep/dmesg",
        "",
    ],
)
def test_other_files_are_not(path: str) -> None:
    assert text_kind(f"/{path}") is None


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("/sbin/lspci -nnvv", TextKind.LSPCI),
        ("/sbin/lspci -s 00:1d.0", None),
        ("/bin/dmesg -T", TextKind.KERNEL_LOG),
        ("/usr/sbin/dmidecode", TextKind.DMI),
        ("/usr/sbin/xl info", TextKind.XEN_INFO),
        ("/usr/sbin/xl dmesg", TextKind.XEN_LOG),
        ("/proc/cmdline", TextKind.COMMAND_LINE),
        ("/proc/iomem", TextKind.IOMEM),
        ("/proc/cpuinfo", TextKind.CPUINFO),
        ("/bin/uname -a", TextKind.KERNEL_RELEASE),
        ("/etc/fstab", None),
    ],
)
def test_sections_of_supportconfig_are_told_by_command_or_file(
    head: str, kind: TextKind | None
) -> None:
    assert section_kind(head) is kind


def test_the_places_that_the_ledger_names_are_read() -> None:
    for place in {place for entry in LEDGER for place in entry.elsewhere}:
        path = place.replace("BB/DD.F", "3f/1f.7")
        assert is_dump(f"/{path}") or text_kind(f"/{path}"), place
