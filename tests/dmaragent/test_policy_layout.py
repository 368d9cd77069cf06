"""A guest's layout: the worked table of numbers, the surprises by name, and properties."""

from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.addresses import FOUR_GIB, MIB, SBDF, AddressRange
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.host.memory_map import MemoryType
from dmaragent.policy.layout import (
    DeviceRequest,
    GuestLayout,
    Placement,
    RamLayout,
    Reservation,
    lay_out,
    memory_map,
    reservations,
    starting_layout,
)
from dmaragent.xen.toolstack.libxl import LIBXL_ERAS, LibxlBehaviour
from support.wording import Worded

OLD, NEW = LIBXL_ERAS
A = AddressRange.from_inclusive(0xAC6D3000, 0xAC6E6FFF)
B = AddressRange.from_inclusive(0xAD800000, 0xAFFFFFFF)
DEVICE_A, DEVICE_B = SBDF(0, 0, 0x14, 0), SBDF(0, 0, 2, 0)
STRICT, RELAXED = Policy.STRICT, Policy.RELAXED
BOTH = pytest.mark.parametrize("policy", [STRICT, RELAXED])


def _reserve(policy: Policy, *regions: AddressRange) -> tuple[Reservation, ...]:
    """Reserve `regions` as strategy=host does."""
    found = reservations(Strategy.HOST, regions, policy, (), NEW)
    assert found is not None
    return found


def _host(  # noqa: PLR0913 - the columns of the table
    policy: Policy,
    *,
    memory: int = 2800,
    boundary: int = 2048,
    hap: bool = True,
    video: int = 8,
    regions: Sequence[AddressRange] = (B, A),
) -> GuestLayout:
    """Resolve a guest under strategy=host; memory, boundary and video in MiB."""
    before = starting_layout(memory * MIB, video * MIB)
    return lay_out(before, _reserve(policy, *regions), NEW, boundary=boundary * MIB, hap=hap)


def _map(layout: GuestLayout) -> list[tuple[int, int, MemoryType]]:
    return [(e.range.start, e.range.end, e.type) for e in memory_map(layout)]


def _device(sbdf: SBDF, *regions: AddressRange, policy: Policy = STRICT) -> DeviceRequest:
    return DeviceRequest(sbdf, regions, policy)


def _outcomes(layout: GuestLayout) -> list[Placement]:
    return [one.placement for one in layout.placed]


def test_the_base_example_starts_with_2792_mib_below_the_hole() -> None:
    assert starting_layout(2800 * MIB) == RamLayout(0xAE800000, 0)
    assert starting_layout(4096 * MIB) == RamLayout(0xF0000000, 0x10F800000)
    assert starting_layout(4096 * MIB, mmio_hole=100 * MIB) == RamLayout(0xF0000000, 0x10F800000)
    assert starting_layout(4096 * MIB, mmio_hole=1024 * MIB) == RamLayout(0xC0000000, 0x13F800000)


@BOTH
def test_s4_ram_moves_above_the_boundary_whatever_the_policy(policy: Policy) -> None:
    layout = _host(policy)

    assert layout.after == RamLayout(0xAC600000, 0x102200000)
    assert layout.refused_by is None
    assert _outcomes(layout) == [Placement.MOVED, Placement.MOVED]
    assert _map(layout) == [
        (0x100000, 0xAC600000, MemoryType.RAM),
        (0xAD800000, 0xB0000000, MemoryType.RESERVED),
        (0xAC6D3000, 0xAC6E7000, MemoryType.RESERVED),
        (0x100000000, 0x102200000, MemoryType.RAM),
    ]


def test_without_hap_low_ram_ends_at_the_region() -> None:
    assert _host(STRICT, hap=False).after == RamLayout(0xAC6D3000, 0x10212D000)


@BOTH
def test_a_device_alone_reserves_its_own_region(policy: Policy) -> None:
    only_a = (_device(DEVICE_A, A, policy=policy),)
    found = reservations(Strategy.IGNORE, (B, A), RELAXED, only_a, NEW)
    layout = lay_out(starting_layout(2800 * MIB), found, NEW)

    assert layout.after == RamLayout(0xAC600000, 0x102200000)
    assert [one.reservation.region for one in layout.placed] == [A]
    assert layout.placed[0].reservation.decided_by == DEVICE_A


def test_the_other_device_alone_leaves_the_first_region_to_ram() -> None:
    only_b = (_device(DEVICE_B, B),)
    found = reservations(Strategy.IGNORE, (B, A), RELAXED, only_b, NEW)
    layout = lay_out(starting_layout(2800 * MIB), found, NEW)

    assert layout.after == RamLayout(0xAD800000, 0x101000000)
    assert layout.after.overlaps(A)


def test_strict_with_the_boundary_above_the_regions_is_refused_at_the_first_of_the_list() -> None:
    layout = _host(STRICT, boundary=2800)

    assert layout.after == RamLayout(0xAE800000, 0)
    assert layout.refused_by is not None
    assert layout.refused_by.reservation.region == B
    assert "(2800 MiB)" in layout.refused_by.reason


def test_relaxed_with_the_boundary_above_the_regions_hides_them() -> None:
    layout = _host(RELAXED, boundary=2800)

    assert _outcomes(layout) == [Placement.HIDDEN, Placement.HIDDEN]
    assert _map(layout) == [(0x100000, 0xAE800000, MemoryType.RAM)]


def test_relaxed_with_the_boundary_between_the_regions_moves_one_and_hides_one() -> None:
    layout = _host(RELAXED, boundary=2760)

    assert layout.after == RamLayout(0xAD800000, 0x101000000)
    assert _outcomes(layout) == [Placement.MOVED, Placement.HIDDEN]
    assert _map(layout) == [
        (0x100000, 0xAD800000, MemoryType.RAM),
        (0xAD800000, 0xB0000000, MemoryType.RESERVED),
        (0x100000000, 0x101000000, MemoryType.RAM),
    ]


def test_a_guest_with_ram_above_4_gib_gets_more_there() -> None:
    assert _host(STRICT, memory=4096).after == RamLayout(0xAC600000, 0x153200000)


def test_a_guest_that_ends_below_the_regions_still_has_them_reserved() -> None:
    layout = _host(STRICT, memory=2048)

    assert layout.after == RamLayout(0x7F800000, 0)
    assert _outcomes(layout) == [Placement.CLEAR, Placement.CLEAR]
    assert [kind for _, _, kind in _map(layout)] == [
        MemoryType.RAM,
        MemoryType.RESERVED,
        MemoryType.RESERVED,
    ]


@pytest.mark.parametrize(("video", "high"), [(16, 0x101A00000), (0, 0x102A00000)])
def test_video_memory_shifts_the_end_of_high_ram_alone(video: int, high: int) -> None:
    assert _host(STRICT, video=video).after == RamLayout(0xAC600000, high)


def test_s5_a_device_policy_overrides_the_guests_by_start_and_the_later_device_wins() -> None:
    devices = (_device(DEVICE_A, A, policy=RELAXED),)
    found = reservations(Strategy.HOST, (B, A), STRICT, devices, NEW)
    layout = lay_out(starting_layout(2800 * MIB), found, NEW, boundary=2800 * MIB)

    assert _outcomes(layout) == [Placement.CONFLICT, Placement.HIDDEN]
    assert [one.reservation.decided_by for one in layout.placed] == [None, DEVICE_A]

    both = (_device(DEVICE_A, A, policy=RELAXED), _device(DEVICE_B, A, policy=STRICT))
    found = reservations(Strategy.IGNORE, (), RELAXED, both, NEW)
    assert found == (Reservation(A, STRICT, DEVICE_B, from_host=False),)


def test_an_override_compares_the_start_and_not_the_size() -> None:
    smaller = AddressRange(A.start, A.start + 0x1000)
    found = reservations(Strategy.HOST, (A,), RELAXED, (_device(DEVICE_A, smaller),), NEW)

    assert found == (Reservation(A, STRICT, DEVICE_A, from_host=True),)


@pytest.mark.parametrize("devices", [(), (_device(DEVICE_B, A, policy=STRICT),)])
def test_a_region_that_the_list_repeats_is_placed_once(devices: tuple[DeviceRequest, ...]) -> None:
    """Equal objects and the same object have the same layout; the second takes less work."""
    same = (B, A) * 4096
    equal = [AddressRange(region.start, region.end) for region in same]

    layouts = []
    for regions in (same, equal):
        found = reservations(Strategy.HOST, regions, RELAXED, devices, NEW)
        layouts.append(lay_out(starting_layout(2800 * MIB), found, NEW, boundary=2800 * MIB))

    assert layouts[0] == layouts[1]
    assert len(layouts[0].placed) == 8192
    assert len({id(placed) for placed in layouts[0].placed}) == 2 + len(devices)


def test_s8_a_region_at_the_boundary_is_not_above_it() -> None:
    at = AddressRange(0x80000000, 0x80002000)
    above = AddressRange(0x80001000, 0x80002000)

    assert _host(STRICT, regions=[at]).refused_by is not None
    assert _host(STRICT, regions=[above]).after == RamLayout(0x80000000, 0x12E800000)


def test_s9_rounding_may_go_below_the_boundary() -> None:
    region = AddressRange(0x80101000, 0x80102000)
    assert _host(STRICT, boundary=2049, regions=[region]).after.lowmem_end == 0x80000000


def test_s10_a_region_below_1_mib_always_conflicts() -> None:
    region = AddressRange(0xE0000, 0xF0000)

    assert _outcomes(_host(STRICT, regions=[region])) == [Placement.CONFLICT]
    assert _outcomes(_host(RELAXED, regions=[region])) == [Placement.HIDDEN]


def test_s11_a_boundary_of_0_lets_low_ram_end_below_its_own_start() -> None:
    layout = _host(RELAXED, boundary=0, regions=[AddressRange(0xE0000, 0xF0000)])

    assert layout.after.lowmem_end == 0xE0000
    assert _map(layout)[0] == (0x100000, (1 << 64) + 0xE0000, MemoryType.RAM)


def test_s12_moved_ram_may_come_to_lie_in_a_high_region(worded: Worded) -> None:
    high = AddressRange(0x150000000, 0x150001000)

    assert _outcomes(_host(STRICT, memory=4096, regions=[high])) == [Placement.CLEAR]
    layout = _host(STRICT, memory=4096, regions=[high, A])
    assert layout.after.highmem_end == 0x153200000
    assert _outcomes(layout) == [Placement.CONFLICT, Placement.MOVED]
    worded(layout.placed[0].reason)


def test_s25_a_repeated_region_takes_the_override_once() -> None:
    found = reservations(
        Strategy.HOST, (A, A), RELAXED, (_device(DEVICE_A, A, A, policy=STRICT),), NEW
    )
    assert found is not None
    assert [entry.policy for entry in found] == [STRICT, RELAXED]


def test_an_empty_host_list_ends_the_search() -> None:
    devices = (_device(DEVICE_A, A),)

    assert reservations(Strategy.HOST, (), STRICT, devices, NEW) is None
    assert reservations(Strategy.IGNORE, (A,), STRICT, (), NEW) is None
    before = starting_layout(2800 * MIB)
    assert lay_out(before, None, OLD) == GuestLayout(before, before, ())


def test_libxl_before_4_14_reserves_the_first_region_alone_and_does_not_round() -> None:
    devices = (_device(DEVICE_A, A, B),)
    found = reservations(Strategy.IGNORE, (), STRICT, devices, OLD)
    assert found is not None

    assert [entry.region for entry in found] == [A]
    assert lay_out(starting_layout(2800 * MIB), found, OLD).after == RamLayout(
        0xAC6D3000, 0x10212D000
    )


@pytest.mark.parametrize(("regions", "fits"), [(126, True), (127, False)])
def test_a_memory_map_of_128_entries_is_refused(regions: int, fits: bool) -> None:  # noqa: FBT001
    many = [AddressRange(0xF0000000 + n * 0x1000, 0xF0001000 + n * 0x1000) for n in range(regions)]
    layout = _host(STRICT, regions=many)

    if fits:
        assert len(memory_map(layout)) == 127
    else:
        with pytest.raises(ValueError, match="128 entries"):
            memory_map(layout)


PAGES = st.integers(0, 0x180000)
REGIONS = st.lists(
    st.builds(
        lambda start, pages: AddressRange(start << 12, (start + pages) << 12),
        PAGES,
        st.integers(1, 0x4000),
    ),
    min_size=1,
    max_size=5,
)
GUESTS = st.tuples(
    st.integers(16, 6000), st.integers(0, 4096), st.booleans(), st.sampled_from(LIBXL_ERAS)
)


@given(regions=REGIONS, guest=GUESTS)
def test_ram_is_conserved_and_nothing_reserved_lies_in_it(
    regions: list[AddressRange], guest: tuple[int, int, bool, LibxlBehaviour]
) -> None:
    memory, boundary, hap, behaviour = guest
    before = starting_layout(memory * MIB)
    results = {
        policy: lay_out(
            before, _reserve(policy, *regions), behaviour, boundary=boundary * MIB, hap=hap
        )
        for policy in Policy
    }

    for layout in results.values():
        assert layout.after.size == before.size
        for one in layout.placed:
            reserved = one.placement in (Placement.CLEAR, Placement.MOVED)
            region = one.reservation.region
            # libxl up to 4.13 sees RAM at 4 GiB even if there is none.
            crosses = region.start < FOUR_GIB < region.end and not behaviour.leaves_unused_high
            free = not layout.after.overlaps(region) and not crosses
            assert reserved == (free and one.reservation.policy is not Policy.INVALID)
    assert results[RELAXED].refused_by is None
    assert results[RELAXED].after == results[STRICT].after


@given(regions=REGIONS, guest=GUESTS)
def test_where_ram_ends_does_not_depend_on_the_order(
    regions: list[AddressRange], guest: tuple[int, int, bool, LibxlBehaviour]
) -> None:
    memory, boundary, hap, behaviour = guest
    ends = {
        lay_out(
            starting_layout(memory * MIB),
            _reserve(STRICT, *order),
            behaviour,
            boundary=boundary * MIB,
            hap=hap,
        ).after
        for order in permutations(regions[:4])
    }
    assert len(ends) == 1
