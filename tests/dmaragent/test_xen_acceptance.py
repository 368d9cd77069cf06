"""Which RMRRs Xen accepts: each row of its acceptance, stated on bytes."""

import pytest

from dmaragent.addresses import SBDF
from dmaragent.host.memory_map import MemoryMap, MemoryType
from dmaragent.host.topology import PciTopology
from dmaragent.xen.hypervisor.prediction import Acceptance
from support.releases import Numbers
from support.tables import (
    ENDPOINT,
    rmrr,
    scope,
)
from support.wording import Worded
from support.xen_tables import (
    GONE,
    SHORT_SCOPE,
    UNKNOWN,
    USB,
    fates_of,
    memory_of,
    only_fate,
    predicted,
    topology_of,
)

# 4.3: acceptance, row by row


def test_row_2_an_overlap_of_one_byte_switches_vtd_off_in_any_segment() -> None:
    topology = topology_of("0001:00:1d.0")
    first = rmrr(0x1000, 0x1FFF, ENDPOINT)

    touching = predicted(first, rmrr(0x2000, 0x2FFF, ENDPOINT, segment=1), topology=topology)
    overlapping = predicted(first, rmrr(0x1FFF, 0x2FFF, ENDPOINT, segment=1), topology=topology)

    assert fates_of(touching) == [Acceptance.LISTED, Acceptance.LISTED]
    assert fates_of(overlapping) == [Acceptance.DISCARDED, Acceptance.REFUSED]


def test_row_2_an_rmrr_that_was_not_registered_overlaps_nothing() -> None:
    again = rmrr(0x1000, 0x1FFF, ENDPOINT)
    prediction = predicted(rmrr(0x1000, 0x1FFF, GONE), rmrr(0x1000, 0x1FFF), again)

    assert fates_of(prediction) == [
        Acceptance.IGNORED_ABSENT,
        Acceptance.DROPPED_NO_DEVICES,
        Acceptance.LISTED,
    ]


RAM = memory_of((0x1000, 0x3000, MemoryType.RESERVED), (0x3000, 0x9000, MemoryType.RAM))


def test_row_3_ram_switches_vtd_off_from_4_19_on(worded: Worded) -> None:
    fate = only_fate(predicted(rmrr(0x2000, 0x3FFF, ENDPOINT), memory=RAM, release=(4, 19)))

    assert fate.fate is Acceptance.REFUSED
    worded(fate.reason, "0x3000")


def test_row_3_ram_is_only_warned_of_before_4_19(worded: Worded) -> None:
    fate = only_fate(predicted(rmrr(0x2000, 0x3FFF, ENDPOINT), memory=RAM, release=(4, 18)))

    assert fate.fate is Acceptance.LISTED
    worded(fate.notes, "4.19")


@pytest.mark.parametrize("release", [(4, 18), (4, 19)])
def test_row_3_reserved_memory_is_taken_without_a_note(release: Numbers) -> None:
    fate = only_fate(predicted(rmrr(0x1000, 0x2FFF, ENDPOINT), memory=RAM, release=release))

    assert (fate.fate, fate.notes) == (Acceptance.LISTED, ())


@pytest.mark.parametrize("kind", [MemoryType.ACPI, MemoryType.NVS, MemoryType.UNUSABLE])
def test_row_3_acpi_and_unusable_memory_and_holes_are_taken_with_a_warning(
    kind: MemoryType, worded: Worded
) -> None:
    memory = memory_of((0x1000, 0x2000, kind), (0x4000, 0x5000, MemoryType.RAM))
    fate = only_fate(predicted(rmrr(0x1000, 0x3FFF, ENDPOINT), memory=memory))

    assert fate.fate is Acceptance.LISTED
    worded(fate.notes[0])


def test_row_3_a_page_partly_reserved_counts_as_reserved_and_one_partly_ram_as_ram() -> None:
    memory = memory_of((0x1000, 0x1400, MemoryType.RAM), (0x1400, 0x1800, MemoryType.RESERVED))
    alone = memory_of((0x1000, 0x1400, MemoryType.RAM))

    assert (
        only_fate(predicted(rmrr(0x1800, 0x1FFF, ENDPOINT), memory=memory)).fate
        is Acceptance.LISTED
    )
    assert (
        only_fate(predicted(rmrr(0x1800, 0x1FFF, ENDPOINT), memory=alone)).fate
        is Acceptance.REFUSED
    )


def test_row_3_memory_of_a_kind_xen_does_not_know_leaves_no_room_for_a_reserved_range() -> None:
    memory = memory_of((0x1000, 0x2000, MemoryType.PERSISTENT))
    fate = only_fate(predicted(rmrr(0x1000, 0x1FFF, ENDPOINT), memory=memory))

    assert (fate.fate, "Persistent Memory" in fate.reason) == (Acceptance.REFUSED, True)


def test_row_3_a_map_that_is_not_known_is_said(worded: Worded) -> None:
    fate = only_fate(predicted(rmrr(0x1000, 0x1FFF, ENDPOINT), memory=None))

    assert fate.fate is Acceptance.LISTED
    worded(fate.notes)


HOLE = memory_of((0, 0x1000, MemoryType.RAM), (0x8000, 0x9000, MemoryType.RESERVED))
"""A map with a hole from 0x1000 to 0x7fff, and reserved memory behind it."""


@pytest.mark.parametrize(
    ("base", "release", "doubt"),
    [
        (0x2000, (4, 19), True),
        (0x7000, (4, 19), True),
        (0x8000, (4, 19), False),
        (0x2000, (4, 18), False),
    ],
)
def test_row_3_a_hole_of_a_dom0_may_be_ram_of_others(
    base: int, release: Numbers, *, doubt: bool
) -> None:
    region = rmrr(base, 0x8FFF, ENDPOINT)
    own = predicted(region, memory=HOLE, release=release)
    dom0 = predicted(region, memory=HOLE._replace(foreign_ram="dom0"), release=release)

    assert (own.doubt, dom0.doubt.startswith("dom0")) == ("", doubt)


def test_row_3_a_region_that_begins_in_the_last_entry_may_end_in_ram() -> None:
    beyond = predicted(rmrr(0x8000, 0x9FFF, ENDPOINT), memory=HOLE)
    inside = predicted(rmrr(0x8000, 0x8FFF, ENDPOINT), memory=HOLE._replace(incomplete="cut"))

    assert (bool(beyond.doubt), inside.doubt) == (True, "")


@pytest.mark.parametrize("memory", [HOLE, memory_of()])
def test_row_3_before_4_19_a_region_of_which_the_memory_is_unknown_draws_no_certain_warning(
    memory: MemoryMap,
) -> None:
    region = rmrr(0x2000, 0x2FFF, ENDPOINT)
    cut = only_fate(
        predicted(region, memory=memory._replace(incomplete="cut"), release=(4, 17))
    ).notes
    unknown = only_fate(predicted(region, memory=None, release=(4, 17))).notes
    known = only_fate(predicted(region, memory=HOLE, release=(4, 17))).notes

    assert cut == unknown != known


def test_row_3_a_region_of_all_addresses_is_judged_without_a_walk_over_its_pages() -> None:
    fate = only_fate(predicted(rmrr(0, (1 << 64) - 1, ENDPOINT), memory=RAM))

    assert fate.fate is Acceptance.REFUSED


def test_row_4_a_malformed_scope_switches_vtd_off_also_after_a_sound_entry(worded: Worded) -> None:
    fate = only_fate(predicted(rmrr(0x1000, 0x1FFF, ENDPOINT, SHORT_SCOPE)))

    assert fate.fate is Acceptance.REFUSED
    worded(fate.reason, "EINVAL")


def test_rows_2_to_4_are_checked_in_this_order() -> None:
    first = rmrr(0x3000, 0x3FFF, ENDPOINT)
    reserved = memory_of((0x1000, 0x9000, MemoryType.RAM), (0x3000, 0x4000, MemoryType.RESERVED))
    overlap_and_ram = predicted(first, rmrr(0x3000, 0x5FFF, ENDPOINT), memory=reserved)
    ram_and_scope = predicted(rmrr(0x5000, 0x5FFF, SHORT_SCOPE), memory=RAM)
    ram_and_absent = predicted(rmrr(0x5000, 0x5FFF, GONE), memory=RAM)

    assert "EEXIST" in overlap_and_ram.iommu_disabled
    assert "EIO" in ram_and_scope.iommu_disabled
    assert "EIO" in ram_and_absent.iommu_disabled


@pytest.mark.parametrize("scopes", [(), (scope(5, 0, (0x1D, 0)),), (scope(9, 0, (0x1D, 0)),)])
def test_row_5_a_scope_without_a_countable_device_drops_the_rmrr_alone_s22(
    scopes: tuple[bytes, ...],
) -> None:
    prediction = predicted(rmrr(0x1000, 0x1FFF, *scopes), rmrr(0x5000, 0x5FFF, ENDPOINT))

    assert fates_of(prediction) == [Acceptance.DROPPED_NO_DEVICES, Acceptance.LISTED]
    assert not prediction.iommu_disabled


def test_row_5_comes_before_base_above_limit() -> None:
    assert only_fate(predicted(rmrr(0x2000, 0x1FFF))).fate is Acceptance.DROPPED_NO_DEVICES


def test_row_6_a_scope_of_absent_devices_drops_the_rmrr_alone_s22(worded: Worded) -> None:
    prediction = predicted(rmrr(0x1000, 0x1FFF, GONE), rmrr(0x5000, 0x5FFF, ENDPOINT))

    assert fates_of(prediction) == [Acceptance.IGNORED_ABSENT, Acceptance.LISTED]
    worded(prediction.fates[0].reason, "0000:00:1f.5")


def test_row_6_one_device_that_answers_is_enough_and_the_absent_still_counts_s23(
    worded: Worded,
) -> None:
    prediction = predicted(rmrr(0x1000, 0x1FFF, GONE, ENDPOINT))

    assert only_fate(prediction).fate is Acceptance.LISTED
    worded(only_fate(prediction).notes[0])
    assert set(prediction.by_device) == {USB, SBDF.parse("00:1f.5")}


def test_row_6_is_skipped_in_a_segment_that_is_not_known(worded: Worded) -> None:
    fate = only_fate(predicted(rmrr(0x1000, 0x1FFF, GONE, segment=2)))

    assert fate.fate is Acceptance.LISTED
    worded(fate.notes[0], "0x2")


def test_row_6_takes_every_device_to_answer_where_the_functions_are_not_known(
    worded: Worded,
) -> None:
    behind = scope(1, 0, (0x1C, 0), (0, 0))
    prediction = predicted(rmrr(0x1000, 0x1FFF, GONE, behind), topology=PciTopology(UNKNOWN))

    assert only_fate(prediction).fate is Acceptance.LISTED
    assert list(prediction.by_device) == [SBDF.parse("00:1f.5")]
    worded(prediction.notes[0])
    worded(only_fate(prediction).notes)


def test_row_7_base_above_limit_switches_vtd_off_only_if_a_device_answers(worded: Worded) -> None:
    absent = predicted(rmrr(0x2000, 0x0FFF, GONE))
    present = predicted(rmrr(0x2000, 0x0FFF, ENDPOINT))

    assert only_fate(absent).fate is Acceptance.IGNORED_ABSENT
    assert only_fate(present).fate is Acceptance.REFUSED
    worded(present.iommu_disabled, "EFAULT")


@pytest.mark.parametrize(
    ("base", "limit"),
    [(0x1234, 0x1567), (0xE0000, 0xEFFFF), (0x1_0000_0000, 0x1_0000_FFFF), (0x1001, 0x1001)],
)
def test_row_8_alignment_size_and_place_are_not_checked(base: int, limit: int) -> None:
    assert only_fate(predicted(rmrr(base, limit, ENDPOINT))).fate is Acceptance.LISTED
