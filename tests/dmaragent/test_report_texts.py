"""Texts of collectors in the form of the ledger's readings: each value from its line."""

from pathlib import Path

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.collect.support_reports import texts as report_texts
from dmaragent.host import join
from dmaragent.host.parse import Problems
from dmaragent.host.smbios import join_slots
from dmaragent.readings import Missing, MissingKind, SystemReading
from support import collectors
from support.hosts import fake_host

DMIDECODE = f"""\
# dmidecode 3.3
{collectors.DMIDECODE.decode()}\
\tSerial Number: ABC1234

Handle 0x0200, DMI type 2, 8 bytes
Base Board Information
\tManufacturer: Dell Inc.
\tProduct Name: 0YWR73

Handle 0x0201, DMI type 2, 8 bytes
Base Board Information
\tProduct Name: another board

Handle 0x0900, DMI type 9, 17 bytes
System Slot Information
\tDesignation: PCI1
\tCurrent Usage: In Use
\tBus Address: 0000:41:00.0

Handle 0x0901, DMI type 9, 13 bytes
System Slot Information
\tDesignation: without an address
"""


def test_dmidecode_has_the_machines_names_and_no_serial_number() -> None:
    assert report_texts.dmi_names(DMIDECODE) == {
        "bios_vendor": b"Dell Inc.\n",
        "bios_version": b"2.9.0\n",
        "bios_date": b"01/09/2020\n",
        "sys_vendor": b"Dell Inc.\n",
        "product_name": b"PowerEdge R820\n",
        "board_name": b"0YWR73\n",
    }


def test_a_second_structure_of_a_type_says_nothing_of_the_machine() -> None:
    system = "Handle 0x1, DMI type 1, 27 bytes\n\tManufacturer: HP\n"
    second = "Handle 0x2, DMI type 1, 27 bytes\n\tProduct Name: of an enclosure\n"

    assert report_texts.dmi_names(system + second) == {"sys_vendor": b"HP\n"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sys_vendor: HP\nproduct_serial: 1\n", {"sys_vendor": b"HP\n"}),
        ("/sys/class/dmi/id/bios_version:P70\n", {"bios_version": b"P70\n"}),
        (
            "Handle 0x0100\n\tDMI type 1, 25 bytes.\n\tSystem Information\n\t\tManufacturer: IBM\n",
            {"sys_vendor": b"IBM\n"},
        ),
        ("Handle 0x1, DMI type 1, 27 bytes\n\tProduct Name: Not Specified\n", {}),
        ("# dmidecode 3.3\n/dev/mem: Permission denied\n", {}),
        ("\tVendor: nobody\n" + " " * 10_000 + "\n", {}),
    ],
    ids=["hw-probe", "grep", "dmidecode 2.7", "not specified", "denied", "no structure"],
)
def test_other_texts_with_smbios_strings(text: str, names: dict[str, bytes]) -> None:
    assert report_texts.dmi_names(text) == names


def test_of_two_texts_the_first_names_the_machine_and_the_second_adds_to_it(
    tmp_path: Path,
) -> None:
    files = {
        "DMAR.bin": collectors.DMAR,
        "logs/dmi_id": b"product_name: PowerEdge R720\n",
        "logs/dmidecode": b"Handle 0x0100, DMI type 1, 27 bytes\n"
        b"\tManufacturer: Dell Inc.\n\tProduct Name: PowerEdge R820\n",
    }
    folder = collectors.write_files(tmp_path / "report", files)

    snapshot = collect(open_host(str(folder)).reader)

    assert dict(snapshot.system.dmi)["product_name"] == b"PowerEdge R720\n"
    assert dict(snapshot.system.dmi)["sys_vendor"] == b"Dell Inc.\n"


def test_a_slot_of_dmidecode_names_the_devices_in_it() -> None:
    gone = Missing(MissingKind.NOT_COLLECTED)
    reading = SystemReading(
        dmi=(),
        slots=gone,
        smbios_slots=report_texts.dmi_slots(DMIDECODE),
        cpu=gone,
        kernel_release=gone,
        command_line=gone,
        unsafe_interrupts=gone,
        resources=gone,
    )

    assert join_slots(reading, Problems()) == {(0, 0x41, 0): "PCI1"}


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("0000:41:00.0", b"\0\0\x41\0"),
        ("0001:41:1f.7", b"\1\0\x41\xff"),
        ("0000:41:20.0", None),  # no device has this number
    ],
)
def test_a_slot_has_the_address_of_a_device(address: str, place: bytes | None) -> None:
    text = f"Handle 0x0900, DMI type 9, 17 bytes\n\tDesignation: S\n\tBus Address: {address}\n"

    assert [raw[13:17] for raw in report_texts.dmi_slots(text)] == ([place] if place else [])


IOMEM = """\
00000000-00000fff : Reserved
00001000-0009ffff : System RAM
bd31c000-bd35afff : ACPI Tables
c0000000-fbffffff : PCI Bus 0000:00
  e0000000-efffffff : PCI MMCONFIG 0000 [bus 00-ff]
    e0000000-efffffff : reserved
100000000-83fffffff : System RAM
  100000000-100ffffff : Kernel code
"""


def test_iomem_has_the_firmwares_ranges() -> None:
    assert report_texts.memory_entries(IOMEM) == (
        (b"0x0\n", b"0xfff\n", b"Reserved by Linux\n"),
        (b"0x00001000\n", b"0x0009ffff\n", b"System RAM\n"),
        (b"0xbd31c000\n", b"0xbd35afff\n", b"ACPI Tables\n"),
        (b"0xe0000000\n", b"0xefffffff\n", b"Reserved\n"),
        (b"0x100000000\n", b"0x83fffffff\n", b"System RAM\n"),
    )


def test_of_a_range_from_0_only_page_0_is_linuxs() -> None:
    assert report_texts.memory_entries("00000000-0009ffff : Reserved\n") == (
        (b"0x0\n", b"0xfff\n", b"Reserved by Linux\n"),
        (b"0x1000\n", b"0x0009ffff\n", b"Reserved\n"),
    )
    ram = "00000000-0009ffff : System RAM\n"
    assert report_texts.memory_entries(ram) == (
        (b"0x00000000\n", b"0x0009ffff\n", b"System RAM\n"),
    )


def test_iomem_that_was_read_without_root_has_no_range() -> None:
    hidden = "00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n"

    assert report_texts.memory_entries(hidden) == ()


@pytest.mark.parametrize(
    ("text", "release"),
    [
        (collectors.UNAME.decode(), b"5.14.0-362.el9.x86_64\n"),
        ("6.8.12-4-pve\n", b"6.8.12-4-pve\n"),
        ("Linux version 4.19.0+1 (builder@x) (gcc 4.8.5) #1 SMP\n", b"4.19.0+1\n"),
        ("[0.0] Linux version 5.4.0-1\n[0.0] Linux version 6.1.0-2 (x)\n", b"6.1.0-2\n"),
        ("sosreport: 4.6.1\n", None),
        ("FreeBSD host 14.0-RELEASE FreeBSD\n", None),
    ],
    ids=["uname -a", "uname -r", "proc/version", "two boots", "sos", "FreeBSD"],
)
def test_the_kernels_release(text: str, release: bytes | None) -> None:
    assert report_texts.kernel_release(text) == release


def test_the_kernels_options_are_not_xens() -> None:
    log = "(XEN) Command line: dom0_mem=4G\n[    0.000000] Command line: ro intel_iommu=on\n"

    assert report_texts.boot_options(log) == b"ro intel_iommu=on\n"
    assert report_texts.boot_options("(XEN) Command line: x\n") is None


@pytest.mark.parametrize("label", ["Command line: ", "Kernel command line: "])
def test_options_that_the_kernel_cut_are_unknown(label: str) -> None:
    """With CONFIG_PRINTK_CALLER, printk keeps 973 bytes of a message."""
    options = "intel_iommu=on ".ljust(972 - len(label), "x")

    assert (
        report_texts.boot_options(f"[    0.000000] {label}{options}\n") == f"{options}\n".encode()
    )
    assert report_texts.boot_options(f"[    0.000000] {label}{options}x\n") is None
    longer = f"{label}{options}xxx\n[    0.1] Kernel command line: short\n"
    assert report_texts.boot_options(longer) is None


def test_options_on_several_lines_are_unknown() -> None:
    """A newer kernel with a lower CONFIG_CMDLINE_LOG_WRAP_IDEAL_LEN."""
    log = "Kernel command line: ro \\\nKernel command line: iommu=off\n"

    assert report_texts.boot_options(log) is None


def test_a_log_of_several_boots_is_cut_to_the_last() -> None:
    log = b"a\n[0.0] Linux version 5.4\nold\n[0.0] Linux version 6.1\nnew\n"

    assert report_texts.this_boot(log) == b"[0.0] Linux version 6.1\nnew\n"
    assert report_texts.this_boot(b"no boot\n") == b"no boot\n"


INFO = (
    "host : x\nxen_major              : 4\nxen_minor : 17\nxen_extra : .5-4\nxen_version : 9.9.9\n"
)
BANNER = (
    "(XEN) [0] Xen version 4.19.1-pre (root@x) (gcc 12) debug=n\n(XEN) Command line: iommu=on\n"
)


@pytest.mark.parametrize(
    ("info", "ring", "version"),
    [
        (INFO, "", (b"4\n", b"17\n", b".5-4\n")),
        ("xen_version            : 4.17.5-4\nxen_caps : x\n", "", (b"4\n", b"17\n", b".5-4\n")),
        ("", BANNER, (b"4\n", b"19\n", b".1-pre\n")),
        ("xl: command not found\n", "(XEN) nothing of it\n", None),
    ],
    ids=["parts", "whole", "log", "neither"],
)
def test_xens_release(info: str, ring: str, version: tuple[bytes, bytes, bytes] | None) -> None:
    names = ("major", "minor", "extra")
    expected = {} if version is None else dict(zip(names, version, strict=True))

    assert report_texts.xen_version(info, ring) == expected


def test_a_log_of_several_boots_of_xen_is_cut_to_the_last() -> None:
    old = "(XEN) Xen version 4.13.0 (x) debug=n\n(XEN) Command line: old\n"

    ring = report_texts.this_xen(old + BANNER)

    assert report_texts.xen_version("", ring)["minor"] == b"19\n"
    assert report_texts.info_from_ring(ring) == b"xen_commandline        : iommu=on\n"


def test_xens_log_has_its_command_line() -> None:
    assert report_texts.info_from_ring(BANNER) == b"xen_commandline        : iommu=on\n"
    assert report_texts.info_from_ring("(XEN) x\n") is None


def test_options_that_xen_cut_are_unknown() -> None:
    """Xen keeps 1,023 bytes of a message; the next one then follows on the same line."""
    options = "iommu=on rmrr=".ljust(1022 - len("Command line: "), "x")

    whole = report_texts.info_from_ring(f"(XEN) Command line: {options}\n(XEN) next\n")
    assert whole == f"xen_commandline        : {options}\n".encode()
    assert report_texts.info_from_ring(f"(XEN) Command line: {options}xnext\n") is None


def test_the_output_of_xl_info_is_told_from_a_complaint() -> None:
    assert report_texts.is_xl_info(INFO)
    for line in ("xen_caps : hvm-3.0-x86_32", "xen_version : 4.17.3", "xen_major : 4"):
        assert report_texts.is_xl_info(f"host : h\n{line}\n")
    assert not report_texts.is_xl_info("xl: error: cannot open privcmd\n")


def test_lscpu_has_vendor_and_flags() -> None:
    text = "Architecture: x86_64\nVendor ID:  GenuineIntel\nFlags: fpu vmx hypervisor\n"

    assert (
        report_texts.cpu_facts(text)
        == b"vendor_id\t: GenuineIntel\nflags\t\t: fpu vmx hypervisor\n"
    )
    assert report_texts.cpu_facts("lscpu: not found") is None


@pytest.mark.parametrize("vendor", ["ARM", "Ampere", "Cavium", "HiSilicon", "Apple"])
def test_lscpu_of_an_arm_processor_has_the_line_of_cpuinfo_and_no_flags(vendor: str) -> None:
    text = f"Architecture: aarch64\nVendor ID:  {vendor}\nFlags: fp asimd\n"

    facts = report_texts.cpu_facts(text)

    assert facts == f"CPU implementer\t: {vendor}\n".encode()
    host = fake_host([], {})
    host.files["/proc/cpuinfo"] = facts
    cpu = join(collect(host)).system
    assert (cpu.cpu_vendor, cpu.virtual) == ("ARM", None)


SUPPORTCONFIG = f"""\
=============================================================================
                     Support Utilities - Supportconfig
=============================================================================
{collectors.section("/bin/uname -a", collectors.UNAME).decode()}\
#==[ Configuration File ]===========================#
# /proc/cmdline
ro intel_iommu=on

#==[ Note ]=========================================#
# not a path
text
"""


def test_a_text_of_supportconfig_is_split_by_command_and_file() -> None:
    assert report_texts.sections(SUPPORTCONFIG) == {
        "/bin/uname -a": f"{collectors.UNAME.decode()}\n",
        "/proc/cmdline": "ro intel_iommu=on\n\n",
    }
    assert report_texts.sections("no text of it") == {}
