"""What surrounds the PCI functions: groups, memory map, slots, machine, kernel, hypervisor."""

import json
import struct

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.collect.collect import collect
from dmaragent.host import Host, join, words
from dmaragent.host.groups import KernelRegion
from dmaragent.host.memory_map import MemoryMap, MemoryType
from dmaragent.host.xen import RdmEntry
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from support.hosts import FakeHost, Function, fake_host
from support.wording import Worded

NIC = Function(
    sbdf="0000:01:00.0", total_vfs=8, names={"ID_MODEL_FROM_DATABASE": "82576"}, driver="igb"
)
VF = Function(sbdf="0000:01:10.0", physical_function="0000:01:00.0")
DENIED = Missing(MissingKind.DENIED, "Permission denied")
ABSENT = Missing(MissingKind.ABSENT)


def _host(**changes: dict[str, object]) -> Host:
    fake = fake_host([NIC, VF], {})
    for name, values in changes.items():
        getattr(fake, name).update(values)
    return join(collect(fake))


# IOMMU groups --------------------------------------------------------------------------


def _grouped(regions: bytes | Missing = b"", names: tuple[str, ...] = ("10", "2")) -> Host:
    base = "/sys/kernel/iommu_groups"
    return _host(
        directories={
            base: names,
            f"{base}/2/devices": ("0000:01:00.0", "0000:01:10.0"),
            f"{base}/10/devices": ("fe000000.platform", "0000:00:02.0"),
        },
        files={f"{base}/2/reserved_regions": regions, f"{base}/10/reserved_regions": b""},
    )


def test_groups_are_read_by_number_with_their_devices_and_regions() -> None:
    host = _grouped(
        b"0x0000000000001000 0x0000000000001fff direct\n0x00000000fee00000 0x00000000feefffff msi\n"
    )

    assert not isinstance(host.groups, Missing)
    first, second = host.groups
    assert (first.number, second.number) == (2, 10)
    assert [str(one) for one in first.devices] == ["0000:01:00.0", "0000:01:10.0"]
    assert [str(one) for one in second.devices] == ["0000:00:02.0"]
    assert first.regions == (
        KernelRegion(0x1000, 0x1FFF, "direct"),
        KernelRegion(0xFEE00000, 0xFEEFFFFF, "msi"),
    )
    assert host.topology.known[SBDF.parse("01:00.0")].iommu_group == 2
    assert host.problems == ()


@pytest.mark.parametrize(
    ("regions", "names"),
    [
        (b"nonsense\n", ("2",)),
        (b"-0x10 0x20 direct\n", ("2",)),
        (DENIED, ("2",)),
        (b"", ("2", "x")),
        (b"", ("2", "7")),
    ],
)
def test_a_group_that_cannot_be_read_is_a_problem_line(
    regions: bytes | Missing, names: tuple[str, ...], worded: Worded
) -> None:
    worded(_grouped(regions, names).problems)


# The memory map ------------------------------------------------------------------------


def _map(host: Host) -> list[tuple[int, int, MemoryType]]:
    assert isinstance(host.memory_map, MemoryMap)
    return [(each.range.start, each.range.end, each.type) for each in host.memory_map.entries]


def test_the_memory_map_comes_from_sysfs() -> None:
    base = "/sys/firmware/memmap"
    host = _host(
        directories={base: ("0", "1")},
        files={
            f"{base}/0/start": b"0x100000\n",
            f"{base}/0/end": b"0x7fffffff\n",
            f"{base}/0/type": b"System RAM\n",
            f"{base}/1/start": b"0x0\n",
            f"{base}/1/end": b"0x9ffff\n",
            f"{base}/1/type": b"ACPI Non-volatile Storage\n",
        },
        calls={"boot-log": b"BIOS-e820: [mem 0x0-0x1] reserved\n"},
    )

    assert _map(host) == [
        (0, 0xA0000, MemoryType.NVS),
        (0x100000, 0x80000000, MemoryType.RAM),
    ]


def test_without_sysfs_the_memory_map_comes_from_the_boot_log() -> None:
    log = (
        b"[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff] usable\n"
        b"[    0.000000] BIOS-e820: [mem 0x00000000000a0000-0x00000000000fffff] reserved\n"
        b"[    0.000000] BIOS-e820: [mem 0x0000000100000000-0x00000001ffffffff] persistent (type 12)\n"
        b"BIOS-e820: 0000000000100000 - 0000000000200000 (ACPI NVS)\n"
        b"BIOS-e820: 0000000000200000 - 0000000000300000 type 9\n"
        b"[    0.1] DMAR: something else\n"
        b"BIOS-e820: [mem 0x200000000-0x200000fff] type 20\r\n"
    )

    assert _map(_host(calls={"boot-log": log})) == [
        (0, 0xA0000, MemoryType.RAM),
        (0xA0000, 0x100000, MemoryType.RESERVED),
        (0x100000, 0x200000, MemoryType.NVS),
        (0x200000, 0x300000, MemoryType.OTHER),
        (0x100000000, 0x200000000, MemoryType.PERSISTENT),
        (0x200000000, 0x200001000, MemoryType.OTHER),
    ]


def test_the_boot_log_of_linux_7_has_other_words_two_blanks_and_gaps() -> None:
    log = (
        b"[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009efff]  System RAM\n"
        b"[    0.000000] BIOS-e820: [mem 0x000000000009f000-0x00000000000fffff]  device reserved\n"
        b"[    0.000000] BIOS-e820: [gap 0x0000000000100000-0x00000000001fffff]\n"
        b"host kernel: BIOS-e820: [mem 0x0000000000200000-0x00000000002fffff] device reserved\n"
        b"BIOS-e820: [mem 0x0000000000300000-0x00000000003fffff]  persistent RAM (type 12)\n"
        b"BIOS-e820: [mem 0x0000000000400000-0x00000000004fffff]  soft reserved\n"
        b"BIOS-e820: [mem 0x0000000000500000-0x00000000005fffff]  type 20\n"
    )
    host = _host(calls={"boot-log": log})

    assert _map(host) == [
        (0, 0x9F000, MemoryType.RAM),
        (0x9F000, 0x100000, MemoryType.RESERVED),
        (0x200000, 0x300000, MemoryType.RESERVED),
        (0x300000, 0x400000, MemoryType.PERSISTENT),
        (0x400000, 0x500000, MemoryType.SOFT_RESERVED),
        (0x500000, 0x600000, MemoryType.OTHER),
    ]
    assert isinstance(host.memory_map, MemoryMap)
    assert not host.memory_map.incomplete


@pytest.mark.parametrize(
    ("gap", "why"),
    [
        (b"BIOS-e820: [gap 0x0000000000000000-0x0000000000000fff]\n", ""),
        (b"BIOS-e820: [gap 0x0000000000000000-0x00000000000", words.LOGGED_LINE_UNREADABLE),
        (b"", words.LOG_LACKS_BEGINNING),
    ],
)
def test_a_logged_map_begins_at_0_with_an_entry_or_a_gap(gap: bytes, why: str) -> None:
    log = gap + b"\nBIOS-e820: [mem 0x0000000000001000-0x0000000000001fff]  System RAM\n"
    host = _host(calls={"boot-log": log})

    assert isinstance(host.memory_map, MemoryMap)
    assert host.memory_map.incomplete == why
    assert any(why in line for line in host.problems) is (why == words.LOGGED_LINE_UNREADABLE)


def test_without_either_the_map_is_missing_and_not_empty() -> None:
    assert isinstance(_host().memory_map, Missing)
    assert isinstance(_host(calls={"boot-log": b""}).memory_map, Missing)


def test_a_map_covers_what_lies_in_it_without_a_gap() -> None:
    log = (
        b"BIOS-e820: [mem 0x1000-0x1fff] reserved\nBIOS-e820: [mem 0x2000-0x2fff] reserved\n"
        b"BIOS-e820: [mem 0x4000-0x4fff] reserved\n"
    )
    found = _host(calls={"boot-log": log}).memory_map
    assert isinstance(found, MemoryMap)
    reserved = frozenset({MemoryType.RESERVED})

    assert found.covered(AddressRange(0x1000, 0x3000), reserved)
    assert not found.covered(AddressRange(0x1000, 0x3001), reserved)
    assert not found.covered(AddressRange(0x2000, 0x5000), reserved)
    assert not found.covered(AddressRange(0x1000, 0x2000), frozenset({MemoryType.RAM}))


# Slots ---------------------------------------------------------------------------------


def _smbios(segment: int, bus: int, devfn: int, name: bytes, kind: int = 9) -> bytes:
    fixed = struct.pack("<BBHB8xHBB", kind, 17, 0x900, 1, segment, bus, devfn)
    return fixed + name + b"\0\0"


def test_a_slot_is_named_by_the_kernel_else_by_smbios() -> None:
    host = _host(
        directories={
            "/sys/bus/pci/slots": ("1", "4", "empty"),
            "/sys/firmware/dmi/entries": ("1-0", "9-0", "9-1"),
        },
        files={
            "/sys/bus/pci/slots/4/address": b"0000:01:00\n",
            "/sys/bus/pci/slots/empty/address": b"\n",
            "/sys/bus/pci/slots/1/address": b"\n",
            "/sys/firmware/dmi/entries/9-0/raw": _smbios(0, 1, 0x80, b"PCIe Slot 7"),
            "/sys/firmware/dmi/entries/9-1/raw": _smbios(0xFFFF, 0xFF, 0xFF, b"unused"),
        },
    )

    assert host.topology.known[SBDF.parse("01:00.0")].slot == "4"
    assert host.topology.known[SBDF.parse("01:10.0")].slot == "PCIe Slot 7"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x09",
        b"\x09\x11" + bytes(3),
        _smbios(0, 1, 0, b"x", kind=8),
        b"\x09\x04ab",
        _smbios(0, 1, 0, b"x").replace(b"\0\x09\x01", b"\0\x09\0"),
        _smbios(0, 1, 0, b"x").replace(b"\0\x09\x01", b"\0\x09\x09"),
    ],
)
def test_an_smbios_structure_that_is_no_slot_is_passed_over(raw: bytes) -> None:
    host = _host(
        directories={"/sys/firmware/dmi/entries": ("9-0",)},
        files={"/sys/firmware/dmi/entries/9-0/raw": raw},
    )

    assert host.topology.known[SBDF.parse("01:00.0")].slot is None


def test_an_address_that_smbios_has_for_two_slots_names_neither() -> None:
    host = _host(
        directories={"/sys/firmware/dmi/entries": ("9-0", "9-1", "9-2")},
        files={
            "/sys/firmware/dmi/entries/9-0/raw": _smbios(0, 1, 0, b"PCIEX16_1"),
            "/sys/firmware/dmi/entries/9-1/raw": _smbios(0, 1, 0, b"PCIEX1_2"),
            "/sys/firmware/dmi/entries/9-2/raw": _smbios(0, 1, 0x80, b"PCIEX4"),
        },
    )

    assert host.topology.known[SBDF.parse("01:00.0")].slot is None
    assert host.topology.known[SBDF.parse("01:10.0")].slot == "PCIEX4"


# Functions, machine, kernel ------------------------------------------------------------


def test_virtual_functions_know_their_physical_one() -> None:
    known = _host().topology.known

    assert known[SBDF.parse("01:10.0")].physical_function == SBDF.parse("01:00.0")
    assert known[SBDF.parse("01:00.0")].total_vfs == 8
    assert known[SBDF.parse("01:00.0")].device_name == "82576"


def test_only_the_kernel_options_that_matter_are_kept() -> None:
    line = b"BOOT_IMAGE=/vmlinuz root=UUID=secret intel_iommu=on,sm_on iommu=pt password=x intel-iommu=off\n"

    host = _host(files={"/proc/cmdline": line, "/proc/sys/kernel/osrelease": b"6.1.0\n"})

    assert host.system.options == ("intel_iommu=on,sm_on", "iommu=pt", "intel-iommu=off")
    assert host.system.kernel_release == "6.1.0"


def test_the_processor_says_who_made_it_and_whether_it_is_virtual() -> None:
    cpu = b"processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vme hypervisor\n"

    system = _host(files={"/proc/cpuinfo": cpu}).system

    assert (system.cpu_vendor, system.virtual) == ("GenuineIntel", True)


def test_the_machine_has_the_names_of_its_firmware() -> None:
    base = "/sys/class/dmi/id"
    host = _host(
        files={
            f"{base}/sys_vendor": b"HPE\n",
            f"{base}/product_name": b"ProLiant DL380 Gen10\xff\n",
            f"{base}/bios_version": b"U30\n",
        }
    )

    assert (host.machine.vendor, host.machine.model) == ("HPE", "ProLiant DL380 Gen10\\xff")
    assert host.machine.firmware == "U30"


@pytest.mark.parametrize(
    "output",
    [
        *(b"", b"[]", b'{"memory_total": "x"}', b"[" * 50000),
        b'{"memory_total": Infinity, "boot_time": 1}',
    ],
)
def test_resources_that_cannot_be_understood_are_a_problem_line(
    output: bytes, worded: Worded
) -> None:
    host = _host(calls={"resources": output})

    assert host.system.memory_total is None
    worded(host.problems)


# Xen -----------------------------------------------------------------------------------


def _xen(**calls: bytes | Missing) -> Host:
    return _host(
        files={
            "/sys/hypervisor/type": b"xen\n",
            "/sys/hypervisor/version/major": b"4\n",
            "/sys/hypervisor/version/minor": b"17\n",
            "/proc/xen/capabilities": b"control_d\n",
        },
        calls={name.replace("_", "-"): output for name, output in calls.items()},
        directories={"/sys/bus/pci/drivers/pciback": ("0000:01:10.0", "bind", "new_slot")},
    )


def test_a_cut_line_of_xl_info_is_not_read() -> None:
    """``hvm_dir`` is no ``hvm_directio``, so the IOMMU would be off."""
    xen = _xen(xl_info=b"xen_commandline : iommu=verbose\nvirt_caps : pv hvm hvm_dir").xen

    assert xen is not None
    assert (xen.command_line, xen.capabilities, xen.iommu_enabled) == (
        "iommu=verbose",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("capabilities", "dom0"), [(b"control_d\n", True), (b"", False), (DENIED, None)]
)
def test_xen_is_known_by_proc_xen_if_sysfs_has_no_hypervisor(
    capabilities: bytes | Missing,
    dom0: bool | None,  # noqa: FBT001 - a case
) -> None:
    """CONFIG_XEN_SYS_HYPERVISOR=n."""
    files: dict[str, object] = {
        "/sys/hypervisor/type": ABSENT,
        "/proc/xen/capabilities": capabilities,
    }
    host = _host(files=files, calls={"xl-info": b"xen_major : 4\nxen_minor : 17\n"})

    assert host.xen is not None
    assert (host.xen.dom0, host.xen.release) == (dom0, Release(4, 17))


def test_what_root_alone_reads_of_xen_is_reported_if_sysfs_has_no_hypervisor() -> None:
    files: dict[str, object] = {
        "/sys/hypervisor/type": ABSENT,
        "/proc/xen/capabilities": b"control_d\n",
    }
    denied = _host(files=files, calls={"xl-info": DENIED})
    absent = _host(files={**files, "/proc/xen/capabilities": ABSENT}, calls={"xl-info": DENIED})

    assert any("xl info" in problem for problem in denied.problems)
    assert (absent.xen, absent.problems) == (None, ())


def test_xen_tells_its_release_options_and_list() -> None:
    info = b"xen_commandline        : iommu=verbose rmrr=0x1:2\nvirt_caps : pv hvm hvm_directio\n"
    entries = json.dumps({"entries": [[5, 2], [1, 1]]}).encode()
    devices = json.dumps({"devices": {"0000:01:00.0": [[5, 2]], "10000:00:00.0": None}}).encode()
    xen = _xen(xl_info=info, xen_rdm=entries, xen_rdm_devices=devices).xen

    assert xen is not None
    assert (xen.dom0, xen.release, xen.iommu_enabled) == (True, Release(4, 17), True)
    assert xen.command_line == "iommu=verbose rmrr=0x1:2"
    assert xen.reserved_memory == (
        RdmEntry(start_pfn=5, nr_pages=2),
        RdmEntry(start_pfn=1, nr_pages=1),
    )
    assert xen.device_reserved_memory == {
        SBDF.parse("01:00.0"): (RdmEntry(start_pfn=5, nr_pages=2),),
        SBDF.parse("10000:00:00.0"): None,
    }
    assert xen.assignable == (SBDF.parse("01:10.0"),)


@pytest.mark.parametrize(
    "output",
    [
        *(b"", b"{}", b'{"entries": [[1]]}', b'{"entries": 3}', b'{"entries": [[Infinity, 1]]}'),
        *(b'{"entries": [[-1, 1]]}', b'{"entries": [[1.5, 1]]}', b'{"entries": [[true, 1]]}'),
        b'{"entries": [[1, 99999999999999999999999]]}',
    ],
)
def test_a_list_that_cannot_be_understood_is_a_problem_line_and_no_empty_list(
    output: bytes, worded: Worded
) -> None:
    host = _xen(xen_rdm=output)

    assert host.xen is not None
    assert isinstance(host.xen.reserved_memory, Missing)
    worded(host.problems)


def test_a_hypercall_that_was_denied_is_a_problem_line(worded: Worded) -> None:
    host = _xen(xen_rdm=DENIED, xl_info=DENIED)

    worded(host.problems)


def test_a_guest_type_or_point_release_that_is_cut_is_unknown() -> None:
    """PVH without its end is PV, and .17 is .1: the files end with a newline."""
    base = "/sys/hypervisor"
    files = {f"{base}/type": b"xen\n", f"{base}/guest_type": b"PV"}
    files |= {f"{base}/version/{name}": b"4\n" for name in ("major", "minor")}
    xen = _host(files={**files, f"{base}/version/extra": b".1"}).xen

    assert xen is not None
    assert (xen.guest_type, xen.extra, xen.release) == (None, None, Release(4, 4))


def test_where_the_kernel_is_on_no_hypervisor_xen_is_not_asked() -> None:
    fake = fake_host([], {})
    fake.complete = (*fake.complete, "/sys/hypervisor/", "/proc/xen/")
    host = join(collect(fake))

    assert host.xen is None
    asked = [each.path for each in fake.asked if "xen" in each.path or "xl" in each.path]
    assert asked == ["/proc/xen/capabilities"]


def test_a_host_of_nothing_joins() -> None:
    host = join(collect(FakeHost(complete=())))

    assert host.xen is None
    assert host.problems == ()
