"""Answers about ``rmrr=`` and ``ivmd=`` that were wrong, or that ended with an error."""

from collections.abc import Callable

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.boot_option.from_faults import ivmd_of_faults, option_of_faults
from dmaragent.boot_option.ivmd_model import DeviceSpan, IvmdEffect
from dmaragent.boot_option.ivmd_option import check_ivmd, write_ivmd
from dmaragent.boot_option.mistakes import pages_meant
from dmaragent.boot_option.model import OptionHost
from dmaragent.boot_option.notes import own_quoting
from dmaragent.boot_option.request import RequestError, read_wanted, read_wanted_ivmd
from dmaragent.boot_option.rmrr_option import check_option, write_option
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.host.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.inventory import take_inventory
from dmaragent.messages.faults import read_faults
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from support.hosts import Function, fake_host
from support.ivmd_hosts import amd_host, option_host, with_xen
from support.rmrr_hosts import MAP, on_host
from support.wording import Worded

DENIED = Missing(MissingKind.DENIED, "Permission denied")
NIC = SBDF.parse("0000:01:00.0")


def _unread(vendor: str, name: str) -> OptionHost:
    """Return a host of `vendor` that has the table `name`, which may not be read."""
    host = fake_host([Function(sbdf="0000:01:00.0")], {})
    host.files["/proc/cpuinfo"] = f"vendor_id\t: {vendor}\n".encode()
    host.directories["/sys/firmware/acpi/tables"] = ("APIC", name)
    host.files[f"/sys/firmware/acpi/tables/{name}"] = DENIED
    return OptionHost(inventory=take_inventory(join(collect(host))), release=None)


@pytest.mark.parametrize(("release", "longest"), [("4.9", 99), ("4.17", 127), (None, 99)])
def test_a_word_is_no_longer_than_every_release_in_question_reads(
    release: str | None, longest: int
) -> None:
    inventory = take_inventory(join(collect(fake_host([], {}))))
    known = None if release is None else Release.parse(release)

    assert OptionHost(inventory=inventory, release=known).longest_word == longest


# Ranges with the same text


@pytest.mark.parametrize(
    ("text", "effects"),
    [
        ("ivmd=0x100;0x100", [IvmdEffect.SWITCHES_OFF, IvmdEffect.NO_EFFECT]),
        ("ivmd=0x100=1:0.0,1:0.0", [IvmdEffect.SWITCHES_OFF, IvmdEffect.NO_EFFECT]),
        (
            "ivmd=0x100 ivmd=0x200 ivmd=0x100",
            [IvmdEffect.SWITCHES_OFF, IvmdEffect.NO_EFFECT, IvmdEffect.NO_EFFECT],
        ),
    ],
)
def test_ranges_with_the_same_text_have_an_effect_each(
    text: str, effects: list[IvmdEffect]
) -> None:
    assert [judged.effect for judged in check_ivmd(option_host(), text).ranges] == effects


def test_with_such_a_command_line_an_option_can_be_checked_and_written() -> None:
    on = option_host(with_xen(amd_host(), "ivmd=0x100 ivmd=0x200 ivmd=0x100"))

    assert len(check_ivmd(on, None).ranges) == 3
    assert not write_ivmd(on, [read_wanted_ivmd("0x91000000+4K=01:00.0")]).words


def test_what_one_release_makes_of_two_equal_ranges_is_no_difference_of_releases() -> None:
    """All releases of 4.19 refuse the first range, which is RAM, and do not reach the second."""
    on = option_host(release="4.19")

    checked = check_ivmd(on, "ivmd=0x100;0x100")

    assert [judged.effect for judged in checked.ranges] == [
        judged.effect for judged in check_ivmd(option_host(release="4.19.1"), checked.text).ranges
    ]


# Regions on the command line


@pytest.mark.parametrize("read", [read_wanted, read_wanted_ivmd])
@pytest.mark.parametrize("prefix", ["", "0x"])
def test_thousands_of_zeros_before_a_size_change_nothing(
    read: Callable[[str], object], prefix: str
) -> None:
    wanted = read(f"0x1000+{prefix}{'0' * 5000}16=00:1d.0")

    assert wanted == read(f"0x1000+{prefix}16=00:1d.0")
    with pytest.raises(RequestError):
        read(f"0x1000+{prefix}{'0' * 5000}=00:1d.0")


@pytest.mark.parametrize("name", ["pci-0000:01:00.0", "pci_0000_01_00_0", "0000:01:00.0"])
def test_both_options_read_a_device_in_the_spelling_of_udev_and_libvirt(name: str) -> None:
    assert read_wanted(f"0x1000+4K={name}").devices == (NIC,)
    assert read_wanted_ivmd(f"0x1000+4K={name}").devices == (DeviceSpan(NIC, NIC),)


@pytest.mark.parametrize(
    "names", ["01:00.0-01:00.7", "pci-0000:01:00.0-01:00.7", "pci-0000:01:00.0-pci-0000:01:00.7"]
)
def test_a_range_of_devices_may_have_names_with_a_dash(names: str) -> None:
    assert read_wanted_ivmd(f"0x1000+4K=00:1d.0,{names}").devices[1] == DeviceSpan(
        NIC, SBDF.parse("0000:01:00.7")
    )


@pytest.mark.parametrize(
    ("names", "position"),
    [("pci-0000:01:00", 11), ("xy-01:00.7", 11), ("01:00.0-xy", 19), ("pci-0000:01:00.0-xy", 28)],
)
def test_a_name_that_cannot_be_read_has_its_place(names: str, position: int) -> None:
    with pytest.raises(RequestError) as raised:
        read_wanted_ivmd(f"0x1000+4K={names}")

    assert raised.value.position == position


# The machine of the other vendor


def test_the_option_of_the_other_vendor_is_not_accepted(worded: Worded) -> None:
    rmrr = check_option(option_host(), "rmrr=0x91000=1:0.0")
    ivmd = check_ivmd(on_host(), "ivmd=0x91000=0:1d.0")

    assert (rmrr.taken, ivmd.taken) == (False, False)
    worded(rmrr.ranges[0].reason)
    worded(ivmd.ranges[0].reason)


def test_a_table_that_may_not_be_read_shows_the_vendor_too() -> None:
    amd, intel = _unread("AuthenticAMD", "IVRS"), _unread("GenuineIntel", "DMAR")

    assert ((amd.amd, amd.intel), (intel.amd, intel.intel)) == ((True, False), (False, True))
    assert check_option(amd, "rmrr=0x91000=1:0.0").taken is False
    assert check_ivmd(intel, "ivmd=0x91000=1:0.0").taken is False
    assert not write_option(amd, [read_wanted("0xbdf3e000+4K=01:00.0")]).words
    assert not write_ivmd(intel, [read_wanted_ivmd("0xbdf3e000+4K=01:00.0")]).words
    assert check_option(intel, "rmrr=0x91000=1:0.0").taken is None
    assert check_ivmd(amd, "ivmd=0x91000=1:0.0").taken is None


def test_a_dmar_with_a_processor_of_amd_is_of_intel() -> None:
    """QEMU can emulate VT-d with any processor."""
    host = _unread("AuthenticAMD", "DMAR")

    assert (host.amd, host.intel) == (False, True)


def test_a_fault_in_hypertransports_addresses_is_none_of_a_region_if_the_ivrs_is_unread() -> None:
    log = "(XEN) AMD-Vi: IO_PAGE_FAULT: 0000:01:00.0 d0 addr 000000fdf8001000 flags 0x20 RW\n"
    amd = ivmd_of_faults(_unread("AuthenticAMD", "IVRS"), read_faults(log, amd=True))
    intel = option_of_faults(_unread("GenuineIntel", "DMAR"), read_faults(log, amd=True))

    assert (amd.option.words, len(amd.faults.dropped)) == ((), 1)
    assert len(intel.faults.dropped) == 0


@pytest.mark.parametrize(
    ("words", "notes"),
    [
        ("rmrr=0x91=0:1d.0;0x92=0:1d.0", 0),
        ("rmrr=0x91=0:1d.0 quiet", 0),
        ("quiet rmrr=0x91=0:1d.0", "cut"),
        ("rmrr=0x91=0:1d.0 rmrr=0x92=0:1d.0", 0),
        ('rmrr="0x91=0:1d.0" quiet', 1),
        ("rmrr='0x91=0:1d.0' quiet", 1),
        ("rmrr=0x91=0:1d.0\\;0x92=0:1d.0", 1),
        ("quiet='x' loglvl=all", 0),
    ],
)
def test_what_a_boot_loader_left_of_an_option_has_a_note(words: str, notes: object) -> None:
    """GRUB may have cut the last one; quotes and backslashes are one too many."""
    found = list(own_quoting(words, "rmrr", "cut"))
    assert ("cut" if found == ["cut"] else len(found)) == notes


# Numbers that look like bytes


def test_a_large_range_of_pages_of_ivmd_is_no_mistake_if_the_machine_has_them() -> None:
    """0x90000-0x90fff: 16 MiB at 0x90000000, which the memory map has as reserved."""
    checked = check_ivmd(option_host(), "ivmd=0xa0000-0xa0fff=1:0.0")

    assert (checked.taken, checked.mistaken) == (True, False)
    assert checked.ranges[0].advice == ()


_HIGH = MemoryEntry(AddressRange(0x100000000, 0x140000000), MemoryType.RAM, "")


@pytest.mark.parametrize("first", [0xBDF3E000, 0x140000])
def test_page_numbers_that_the_machine_does_not_have_are_bytes(first: int) -> None:
    """The map ends at 0x140000 pages, 5 GiB."""
    last = first + 0xFFF

    meant = (first >> 12, last >> 12)
    assert pages_meant(first, last, MAP, any_number=True) == meant
    assert pages_meant(0x80000, 0x80FFF, MAP, any_number=True) is None
    assert pages_meant(0x80000, 0x80FFF, MAP) == (0x80, 0x80)


@pytest.mark.parametrize(
    ("memory_map", "meant"),
    [
        (
            MemoryMap((MemoryEntry(AddressRange(0, 0x1000), MemoryType.RAM, ""), _HIGH)),
            (0x80, 0x80),
        ),
        (MemoryMap((_HIGH,), incomplete="x"), None),
        (MemoryMap((_HIGH,), foreign_ram="x"), None),
        (None, None),
    ],
)
def test_pages_that_the_machine_may_have_are_pages(
    memory_map: MemoryMap | None, meant: tuple[int, int] | None
) -> None:
    """The pages are at 2 GiB."""
    assert pages_meant(0x80000, 0x80FFF, memory_map, any_number=True) == meant


def test_pages_in_a_hole_of_the_map_are_bytes_only_if_the_map_is_whole() -> None:
    low, high = MAP.entries[0], MAP.entries[-1]
    gap = MemoryMap((low, high))

    assert pages_meant(0x90000, 0x90FFF, gap, any_number=True) == (0x90, 0x90)
    assert pages_meant(0x90000, 0x90FFF, gap._replace(incomplete="cut"), any_number=True) is None
    assert pages_meant(0x90000, 0x90FFF, None, any_number=True) is None
    assert pages_meant(0xBDF3E000, 0xBDF5DFFF, None, any_number=True) == (0xBDF3E, 0xBDF5D)
