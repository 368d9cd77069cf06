"""Whether Xen has a frame for every page of an rmrr= range (mfn_valid), by the memory map."""

import pytest

from dmaragent.host.memory_map import MemoryMap, MemoryType
from dmaragent.host.topology import PciTopology
from dmaragent.xen.hypervisor.frames import frames_of
from support.rmrr_hosts import checked, on_host, option_host
from support.tables import ENDPOINT, rmrr
from support.xen_tables import UNKNOWN, memory_of, only_option, predicted, ranges_of

RAM, RESERVED, SOFT = MemoryType.RAM, MemoryType.RESERVED, MemoryType.SOFT_RESERVED
MAP = memory_of(
    (0, 0xB800_0000, RAM),
    (0xB800_0000, 0xB900_0000, RESERVED),
    (0xFEC0_0000, 0xFEC0_1000, RESERVED),
    (1 << 32, 5 << 30, RAM),
)
"""RAM to 0xb7ffffff and from 4 to 5 GiB."""


@pytest.mark.parametrize(
    ("pages", "exist"),
    [
        ((0xA0, 0xA0), True),
        ((0xB8000, 0xB800F), True),
        ((0xBFFFF, 0xBFFFF), True),
        ((0xBFFFF, 0xC0000), False),
        ((0xD0000, 0xD0000), False),
        ((0xFEC00, 0xFEC00), False),
        ((0x13FFFF, 0x13FFFF), True),
        ((0x13FFFF, 0x140000), False),
        ((1 << 40, 1 << 40), False),
    ],
    ids=[
        "hole below 1 MiB",
        "reserved, RAM in its 256 MiB",
        "hole, RAM in its 256 MiB",
        "second page in a hole of 1 GiB",
        "hole of 1 GiB",
        "reserved, no RAM near",
        "last of RAM",
        "one past all RAM",
        "no address",
    ],
)
def test_a_page_has_a_frame_below_the_end_of_ram_and_near_ram(
    pages: tuple[int, int],
    exist: bool,  # noqa: FBT001
) -> None:
    frames = frames_of(*pages, MAP, "")

    assert frames.exist is exist
    assert bool(frames.reason) is not exist


def test_a_group_is_larger_with_config_bigmem_so_a_hole_near_ram_is_unknown() -> None:
    hole = memory_of((0, 0x8800_0000, RAM), (1 << 32, 5 << 30, RAM))

    assert frames_of(0x8FFFF, 0x8FFFF, hole, "").exist is True
    assert frames_of(0xA0000, 0xA0000, hole, "").exist is None
    assert frames_of(0xC0000, 0xC0000, hole, "").exist is False


@pytest.mark.parametrize(
    ("page", "exist"),
    [(0x7FFFF, True), (0x80001, False), (0xBFFFF, False), (0xFFFFF, False), (0x100000, True)],
)
def test_ram_that_ends_or_begins_where_a_group_does_is_not_in_the_group_beside(
    page: int,
    exist: bool,  # noqa: FBT001
) -> None:
    """RAM to 2 GiB, and from 4 GiB on: both are the bounds of a group, whatever its size."""
    hole = memory_of((0, 0x8000_0000, RAM), (1 << 32, 5 << 30, RAM))

    assert frames_of(page, page, hole, "").exist is exist


@pytest.mark.parametrize("piece", [(0x9000_0000, 0x9000_0800), (0x9000_0800, 0x9000_1000)])
def test_a_part_of_a_page_is_no_ram(piece: tuple[int, int]) -> None:
    hole = memory_of((0, 0x8000_0000, RAM), (*piece, RAM), (1 << 32, 5 << 30, RAM))

    assert frames_of(0x90000, 0x90000, hole, "").exist is False


def test_the_bounds_of_groups_of_frames_and_of_addresses() -> None:
    """Xen has frames for all of the first group, and uses no RAM from 16 TiB on by itself."""
    small = memory_of((0, 0x1000_0000, RAM), (1 << 32, 1 << 45, RAM))

    assert frames_of(0xFFFF, 0xFFFF, small, "").exist is True
    assert frames_of(0x10, 0x10, small, "crashkernel=64M@16M").exist is True
    assert frames_of(0x10000, 0x10000, small, "").exist is None
    assert frames_of((1 << 32) - 1, (1 << 32) - 1, small, "").exist is True
    assert frames_of(1 << 32, 1 << 32, small, "").exist is None
    assert frames_of(1 << 40, 1 << 40, None, "").exist is False


def test_a_map_without_ram_shows_no_end_of_ram() -> None:
    assert frames_of(0x10, 0x10, memory_of((0, 0x8000_0000, RESERVED)), "").exist is None


def test_a_page_past_all_ram_is_told_with_the_last_byte_of_what_may_be_ram() -> None:
    soft = memory_of((0, 0x4000_0000, RAM), (0x4000_0000, 0x8000_0000, SOFT))

    reason = frames_of(0x80000, 0x80000, soft, "").reason
    assert "0x80000" in reason
    assert "0x7fffffff" in reason


@pytest.mark.parametrize(
    "memory_map",
    [
        None,
        MemoryMap(()),
        MemoryMap((), incomplete="could not be read"),
        MAP._replace(incomplete="entry 3 is missing"),
        MAP._replace(foreign_ram="dom0"),
        MemoryMap(MAP.entries[1:]),
    ],
    ids=["none", "empty", "unreadable", "incomplete", "of dom0", "without its beginning"],
)
def test_without_the_whole_map_a_page_far_from_known_ram_is_unknown(
    memory_map: MemoryMap | None,
) -> None:
    for page in (0xD0000, 0x140000):
        frames = frames_of(page, page, memory_map, "")
        assert (frames.exist, bool(frames.reason)) == (None, True)


def test_ram_that_is_known_settles_a_page_of_a_map_that_leaves_some_out() -> None:
    assert frames_of(0xB8000, 0xB8000, MAP._replace(foreign_ram="dom0"), "").exist is True


@pytest.mark.parametrize("page", [0xB8000, 0x10])
@pytest.mark.parametrize("word", ["mem=2G", "availmem=2G"])
def test_an_option_that_limits_ram_leaves_it_unknown(word: str, page: int) -> None:
    assert frames_of(page, page, MAP, f"a {word}").exist is None
    assert frames_of(0x140000, 0x140000, MAP, word).exist is False


@pytest.mark.parametrize(
    ("word", "exist"),
    [
        ("crashkernel=256M", [True, None]),
        ("crashkernel=256M@1G", [None, None]),
        ("a", [True, True]),
    ],
)
def test_the_crash_kernel_s_memory_may_be_all_the_ram_near(
    word: str, exist: list[bool | None]
) -> None:
    assert [frames_of(page, page, MAP, word).exist for page in (0xB8000, 0x100000)] == exist


def test_memory_that_only_linux_sets_apart_may_be_ram_for_xen() -> None:
    soft = memory_of((0, 0x4000_0000, RAM), (0x4000_0000, 0x8000_0000, SOFT))

    assert frames_of(0x50000, 0x50000, soft, "").exist is None
    assert frames_of(0x80000, 0x80000, soft, "").exist is False


def test_the_prediction_ignores_a_range_without_frames_and_lists_the_next() -> None:
    line = "rmrr=0x140000=00:1d.0;0xb8000=00:1d.0"
    prediction = predicted(line=line, memory=MAP)

    assert [each.accepted for each in prediction.options] == [False, True]
    assert ranges_of(prediction) == [(0xB8000, 1)]
    assert prediction.doubt == ""


def test_a_list_with_a_range_of_unknown_frames_is_in_doubt() -> None:
    prediction = predicted(line="rmrr=0xb8000=00:1d.0 rmrr=0xb8000=00:1a.0", memory=None)

    assert [each.accepted for each in prediction.options] == [None, None]
    assert "0xb8000=00:1d.0" in prediction.doubt
    assert ranges_of(prediction) == [(0xB8000, 1)]


@pytest.mark.parametrize(
    ("line", "topology"),
    [
        ("rmrr=0xb8000=0:00:1d.0,1:00:1d.0", None),
        ("rmrr=0xb8000=00:1f.5", None),
        ("rmrr=0x1=00:1d.0", PciTopology(UNKNOWN)),
    ],
    ids=["mixed segments", "absent device", "overlap"],
)
def test_what_xen_refuses_anyway_is_refused_without_a_map(
    line: str, topology: PciTopology | None
) -> None:
    region = rmrr(0x1000, 0x1FFF, ENDPOINT)
    prediction = predicted(region, line=line, topology=topology, memory=None)

    assert only_option(prediction).accepted is False


def test_a_switch_that_releases_read_differently_is_a_doubt_of_the_list() -> None:
    region = rmrr(0x1000, 0x1FFF, ENDPOINT)
    line = "iommu=off iommu=on"

    assert "iommu=off" in predicted(region, line=line, release=None).doubt
    assert predicted(region, line=line, release=(4, 22)).doubt == ""
    assert predicted(region, line=line, release=(4, 9)).iommu_disabled


def test_checking_says_that_a_page_is_unknown_or_missing() -> None:
    host = option_host()
    known = on_host(host._replace(memory_map=MAP))
    unknown = on_host(host._replace(memory_map=UNKNOWN))

    assert checked("rmrr=0xb8000=00:1d.0", known).taken is True
    assert checked("rmrr=0x140000=00:1d.0", known).taken is False
    assert checked("rmrr=0xb8000=00:1d.0", unknown).taken is None
    bare = on_host(option_host(tables={})._replace(memory_map=MAP))
    assert checked("rmrr=0x140000=00:1d.0", bare).taken is False
