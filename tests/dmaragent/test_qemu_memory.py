"""Where QEMU puts a guest's RAM, by machine type and size."""

import pytest

from dmaragent.addresses import MIB, AddressRange, span
from dmaragent.guests.qemu_memory import guest_ram


@pytest.mark.parametrize(
    ("machine", "size", "ranges"),
    [
        ("q35", 2815, ["0x0-0xafefffff"]),
        ("q35", 2816, ["0x0-0x7fffffff", "0x100000000-0x12fffffff"]),
        ("pc-q35-rhel9.4.0", 8192, ["0x0-0x7fffffff", "0x100000000-0x27fffffff"]),
        ("pc", 3583, ["0x0-0xdfefffff"]),
        ("pc", 3584, ["0x0-0xbfffffff", "0x100000000-0x11fffffff"]),
        ("pc-i440fx-8.1+pve0", 4096, ["0x0-0xbfffffff", "0x100000000-0x13fffffff"]),
        ("pc-i440fx-1.7", 4096, ["0x0-0xdfffffff", "0x100000000-0x11fffffff"]),
        ("pc-1.0", 4096, ["0x0-0xdfffffff", "0x100000000-0x11fffffff"]),
        ("pc-q35-1.7", 4096, ["0x0-0xafffffff", "0x100000000-0x14fffffff"]),
        ("pc-q35-2.0", 4096, ["0x0-0x7fffffff", "0x100000000-0x17fffffff"]),
    ],
)
def test_low_ram_ends_where_the_machine_type_says(
    machine: str, size: int, ranges: list[str]
) -> None:
    (ram,) = guest_ram("x86_64", machine, size * MIB)

    assert [span(one) for one in ram.ranges] == ranges


@pytest.mark.parametrize("machine", ["q35", "pc"])
def test_the_user_may_end_it_lower(machine: str) -> None:
    (ram,) = guest_ram("x86_64", machine, 4096 * MIB, 1024 * MIB)

    assert [span(one) for one in ram.ranges] == ["0x0-0x3fffffff", "0x100000000-0x1bfffffff"]
    (ram,) = guest_ram("x86_64", machine, 1024 * MIB, 1024 * MIB)
    assert [span(one) for one in ram.ranges] == ["0x0-0x3fffffff"]


@pytest.mark.parametrize("architecture", ["i686", ""])
def test_a_guest_of_32_bits_or_of_no_named_architecture_has_a_pcs_layout(architecture: str) -> None:
    assert guest_ram(architecture, "q35", 4096 * MIB) == guest_ram("x86_64", "q35", 4096 * MIB)


@pytest.mark.parametrize(
    ("architecture", "machine", "size"),
    [
        ("x86_64", "microvm", 1024),
        ("x86_64", "xenfv", 1024),
        ("ppc64le", "pseries", 1024),
        ("aarch64", "raspi3b", 1024),
        ("x86_64", "q35", 1 << 20),
    ],
)
def test_what_is_not_modelled_has_no_layout(architecture: str, machine: str, size: int) -> None:
    assert guest_ram(architecture, machine, size * MIB) == ()


@pytest.mark.parametrize(
    ("machine", "most"),
    [
        ("q35", 1012 - 2 - 32),  # 2 GiB are below 4 GiB, and 32 GiB after the RAM are for BARs
        ("pc-q35-7.1", 1012 - 2 - 32),
        ("pc", 1012 - 1 - 2),  # 3 GiB below 4 GiB, 2 GiB for BARs
    ],
)
def test_ram_that_may_reach_amds_hole_with_the_bars_after_it_has_no_layout(
    machine: str, most: int
) -> None:
    (ram,) = guest_ram("x86_64", machine, most * 1024 * MIB)

    assert len(ram.ranges) == 2
    assert guest_ram("x86_64", machine, most * 1024 * MIB + MIB) == ()


def test_an_arm_guest_begins_at_1_gib() -> None:
    (ram,) = guest_ram("aarch64", "virt-8.2", 4096 * MIB)

    assert [span(one) for one in ram.ranges] == ["0x40000000-0x13fffffff"]


def test_without_a_machine_type_both_layouts_are_possible() -> None:
    assert len(guest_ram("x86_64", None, 4096 * MIB)) == 2


def test_what_of_the_first_mib_is_ram_is_unknown() -> None:
    (ram,) = guest_ram("x86_64", "q35", 4096 * MIB)

    assert ram.overlaps(AddressRange(0xE0000, 0xE8000)) is None
    assert ram.overlaps(AddressRange(0xA0000, 0x100000)) is None
    assert ram.overlaps(AddressRange(0x9F000, 0xA1000)) is True
    assert ram.overlaps(AddressRange(0xFF000, 0x101000)) is True
    assert ram.overlaps(AddressRange(0x1000, 0x2000)) is True
    assert ram.overlaps(AddressRange(0x80000000, 0x80001000)) is False
