"""Layouts in the corners of libxl's arithmetic, by release: empty regions, 4 GiB, tiny guests.

Each expected line was computed by libxl's own functions, compiled from the tags of every point
release from 4.6.0 to 4.22.0: ``libxl__build_hvm`` up to the call of
``libxl__domain_device_construct_rdm``, that function (25652f232c, 4.6; 3bdb073643 and 3840e98f3e,
4.14), and ``domain_construct_memmap`` (bcde2f78cc, 4.6).
"""

from collections.abc import Sequence

import pytest

from dmaragent.addresses import MIB, SBDF, AddressRange
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.host.memory_map import MemoryType
from dmaragent.policy.layout import (
    DeviceRequest,
    GuestLayout,
    RamLayout,
    lay_out,
    memory_map,
    reservations,
    starting_layout,
)
from dmaragent.releases import Release
from dmaragent.xen.toolstack.libxl import toolstack_behaviours

RAM, RESERVED = MemoryType.RAM, MemoryType.RESERVED
STRICT, RELAXED = Policy.STRICT, Policy.RELAXED
OLD, NEW = ("4.6.0", "4.13.5"), ("4.14.0", "4.22.0")
_WRAP = 1 << 64


def _built(
    release: str,
    region: AddressRange | None,
    policy: Policy = STRICT,
    *,
    memory: int = 2800 * MIB,
    boundary: int = 2048 * MIB,
) -> GuestLayout:
    """Lay out an HVM guest with HAP, 8 MiB of video memory and a device with `region`."""
    behaviour = toolstack_behaviours(Release.parse(release))[0].layout
    devices = [] if region is None else [DeviceRequest(SBDF(0, 0, 0x14, 0), (region,), policy)]
    reserved = reservations(Strategy.IGNORE, (), RELAXED, devices, behaviour)
    return lay_out(starting_layout(memory), reserved, behaviour, boundary=boundary)


def _entries(layout: GuestLayout) -> list[tuple[int, int, MemoryType]] | None:
    """Return the memory map, or None if libxl refuses the guest."""
    if layout.refused_by is not None:
        return None
    return [(one.range.start, one.range.end, one.type) for one in memory_map(layout)]


ACROSS = AddressRange(0xFFFF0000, 0x100010000)


@pytest.mark.parametrize("release", OLD)
def test_up_to_4_13_a_region_across_4_gib_conflicts_in_a_guest_without_high_ram(
    release: str,
) -> None:
    strict = _built(release, ACROSS, memory=1024 * MIB)
    relaxed = _built(release, ACROSS, RELAXED, memory=1024 * MIB)

    assert _entries(strict) is None
    assert strict.after == relaxed.after == RamLayout(0x3F800000, 0x100000000)
    assert _entries(relaxed) == [(0x100000, 0x3F800000, RAM)]


@pytest.mark.parametrize("release", NEW)
def test_from_4_14_on_it_does_not(release: str) -> None:
    layout = _built(release, ACROSS, memory=1024 * MIB)

    assert layout.after == RamLayout(0x3F800000, 0)
    assert _entries(layout) == [(0x100000, 0x3F800000, RAM), (ACROSS.start, ACROSS.end, RESERVED)]


@pytest.mark.parametrize("release", [*OLD, *NEW])
@pytest.mark.parametrize(
    ("region", "refused"),
    [
        (AddressRange(0xFFFF0000, 0x100000000), False),
        (AddressRange(0x100000000, 0x100010000), False),
    ],
)
def test_a_region_that_ends_or_starts_at_4_gib_does_not_cross_it(
    release: str,
    region: AddressRange,
    refused: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert (_entries(_built(release, region, memory=1024 * MIB)) is None) is refused


@pytest.mark.parametrize("release", [*OLD, *NEW])
@pytest.mark.parametrize(("regions", "fits"), [(126, True), (127, False)])
def test_no_release_counts_an_empty_high_ram_among_the_128_entries(
    release: str,
    regions: int,
    fits: bool,  # noqa: FBT001 - a column of the table
) -> None:
    behaviour = toolstack_behaviours(Release.parse(release))[0].layout
    many = [
        AddressRange(at, at + 0x1000)
        for at in range(0xF0000000, 0xF0000000 + regions * 0x1000, 0x1000)
    ]
    reserved = reservations(Strategy.HOST, many, STRICT, (), behaviour)
    layout = lay_out(starting_layout(1024 * MIB), reserved, behaviour)

    if fits:
        assert len(memory_map(layout)) == 127
    else:
        with pytest.raises(ValueError, match="128 entries"):
            memory_map(layout)


def _empty(start: int) -> AddressRange:
    """Return a region of no pages, as Xen up to 4.15 lists one of base == limit."""
    return AddressRange(start, start)


EMPTY: Sequence[tuple[int, int, list[tuple[int, int, MemoryType]] | None]] = [
    (2800, 0x10000000, None),  # in RAM, at or below the boundary
    (2800, 0x80000000, None),
    (2800, 0, [(0x100000, 0xAE800000, RAM), (0, 0, RESERVED)]),
    (2800, 0xAE800000, [(0x100000, 0xAE800000, RAM), (0xAE800000, 0xAE800000, RESERVED)]),
    (
        2800,
        0x90000000,  # above the boundary RAM moves for it
        [
            (0x100000, 0x90000000, RAM),
            (0x90000000, 0x90000000, RESERVED),
            (0x100000000, 0x11E800000, RAM),
        ],
    ),
    (4096, 0x100001000, None),  # in high RAM
    (
        4096,
        0x100000000,
        [
            (0x100000, 0xF0000000, RAM),
            (0x100000000, 0x100000000, RESERVED),
            (0x100000000, 0x10F800000, RAM),
        ],
    ),
    (1024, 0x100000000, [(0x100000, 0x3F800000, RAM), (0x100000000, 0x100000000, RESERVED)]),
]


@pytest.mark.parametrize("release", [*OLD, *NEW])
@pytest.mark.parametrize(("memory", "start", "entries"), EMPTY)
def test_a_region_without_pages_conflicts_where_it_is_strictly_inside_ram(
    release: str, memory: int, start: int, entries: list[tuple[int, int, MemoryType]] | None
) -> None:
    assert _entries(_built(release, _empty(start), memory=memory * MIB)) == entries


@pytest.mark.parametrize("release", [*OLD, *NEW])
def test_a_relaxed_region_without_pages_is_hidden(release: str) -> None:
    layout = _built(release, _empty(0x10000000), RELAXED)

    assert _entries(layout) == [(0x100000, 0xAE800000, RAM)]
    assert "no pages" in layout.placed[0].reason


@pytest.mark.parametrize("release", [*OLD, *NEW])
@pytest.mark.parametrize(
    ("kib", "after", "entries"),
    [
        (8704, RamLayout(0x80000, 0), [(0x100000, _WRAP + 0x80000, RAM)]),
        (8192, RamLayout(0, 0), [(0x100000, _WRAP, RAM)]),
        (
            4096,  # less than the video memory: the size of all RAM wraps around
            RamLayout(0xF0000000, 0xFC00000),
            [(0x100000, 0xF0000000, RAM), (0x100000000, _WRAP + 0xFC00000, RAM)],
        ),
    ],
)
def test_sizes_below_zero_wrap_around(
    release: str, kib: int, after: RamLayout, entries: list[tuple[int, int, MemoryType]]
) -> None:
    layout = _built(release, None, memory=kib * 1024)

    assert layout.after == after
    assert _entries(layout) == entries


@pytest.mark.parametrize(
    ("mib", "start"),
    [
        *[(0, 0xF0000000), (255, 0xF0000000), (256, 0xF0000000), (257, 0xEFF00000)],
        *[(3840, 0x10000000), (4095, 0x100000), (4096, 0), (4097, 0xF0000000)],
    ],
)
def test_a_hole_that_is_not_within_256_mib_to_4_gib_counts_as_256_mib(mib: int, start: int) -> None:
    assert starting_layout(6000 * MIB, mmio_hole=mib * MIB).lowmem_end == start
