"""What Xen makes of a table: the walk, scopes, what is listed, release by release."""

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.memory_map import MemoryMap, MemoryType
from dmaragent.host.topology import PciTopology
from dmaragent.releases import Release
from dmaragent.xen.hypervisor import words
from dmaragent.xen.hypervisor.acceptance import predict
from dmaragent.xen.hypervisor.behaviour import STEPS, behaviour_of
from dmaragent.xen.hypervisor.points import matters_to_fates, treatment
from dmaragent.xen.hypervisor.prediction import Acceptance
from fwtables import DMAR, decode_as
from support.damaged import CASES
from support.releases import Numbers
from support.tables import (
    ENDPOINT,
    andd,
    atsr,
    drhd,
    patched,
    rhsa,
    rmrr,
    satc,
    scope,
    sidp,
    structure,
    table,
)
from support.wording import Worded
from support.xen_tables import (
    FIRST,
    GONE,
    OTHER_USB,
    RESERVED,
    SHORT_SCOPE,
    UNIT,
    UNKNOWN,
    USB,
    fates_of,
    memory_of,
    only_fate,
    only_option,
    predicted,
    ranges_of,
    topology_of,
)

RAM = memory_of((0, 1 << 32, MemoryType.RAM))

# 4.1: the walk


def test_a_host_address_width_of_0_switches_vtd_off_before_anything_is_read(worded: Worded) -> None:
    prediction = predicted(rmrr(0x1000, 0x1FFF, ENDPOINT), changes=((36, b"\0"),))

    worded(prediction.iommu_disabled, "EINVAL")
    assert fates_of(prediction) == [Acceptance.NOT_REACHED]


def test_the_first_error_empties_the_list_and_ends_the_walk(worded: Worded) -> None:
    prediction = predicted(
        rmrr(0x1000, 0x1FFF, ENDPOINT),
        rmrr(0x1000, 0x1FFF, ENDPOINT),
        rmrr(0x5000, 0x5FFF, ENDPOINT),
    )

    assert fates_of(prediction) == [
        Acceptance.DISCARDED,
        Acceptance.REFUSED,
        Acceptance.NOT_REACHED,
    ]
    offsets = [getattr(region.source, "offset", None) for region in prediction.fates]
    assert offsets == [FIRST, FIRST + 32, FIRST + 64]
    worded(prediction.iommu_disabled, "0x60", "0x1000-0x1fff", "EEXIST")
    assert (prediction.entries, prediction.by_device) == ((), {})
    assert prediction.fates[0].entry is not None


@pytest.mark.parametrize("address", [0, 0xFFFFFFFFFFFFFFFF])
def test_a_drhd_without_an_address_is_no_device(address: int, worded: Worded) -> None:
    prediction = predicted(drhd(address), rmrr(0x1000, 0x1FFF, ENDPOINT))

    worded(prediction.iommu_disabled, "0x40")
    assert "ENODEV" in prediction.iommu_disabled
    assert fates_of(prediction) == [Acceptance.NOT_REACHED]


def test_a_second_include_pci_all_in_segment_0_switches_vtd_off(worded: Worded) -> None:
    prediction = predicted(drhd(0xFED91000, flags=1))

    worded(prediction.iommu_disabled, "EINVAL")


def test_other_segments_may_repeat_include_pci_all_and_all_ports() -> None:
    again = [drhd(0xFED91000, flags=1, segment=1), drhd(0xFED92000, flags=1, segment=1)]

    assert not predicted(*again, *[atsr(flags=1, segment=1)] * 2, atsr(flags=1)).iommu_disabled


def test_a_second_all_ports_in_segment_0_switches_vtd_off() -> None:
    assert "with ALL_PORTS (EINVAL)" in predicted(atsr(flags=1), atsr(flags=1)).iommu_disabled


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 5])
def test_a_structure_shorter_than_its_minimum_switches_vtd_off(kind: int, worded: Worded) -> None:
    prediction = predicted(structure(kind, b"\0"), rmrr(0x1000, 0x1FFF, ENDPOINT))

    worded(prediction.iommu_disabled, "EINVAL")
    assert fates_of(prediction)[-1] is Acceptance.NOT_REACHED


def test_an_rmrr_too_short_to_be_read_has_a_fate() -> None:
    assert fates_of(predicted(structure(1, b"\0"))) == [Acceptance.REFUSED]


@pytest.mark.parametrize("kind", [4, 6, 99])
def test_structures_xen_does_not_handle_may_be_of_any_length(kind: int) -> None:
    assert not predicted(structure(kind, b"\0")).iommu_disabled


def test_sound_structures_of_every_kind_leave_vtd_on() -> None:
    every = [atsr(GONE), rhsa(0xFED90000, 1), andd(1, b"X\0"), satc(GONE), sidp(GONE)]

    assert not predicted(drhd(0xFED91000, GONE), *every).iommu_disabled


@pytest.mark.parametrize("short", [structure(5, b"\0"), satc(SHORT_SCOPE)])
def test_a_malformed_satc_matters_from_4_19_on(short: bytes) -> None:
    assert not predicted(short, release=(4, 18)).iommu_disabled
    assert predicted(short, release=(4, 19)).iommu_disabled


@pytest.mark.parametrize("case", ["structure length zero", "structure length below 4"])
def test_a_structure_length_below_4_switches_vtd_off(case: str, worded: Worded) -> None:
    decoded = decode_as(DMAR, CASES[case].data)
    assert decoded.table is not None
    prediction = predict(
        decoded.table, topology_of(), RESERVED, Release(4, 20), damage=decoded.damage
    )

    worded(prediction.iommu_disabled)
    assert "(EINVAL)" in prediction.iommu_disabled


def test_damage_after_the_first_error_is_not_reached() -> None:
    prediction = predicted(drhd(0), structure(1, b"", length=0))

    assert "ENODEV" in prediction.iommu_disabled
    assert predicted(drhd(0), b"\x01").notes == ()


@pytest.mark.parametrize(
    "case",
    [
        "structure past the end",
        "trailing bytes within the table",
        "truncated in a structure",
        "scope past its structure",
    ],
)
def test_bytes_xen_reads_past_an_end_are_said_not_to_be_predicted(
    case: str, worded: Worded
) -> None:
    decoded = decode_as(DMAR, CASES[case].data)
    assert decoded.table is not None
    prediction = predict(
        decoded.table, topology_of(), RESERVED, Release(4, 20), damage=decoded.damage
    )

    worded(prediction.notes)


def test_a_wrong_checksum_and_bytes_after_the_table_change_nothing() -> None:
    data = patched(table(UNIT, rmrr(0x1000, 0x1FFF, ENDPOINT)), [(9, b"\0")]) + b"\xff" * 7
    decoded = decode_as(DMAR, data)
    assert decoded.table is not None
    assert len(decoded.damage) == 2
    prediction = predict(
        decoded.table, topology_of(), RESERVED, Release(4, 20), damage=decoded.damage
    )

    assert (prediction.iommu_disabled, prediction.notes) == ("", ())
    assert fates_of(prediction) == [Acceptance.LISTED]


@pytest.mark.parametrize("end", [b"\x01", b"\x01\x0a\0\0\0\0\x1d\0"])
def test_a_scope_that_runs_past_its_rmrr_is_said_whatever_becomes_of_it(
    end: bytes, worded: Worded
) -> None:
    dropped = only_fate(predicted(rmrr(0x1000, 0x1FFF, end)))
    listed = only_fate(predicted(rmrr(0x1000, 0x1FFF, ENDPOINT, end)))

    assert (dropped.fate, listed.fate) == (Acceptance.DROPPED_NO_DEVICES, Acceptance.LISTED)
    worded(dropped.notes[0])
    assert dropped.notes == listed.notes


# 4.2: device scopes


@pytest.mark.parametrize("holder", [drhd(0xFED91000, SHORT_SCOPE), atsr(SHORT_SCOPE)])
def test_a_scope_entry_shorter_than_8_switches_vtd_off_wherever_it_is(
    holder: bytes, worded: Worded
) -> None:
    worded(predicted(holder).iommu_disabled, "EINVAL")


@pytest.mark.parametrize("end", [b"\x01\x08", b"\x01\x08\0\0\0\0"])
def test_a_scope_entry_of_8_that_is_cut_is_not_too_short(end: bytes) -> None:
    assert not predicted(drhd(0xFED91000, end)).iommu_disabled
    assert only_fate(predicted(rmrr(0x1000, 0x1FFF, ENDPOINT, end))).fate is Acceptance.LISTED


def test_the_scope_of_a_unit_for_all_other_devices_is_parsed_too() -> None:
    catch_all = drhd(0xFED91000, SHORT_SCOPE, flags=1, segment=1)  # the first of its segment

    assert "EINVAL" in predicted(catch_all).iommu_disabled
    assert not predicted(drhd(0xFED91000, flags=1, segment=1)).iommu_disabled


def test_the_scope_of_an_atsr_of_all_ports_is_not_parsed() -> None:
    assert not predicted(atsr(SHORT_SCOPE, flags=1)).iommu_disabled


def test_an_odd_scope_length_rounds_down() -> None:
    odd = bytes([1, 9, 0, 0, 0, 0, 0x1D, 0, 0xAA])

    assert only_fate(predicted(rmrr(0x1000, 0x1FFF, odd))).fate is Acceptance.LISTED


def test_a_path_is_walked_through_bridges() -> None:
    prediction = predicted(rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1E, 0), (1, 0), (2, 0))))

    assert list(prediction.by_device) == [SBDF.parse("04:02.0")]


def test_a_device_behind_a_missing_bridge_is_absent(worded: Worded) -> None:
    prediction = predicted(rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1C, 0), (0, 0))))

    assert only_fate(prediction).fate is Acceptance.IGNORED_ABSENT
    worded(only_fate(prediction).reason, "0000:00:1c.0")


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_endpoints_bridges_ioapics_and_hpets_count_as_devices(kind: int) -> None:
    prediction = predicted(rmrr(0x1000, 0x1FFF, scope(kind, 0, (0x1D, 0))))

    assert prediction.by_device == {USB: prediction.entries}


def test_a_bridge_scope_covers_the_bridge_alone_s21() -> None:
    topology = topology_of("0000:03:02.0")
    prediction = predicted(rmrr(0x1000, 0x1FFF, scope(2, 0, (0x1E, 0))), topology=topology)

    assert list(prediction.by_device) == [SBDF.parse("00:1e.0")]


def test_the_devices_of_one_region_are_matched_with_their_segment() -> None:
    topology = topology_of("0001:00:1d.0")
    prediction = predicted(rmrr(0x1000, 0x1FFF, ENDPOINT, segment=1), topology=topology)

    assert list(prediction.by_device) == [SBDF.parse("0001:00:1d.0")]


# 4.6: the hypercall


def test_the_list_is_in_reverse_table_order_s24() -> None:
    prediction = predicted(
        rmrr(0xAC6D3000, 0xAC6E6FFF, ENDPOINT),
        rmrr(0x1000, 0x1FFF, GONE),
        rmrr(0xAD800000, 0xAFFFFFFF, scope(1, 0, (0x1A, 0)), ENDPOINT),
    )

    assert ranges_of(prediction) == [(0xAD800, 10240), (0xAC6D3, 20)]
    assert prediction.by_device[USB] == prediction.entries
    assert prediction.by_device[OTHER_USB] == prediction.entries[:1]
    assert [each.entry for each in prediction.fates] == [
        prediction.entries[1],
        None,
        prediction.entries[0],
    ]
    assert prediction.entries[1].range == AddressRange(0xAC6D3000, 0xAC6E7000)


def test_a_page_aligned_limit_loses_its_page_s20(worded: Worded) -> None:
    prediction = predicted(rmrr(0xAC6D3000, 0xAC6E6000, ENDPOINT))

    assert ranges_of(prediction) == [(0xAC6D3, 19)]
    worded(only_fate(prediction).notes, "0xac6e6000")


@pytest.mark.parametrize(
    ("base", "limit", "pages"),
    [(0x1800, 0x1900, 1), (0x1FFF, 0x2001, 2), (0x1000, 0x1001, 1), (0x1800, 0x2000, 1)],
)
def test_the_pages_are_those_of_the_raw_limit_rounded_up(base: int, limit: int, pages: int) -> None:
    assert ranges_of(predicted(rmrr(base, limit, ENDPOINT))) == [(1, pages)]


def test_a_region_of_no_pages_is_not_reported_but_registered() -> None:
    empty = rmrr(0x1000, 0x1000, ENDPOINT)
    alone, again = predicted(empty), predicted(empty, rmrr(0x1000, 0x1FFF, ENDPOINT))

    assert (only_fate(alone).fate, alone.entries) == (Acceptance.EMPTY_AFTER_ROUNDING, ())
    assert alone.by_device == {}
    assert fates_of(again) == [Acceptance.EMPTY_AFTER_ROUNDING, Acceptance.REFUSED]


def test_an_rmrr_whose_first_device_is_zero_is_never_reported_but_registered() -> None:
    zero = rmrr(0x1000, 0x1FFF, scope(5, 0, (1, 0)), scope(1, 0, (0, 0)), ENDPOINT)
    alone, again = predicted(zero), predicted(zero, rmrr(0x1000, 0x1FFF, ENDPOINT))

    assert (only_fate(alone).fate, alone.entries, alone.by_device) == (Acceptance.STOPPED, (), {})
    assert only_fate(alone).entry is None
    assert fates_of(again) == [Acceptance.STOPPED, Acceptance.REFUSED]


def test_devices_after_a_zero_are_not_seen(worded: Worded) -> None:
    scopes = (scope(1, 0, (0x1A, 0)), scope(1, 0, (0, 0)), ENDPOINT)
    prediction = predicted(rmrr(0x1000, 0x1FFF, *scopes))

    assert prediction.by_device == {OTHER_USB: prediction.entries}
    worded(only_fate(prediction).notes, "00:00.0")


def test_a_range_of_the_command_line_with_a_first_device_zero_is_never_reported() -> None:
    prediction = predicted(line="rmrr=10=00:00.0,00:1d.0")

    assert (prediction.entries, only_option(prediction).accepted) == ((), True)
    assert "00:00.0" in only_option(prediction).reason


def test_xen_looks_for_devices_only_if_it_has_its_segments_before_the_table() -> None:
    """4.17.7 lists such a region and 4.20.4 ignores it: seen in their dom0s."""
    absent = rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1F, 5)))

    assert only_fate(predicted(absent, release=(4, 17, 7))).fate is Acceptance.LISTED
    assert only_fate(predicted(absent, release=(4, 20, 4))).fate is Acceptance.IGNORED_ABSENT


def test_a_device_named_twice_has_the_region_once() -> None:
    prediction = predicted(rmrr(0x1000, 0x1FFF, ENDPOINT, ENDPOINT))

    assert prediction.by_device == {USB: prediction.entries}
    assert len(prediction.entries) == 1


# The releases


@pytest.mark.parametrize("memory", [None, RAM], ids=["no map", "RAM"])
@pytest.mark.parametrize("known", [False, True], ids=["no functions", "functions"])
@pytest.mark.parametrize(
    "structures",
    [
        (rmrr(0x1000, 0x1FFF, ENDPOINT), rmrr(0x5000, 0x5FFF, GONE)),
        (rmrr(0x1000, 0x1000, ENDPOINT),),
        (rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1C, 0), (0, 0)), segment=1),),
        (rmrr(0x1000, 0x1FFF, ENDPOINT), satc(SHORT_SCOPE)),
        (rmrr(0x1000, 0x1FFF, ENDPOINT), structure(5, b"")),
    ],
    ids=["absent", "empty", "segment 1", "SATC", "short SATC"],
)
def test_releases_that_are_treated_alike_decide_alike(
    structures: tuple[bytes, ...],
    known: bool,  # noqa: FBT001 - a case
    memory: MemoryMap | None,
) -> None:
    topology = topology_of() if known else PciTopology(UNKNOWN)
    decoded = decode_as(DMAR, table(UNIT, *structures)).table
    assert decoded is not None
    what = matters_to_fates(decoded, topology, memory)
    fates: dict[object, set[tuple[Acceptance, ...]]] = {}
    for step in STEPS:
        prediction = predict(decoded, topology, memory, step)
        same = fates.setdefault(treatment(behaviour_of(step), what), set())
        same.add(tuple(fates_of(prediction)))

    assert [len(same) for same in fates.values()] == [1] * len(fates)


@pytest.mark.parametrize(
    ("release", "note"),
    [
        (None, words.release_unknown("Xen 4.22")),
        ((4, 5), words.release_not_modelled(Release(4, 5), (4, 6))),
        ((5, 0), words.release_not_modelled(Release(5, 0), (4, 22))),
    ],
)
def test_a_release_that_is_not_modelled_is_said(release: Numbers, note: str) -> None:
    assert predicted(release=release).notes == (note,)


def test_without_a_unit_vtd_is_off_and_nothing_is_listed(worded: Worded) -> None:
    region = rmrr(0x7DFFD000, 0x7DFFFFFF, ENDPOINT)

    without, short, cut = (
        predict(decoded.table, topology_of(), None, Release(4, 17), damage=decoded.damage)
        for decoded in (
            decode_as(DMAR, table(region)),
            decode_as(DMAR, table(region, structure(0, bytes(4)))),
            decode_as(DMAR, table(region, b"\0\0\x10")),
        )
        if decoded.table is not None
    )

    worded(without.iommu_disabled, "ENODEV")
    assert without.entries == ()
    assert "too short" in short.iommu_disabled
    assert cut.iommu_disabled == ""  # what follows may be a unit


@pytest.mark.parametrize(
    "data",
    [
        table(rmrr(0x7DFFD000, 0x7DFFFFFF, ENDPOINT)) + bytes(4),
        table(rmrr(0x7DFFD000, 0x7DFFFFFF, ENDPOINT[:6])),
    ],
    ids=["bytes after the table", "a scope that ends after its structure"],
)
def test_damage_that_ends_before_the_next_structure_hides_no_unit(data: bytes) -> None:
    decoded = decode_as(DMAR, data)
    assert decoded.damage
    assert decoded.table is not None

    prediction = predict(decoded.table, topology_of(), None, Release(4, 17), damage=decoded.damage)
    assert "ENODEV" in prediction.iommu_disabled
