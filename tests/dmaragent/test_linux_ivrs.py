"""What Linux makes of an IVRS: the devices with an IOMMU, and the regions of each."""

import pytest

from dmaragent.addresses import SBDF
from dmaragent.host.groups import KernelRegion
from dmaragent.iommu.model import Meaning
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux import words
from dmaragent.linux.ivrs import LinuxIvrs, block_type_of, read_by_linux, type_in
from dmaragent.linux.vfio import ONE_TO_ONE_MESSAGE, VfioEffect, vfio_outcomes
from fwtables import IVRS, decode_as
from support.ivrs_hosts import IOMMU, QEMU_ENTRIES, device, qemu, read
from support.ivrs_tables import (
    ENTRIES,
    acpi_device,
    alias,
    block,
    device_range,
    entry,
    extended,
    ivhd,
    ivmd,
    ivrs,
    special,
)
from support.kernel_regions import published_direct
from support.tables import patched, resummed

USB = SBDF.parse("00:1d.0")
NETWORK = SBDF.parse("01:00.0")


def linux(data: bytes) -> LinuxIvrs:
    view = read_by_linux(read(data))
    assert view is not None
    return view


def grown(data: bytes, rest: bytes) -> bytes:
    """Return a sound table of more bytes, which its header counts."""
    length = (len(data) + len(rest)).to_bytes(4, "little")
    return resummed(patched(data + rest, [(4, length)]))


def lines(data: bytes, *names: str) -> list[tuple[int, int]]:
    """Return the direct lines of a group of devices: first and last byte."""
    view = linux(data)
    regions = [region for name in names for region in view.direct_of(SBDF.parse(name))]
    return [(line.base, line.limit) for line in published_direct(regions)]


# As a running Linux 6.1 had it: table A of the lab


@pytest.mark.parametrize("flags", [0x01, 0x03, 0x07, 0x08, 0x0F])
@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [(0x21, "01:00.0", "00:00.0"), (0x22, "01:00.0", "01:00.7"), (0x20, "00:00.0", "00:00.0")],
)
def test_a_block_with_either_flag_is_direct_for_its_devices(
    flags: int, kind: int, first: str, last: str
) -> None:
    table = qemu(
        ivmd(
            0x3C000000,
            0x2000,
            kind=kind,
            flags=flags,
            device=device(first),
            auxiliary=device(last),
        )
    )

    assert lines(table, "01:00.0") == [(0x3C000000, 0x3C001FFF)]
    assert (lines(table, "02:00.0") != []) is (kind == 0x20)


@pytest.mark.parametrize(
    "ignored",
    [
        pytest.param(ivmd(0x3C000000, 0x1000, flags=0, device=device("01:00.0")), id="flags 0"),
        pytest.param(ivmd(0x3C000000, 0x1000, flags=6, device=device("01:00.0")), id="no unity"),
        pytest.param(block(0x51, ivmd(0x3C000000, 0x1000)[4:], flags=8), id="type 0x51"),
        pytest.param(
            ivmd(
                0x3C000000,
                0x1000,
                kind=0x22,
                device=device("01:00.7"),
                auxiliary=device("01:00.0"),
            ),
            id="inverted",
        ),
        pytest.param(
            ivmd(0x3C000000, 0x1000, device=device("01:00.0"), reserved=b"\1" + bytes(7)),
            id="segment 1",
        ),
    ],
)
def test_other_blocks_are_nothing_to_linux(ignored: bytes) -> None:
    assert lines(qemu(ignored), "01:00.0") == []


def test_before_linux_6_0_a_block_of_another_segment_is_one_of_segment_0() -> None:
    table = qemu(ivmd(0x3C000000, 0x1000, device=device("01:00.0"), reserved=b"\1" + bytes(7)))

    for release, number in (((5, 10), 1), ((5, 19), 1), ((6, 0), 0), (None, 0)):
        view = read_by_linux(read(table), release)
        assert view is not None
        assert len(view.direct_of(NETWORK)) == number


def test_the_start_is_rounded_up_and_the_length_too() -> None:
    table = qemu(ivmd(0x3C600800, 0x1000, device=device("01:00.0")))

    assert lines(table, "01:00.0") == [(0x3C601000, 0x3C601FFF)]


def test_a_length_of_0_has_an_end_below_its_start() -> None:
    table = qemu(ivmd(0x3C000000, 0, device=device("01:00.0")))

    assert lines(table, "01:00.0") == [(0x3C000000, 0x3BFFFFFF)]
    (region,) = linux(table).direct_of(NETWORK)
    assert region.range is None


def test_a_usb_controller_is_direct_like_any_device() -> None:
    table = qemu(ivmd(0x3C000000, 0x1000, device=device("00:1d.0")))

    assert published_direct(linux(table).direct_of(USB)) == (
        KernelRegion(base=0x3C000000, limit=0x3C000FFF, type="direct"),
    )


def test_a_group_has_the_regions_of_all_its_members() -> None:
    table = qemu(
        ivmd(0x3C000000, 0x1000, device=device("00:1e.0")),
        ivmd(0x3D000000, 0x1000, device=device("03:00.0")),
    )

    assert lines(table, "03:00.0") == [(0x3D000000, 0x3D000FFF)]  # not the alias's
    assert lines(table, "00:1e.0", "03:00.0") == [
        (0x3C000000, 0x3C000FFF),
        (0x3D000000, 0x3D000FFF),
    ]


def test_a_block_of_type_0x23_is_taken_for_the_ivhds_and_ends_it_all() -> None:
    view = linux(qemu(ivmd(0x3C000000, 0x1000, kind=0x23, device=IOMMU, auxiliary=0x40)))

    assert (view.block_type, view.error) == (0x23, words.unsupported_ivhd(0x23))
    assert (view.serves(NETWORK), view.direct) == (False, ())


# Lines, types and releases


def test_regions_that_overlap_or_touch_become_one_line() -> None:
    starts = (0x9618E000, 0x97D9D000, 0x97D9C000, 0x97B98000, 0x97B97000)
    table = qemu(*(ivmd(start, 1, device=device("01:00.0")) for start in starts))

    assert lines(table, "01:00.0") == [
        (0x9618E000, 0x9618EFFF),
        (0x97B97000, 0x97B98FFF),
        (0x97D9C000, 0x97D9DFFF),
    ]


def test_an_exclusion_range_is_direct_from_5_6_on_and_unknown_before() -> None:
    assert type_in(Meaning.EXCLUSION, (5, 6)) == "direct"
    assert type_in(Meaning.EXCLUSION, None) == "direct"
    assert type_in(Meaning.EXCLUSION, (5, 5)) is None
    assert type_in(Meaning.IDENTITY, (4, 19)) == "direct"
    assert type_in(Meaning.UNSTATED, (6, 12)) is None


def test_vfio_refuses_a_direct_region_from_6_6_on_and_fails_to_map_over_it_before() -> None:
    (new,) = vfio_outcomes("direct", IommuVendor.AMD, (6, 6))
    (old,) = vfio_outcomes("direct", IommuVendor.AMD, (6, 1))

    assert (new.effect, new.message) == (VfioEffect.REFUSED, ONE_TO_ONE_MESSAGE)
    assert (old.effect, old.error) == (VfioEffect.MAPPING_FAILS, "EINVAL")


# Which blocks, which devices


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ((ivhd(*ENTRIES),), 0x10),
        ((ivhd(*ENTRIES), ivhd(*ENTRIES, kind=0x11)), 0x11),
        ((ivhd(*ENTRIES), ivhd(*ENTRIES, kind=0x11), ivhd(*ENTRIES, kind=0x40)), 0x40),
        ((ivhd(*ENTRIES), ivhd(*ENTRIES, kind=0x11), ivhd(*ENTRIES, kind=0x40, device=9)), 0x11),
        ((ivhd(*ENTRIES), block(0x51, bytes(28)), ivhd(*ENTRIES, kind=0x40)), 0x10),
        ((ivhd(*ENTRIES), ivmd(0, 1, device=2)), 0x21),
        ((), 0),
    ],
)
def test_the_type_is_that_of_the_last_block_with_the_first_blocks_device(
    blocks: tuple[bytes, ...], expected: int
) -> None:
    table = decode_as(IVRS, ivrs(*blocks)).table
    assert isinstance(table, IVRS)

    assert block_type_of(table) == expected


def test_a_device_without_an_iommu_has_no_region() -> None:
    region = ivmd(0x3C000000, 0x1000, kind=0x22, flags=7, device=0, auxiliary=0xFFFF)
    view = linux(ivrs(ivhd(*ENTRIES), region))

    for name, served in (("00:00.0", False), ("00:01.0", True), ("ff:00.0", True)):
        sbdf = SBDF.parse(name)
        assert view.serves(sbdf) is served
        assert bool(view.direct_of(sbdf)) is served
    own = linux(ivrs(ivhd(device_range(0, 0xFFFF)), region))
    assert not own.serves(SBDF.parse("00:00.2"))  # the IOMMU itself


def test_no_device_above_the_highest_id_of_the_ranges_has_an_iommu() -> None:
    view = linux(ivrs(ivhd(device_range(8, 0x0107), special(1, 0, 0x2000), special(2, 0, 0x60))))

    assert not view.serves(SBDF.parse("20:00.0"))
    assert view.serves(SBDF.parse("00:0c.0"))


@pytest.mark.parametrize(
    "highest",
    [
        pytest.param(entry(2, 0x0100), id="a device"),
        pytest.param(device_range(8, 0x0100), id="a range"),
        pytest.param(alias(0x42, 0x0100, 0x0010), id="an alias"),
        pytest.param(extended(0x46, 0x0100, 0), id="an extended entry"),
        pytest.param(extended(0x47, 8, 0) + entry(4, 0x0100), id="an extended range"),
    ],
)
def test_the_highest_id_can_be_of_every_kind_of_device_entry(highest: bytes) -> None:
    view = linux(ivrs(ivhd(entry(2, 0x0020), highest)))

    assert view.serves(SBDF.parse("01:00.0"))
    assert not linux(ivrs(ivhd(highest))).error


def test_a_device_named_by_acpi_and_one_for_all_have_an_iommu() -> None:
    hid = linux(ivrs(ivhd(entry(2, 0x100), acpi_device(b"MSFT0201", 0x60), kind=0x40)))
    every = linux(ivrs(ivhd(entry(1))))

    for block_type in (0x10, 0x11):
        old = ivrs(ivhd(entry(2, 0x100), acpi_device(b"MSFT0201", 0x60), kind=block_type))
        assert not linux(old).serves(SBDF.parse("00:0c.0"))
    assert hid.serves(SBDF.parse("00:0c.0"))
    assert every.serves(SBDF.parse("ff:1f.7"))


def test_bytes_after_the_table_leave_no_doubt_and_those_within_do() -> None:
    table = ivrs(ivhd(*ENTRIES))

    assert not linux(table + b"\x51\0").doubt
    assert linux(grown(table, b"\x51\0")).doubt


def test_an_acpi_device_without_a_name_has_no_iommu() -> None:
    nameless = linux(ivrs(ivhd(entry(2, 0x100), acpi_device(b"", 0x60), kind=0x40)))

    assert not nameless.serves(SBDF.parse("00:0c.0"))


def test_a_block_for_all_reaches_up_to_the_highest_id() -> None:
    region = ivmd(0x3C000000, 0x1000, kind=0x20, flags=7)
    view = linux(ivrs(ivhd(device_range(8, 0x0107), special(1, 0, 0x2000)), region))

    assert view.direct[0].ids.last == 0x0107
    assert not view.direct_of(SBDF.parse("20:00.0"))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(patched(qemu(), [(9, b"\x55")]), id="checksum"),
        pytest.param(ivrs(ivhd(special(1, 0, 0xA0))), id="no device"),
        pytest.param(ivrs(ivhd(*ENTRIES, special(3, 0, 0xA0))), id="unknown variety"),
    ],
)
def test_what_leaves_linux_without_an_iommu(data: bytes) -> None:
    view = linux(data)

    assert view.error
    assert view.direct == ()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(qemu(block(0x51, bytes(4), length=0)), id="length 0"),
        pytest.param(qemu(block(0x51, bytes(4), length=99)), id="past the end"),
        pytest.param(grown(qemu(), bytes(2)), id="trailing bytes"),
        pytest.param(ivrs(ivhd(*QEMU_ENTRIES, entry(3, 8))), id="start without end"),
        pytest.param(ivrs(ivhd(*QEMU_ENTRIES, entry(4, 8))), id="end without start"),
    ],
)
def test_where_linux_checks_nothing_its_reading_is_unknown(data: bytes) -> None:
    assert linux(data).doubt


def test_another_table_is_not_read() -> None:
    assert read_by_linux(read(b"IVRS")) is None


# The captured tables


def test_the_captured_tables_are_read_without_error_or_doubt(ivrs_corpus: dict[str, bytes]) -> None:
    types = set()
    for name, data in ivrs_corpus.items():
        view = linux(data)
        types.add(view.block_type)
        assert (view.error, view.doubt) == ("", ""), name
    assert types == {0x10, 0x11, 0x40}


def test_the_five_blocks_of_a_captured_table_are_three_lines_for_every_device(
    ivrs_corpus: dict[str, bytes],
) -> None:
    data = next(data for name, data in ivrs_corpus.items() if "9249A3556422" in name)

    for name in ("00:01.0", "01:00.0", "0f:1f.7"):
        assert lines(data, name) == [
            (0x9618E000, 0x9618EFFF),
            (0x97B97000, 0x97B98FFF),
            (0x97D9C000, 0x97D9DFFF),
        ]
    assert lines(data, "00:00.0") == []  # it has no IOMMU
    assert lines(data, "10:00.0") == []
