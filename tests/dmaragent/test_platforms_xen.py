"""What Xen makes of a table: each rule of its acceptance, stated on bytes."""

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.platforms.xen import predict
from dmaragent.platforms.xen_model import Fate, RegionFate, XenPrediction, behaviour_of
from dmaragent.platforms.xen_options import (
    UserRange,
    iommu_switched_off,
    parse_rmrr_option,
)
from dmaragent.snapshot import Missing, MissingKind
from dmaragent.topology import PciFunction, PciTopology
from fwtables import decode
from support.damaged import CASES
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

USB = SBDF.parse("00:1d.0")
OTHER_USB = SBDF.parse("00:1a.0")
GONE = scope(1, 0, (0x1F, 5))
FIRST = 48 + 16
"""The offset of the structure after one DRHD without scope."""
UNIT = drhd(0xFED90000, flags=1)
SHORT_SCOPE = b"\x01\x07\0\0\0\0\x1d"
UNKNOWN = Missing(MissingKind.NOT_COLLECTED)
Release = tuple[int, int] | None


def _topology(*addresses: str, **bridges: int) -> PciTopology:
    """Make functions at `addresses`, those of the usual ones included."""
    buses = {"0000:00:1e.0": 3, "0000:03:01.0": 4} | bridges
    names = ["0000:00:00.0", "0000:00:1d.0", "0000:00:1a.0", "0000:04:02.0", *buses, *addresses]
    functions = {}
    for name in names:
        sbdf = SBDF.parse(name)
        functions[sbdf] = PciFunction(
            sbdf=sbdf,
            class_code=0x060400 if name in buses else 0x0C0320,
            vendor_id=0x8086,
            device_id=1,
            driver=None,
            secondary_bus=buses.get(name),
        )
    return PciTopology(functions)


def _map(*entries: tuple[int, int, MemoryType]) -> MemoryMap:
    return MemoryMap(
        tuple(
            MemoryEntry(AddressRange(start, end), kind, kind.value) for start, end, kind in entries
        )
    )


RESERVED = _map((0, 1 << 64, MemoryType.RESERVED))


def _predict(
    *structures: bytes,
    topology: PciTopology | None = None,
    memory: MemoryMap | None = RESERVED,
    release: Release = (4, 22),
    line: str = "",
    changes: tuple[tuple[int, bytes], ...] = (),
) -> XenPrediction:
    """Predict what Xen makes of a table of a DRHD and `structures`."""
    decoded = decode(patched(table(UNIT, *structures), changes))
    assert decoded.table is not None
    return predict(
        decoded.table, topology or _topology(), memory, release, line, damage=decoded.damage
    )


def _fates(prediction: XenPrediction) -> list[Fate]:
    return [each.fate for each in prediction.fates]


def _ranges(prediction: XenPrediction) -> list[tuple[int, int]]:
    return [(each.start_pfn, each.nr_pages) for each in prediction.entries]


def _only(prediction: XenPrediction) -> RegionFate:
    (fate,) = prediction.fates
    return fate


def _option(prediction: XenPrediction) -> UserRange:
    (option,) = prediction.options
    return option


# 4.1: the walk


def test_a_host_address_width_of_0_switches_vtd_off_before_anything_is_read() -> None:
    prediction = _predict(rmrr(0x1000, 0x1FFF, ENDPOINT), changes=((36, b"\0"),))

    assert prediction.vtd_disabled == "the table's host address width is 0 (EINVAL)"
    assert _fates(prediction) == [Fate.NOT_REACHED]


def test_the_first_error_empties_the_list_and_ends_the_walk() -> None:
    prediction = _predict(
        rmrr(0x1000, 0x1FFF, ENDPOINT),
        rmrr(0x1000, 0x1FFF, ENDPOINT),
        rmrr(0x5000, 0x5FFF, ENDPOINT),
    )

    assert _fates(prediction) == [Fate.DISCARDED, Fate.REFUSED, Fate.NOT_REACHED]
    assert [each.offset for each in prediction.fates] == [FIRST, FIRST + 32, FIRST + 64]
    assert prediction.vtd_disabled == (
        "the RMRR at offset 0x60: it overlaps the region 0x1000-0x1fff (EEXIST)"
    )
    assert (prediction.entries, prediction.by_device) == ((), {})
    assert prediction.fates[0].entry is not None


@pytest.mark.parametrize("address", [0, 0xFFFFFFFFFFFFFFFF])
def test_a_drhd_without_an_address_is_no_device(address: int) -> None:
    prediction = _predict(drhd(address), rmrr(0x1000, 0x1FFF, ENDPOINT))

    assert "the DRHD at offset 0x40" in prediction.vtd_disabled
    assert "ENODEV" in prediction.vtd_disabled
    assert _fates(prediction) == [Fate.NOT_REACHED]


def test_a_second_include_pci_all_in_segment_0_switches_vtd_off() -> None:
    prediction = _predict(drhd(0xFED91000, flags=1))

    assert prediction.vtd_disabled.endswith("second in segment 0 with INCLUDE_PCI_ALL (EINVAL)")


def test_other_segments_may_repeat_include_pci_all_and_all_ports() -> None:
    again = [drhd(0xFED91000, flags=1, segment=1), drhd(0xFED92000, flags=1, segment=1)]

    assert not _predict(*again, *[atsr(flags=1, segment=1)] * 2, atsr(flags=1)).vtd_disabled


def test_a_second_all_ports_in_segment_0_switches_vtd_off() -> None:
    assert "with ALL_PORTS (EINVAL)" in _predict(atsr(flags=1), atsr(flags=1)).vtd_disabled


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 5])
def test_a_structure_shorter_than_its_minimum_switches_vtd_off(kind: int) -> None:
    prediction = _predict(structure(kind, b"\0"), rmrr(0x1000, 0x1FFF, ENDPOINT))

    assert "it is too short for its type (EINVAL)" in prediction.vtd_disabled
    assert _fates(prediction)[-1] is Fate.NOT_REACHED


def test_an_rmrr_too_short_to_be_read_has_a_fate() -> None:
    assert _fates(_predict(structure(1, b"\0"))) == [Fate.REFUSED]


@pytest.mark.parametrize("kind", [4, 6, 99])
def test_structures_xen_does_not_handle_may_be_of_any_length(kind: int) -> None:
    assert not _predict(structure(kind, b"\0")).vtd_disabled


def test_sound_structures_of_every_kind_leave_vtd_on() -> None:
    every = [atsr(GONE), rhsa(0xFED90000, 1), andd(1, b"X\0"), satc(GONE), sidp(GONE)]

    assert not _predict(drhd(0xFED91000, GONE), *every).vtd_disabled


@pytest.mark.parametrize("short", [structure(5, b"\0"), satc(SHORT_SCOPE)])
def test_a_malformed_satc_matters_from_4_19_on(short: bytes) -> None:
    assert not _predict(short, release=(4, 18)).vtd_disabled
    assert _predict(short, release=(4, 19)).vtd_disabled


@pytest.mark.parametrize("case", ["structure length zero", "structure length below 4"])
def test_a_structure_length_below_4_switches_vtd_off(case: str) -> None:
    decoded = decode(CASES[case].data)
    assert decoded.table is not None
    prediction = predict(decoded.table, _topology(), RESERVED, (4, 20), damage=decoded.damage)

    assert "the structure's length is" in prediction.vtd_disabled
    assert "(EINVAL)" in prediction.vtd_disabled


def test_damage_after_the_first_error_is_not_reached() -> None:
    prediction = _predict(drhd(0), structure(1, b"", length=0))

    assert "ENODEV" in prediction.vtd_disabled
    assert _predict(drhd(0), b"\x01").notes == ()


@pytest.mark.parametrize(
    "case",
    [
        "structure past the end",
        "trailing bytes within the table",
        "truncated in a structure",
        "scope past its structure",
    ],
)
def test_bytes_xen_reads_past_an_end_are_said_not_to_be_predicted(case: str) -> None:
    decoded = decode(CASES[case].data)
    assert decoded.table is not None
    prediction = predict(decoded.table, _topology(), RESERVED, (4, 20), damage=decoded.damage)

    assert any("is not predicted" in note for note in prediction.notes)


def test_a_wrong_checksum_and_bytes_after_the_table_change_nothing() -> None:
    data = patched(table(UNIT, rmrr(0x1000, 0x1FFF, ENDPOINT)), [(9, b"\0")]) + b"\xff" * 7
    decoded = decode(data)
    assert decoded.table is not None
    assert len(decoded.damage) == 2
    prediction = predict(decoded.table, _topology(), RESERVED, (4, 20), damage=decoded.damage)

    assert (prediction.vtd_disabled, prediction.notes) == ("", ())
    assert _fates(prediction) == [Fate.LISTED]


@pytest.mark.parametrize("end", [b"\x01", b"\x01\x0a\0\0\0\0\x1d\0"])
def test_a_scope_that_runs_past_its_rmrr_is_said_whatever_becomes_of_it(end: bytes) -> None:
    dropped = _only(_predict(rmrr(0x1000, 0x1FFF, end)))
    listed = _only(_predict(rmrr(0x1000, 0x1FFF, ENDPOINT, end)))

    assert (dropped.fate, listed.fate) == (Fate.DROPPED_NO_DEVICES, Fate.LISTED)
    assert "its last scope entry runs past its end" in dropped.notes[0]
    assert dropped.notes == listed.notes


# 4.2: device scopes


@pytest.mark.parametrize("holder", [drhd(0xFED91000, SHORT_SCOPE), atsr(SHORT_SCOPE)])
def test_a_scope_entry_shorter_than_8_switches_vtd_off_wherever_it_is(holder: bytes) -> None:
    assert "scope has length 7 (EINVAL)" in _predict(holder).vtd_disabled


def test_the_scope_of_an_atsr_of_all_ports_is_not_parsed() -> None:
    assert not _predict(atsr(SHORT_SCOPE, flags=1)).vtd_disabled


def test_an_odd_scope_length_rounds_down() -> None:
    odd = bytes([1, 9, 0, 0, 0, 0, 0x1D, 0, 0xAA])

    assert _only(_predict(rmrr(0x1000, 0x1FFF, odd))).fate is Fate.LISTED


def test_a_path_is_walked_through_bridges() -> None:
    prediction = _predict(rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1E, 0), (1, 0), (2, 0))))

    assert list(prediction.by_device) == [SBDF.parse("04:02.0")]


def test_a_device_behind_a_missing_bridge_is_absent() -> None:
    prediction = _predict(rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1C, 0), (0, 0))))

    assert _only(prediction).fate is Fate.IGNORED_ABSENT
    assert "no bridge answers at 0000:00:1c.0" in _only(prediction).reason


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_endpoints_bridges_ioapics_and_hpets_count_as_devices(kind: int) -> None:
    prediction = _predict(rmrr(0x1000, 0x1FFF, scope(kind, 0, (0x1D, 0))))

    assert prediction.by_device == {USB: prediction.entries}


def test_a_bridge_scope_covers_the_bridge_alone_s21() -> None:
    topology = _topology("0000:03:02.0")
    prediction = _predict(rmrr(0x1000, 0x1FFF, scope(2, 0, (0x1E, 0))), topology=topology)

    assert list(prediction.by_device) == [SBDF.parse("00:1e.0")]


def test_the_devices_of_one_region_are_matched_with_their_segment() -> None:
    topology = _topology("0001:00:1d.0")
    prediction = _predict(rmrr(0x1000, 0x1FFF, ENDPOINT, segment=1), topology=topology)

    assert list(prediction.by_device) == [SBDF.parse("0001:00:1d.0")]


# 4.3: acceptance, row by row


def test_row_2_an_overlap_of_one_byte_switches_vtd_off_in_any_segment() -> None:
    topology = _topology("0001:00:1d.0")
    first = rmrr(0x1000, 0x1FFF, ENDPOINT)

    touching = _predict(first, rmrr(0x2000, 0x2FFF, ENDPOINT, segment=1), topology=topology)
    overlapping = _predict(first, rmrr(0x1FFF, 0x2FFF, ENDPOINT, segment=1), topology=topology)

    assert _fates(touching) == [Fate.LISTED, Fate.LISTED]
    assert _fates(overlapping) == [Fate.DISCARDED, Fate.REFUSED]


def test_row_2_an_rmrr_that_was_not_registered_overlaps_nothing() -> None:
    again = rmrr(0x1000, 0x1FFF, ENDPOINT)
    prediction = _predict(rmrr(0x1000, 0x1FFF, GONE), rmrr(0x1000, 0x1FFF), again)

    assert _fates(prediction) == [Fate.IGNORED_ABSENT, Fate.DROPPED_NO_DEVICES, Fate.LISTED]


RAM = _map((0x1000, 0x3000, MemoryType.RESERVED), (0x3000, 0x9000, MemoryType.RAM))


def test_row_3_ram_switches_vtd_off_from_4_19_on() -> None:
    fate = _only(_predict(rmrr(0x2000, 0x3FFF, ENDPOINT), memory=RAM, release=(4, 19)))

    assert fate.fate is Fate.REFUSED
    assert fate.reason == (
        "its pages from 0x3000 are System RAM in the memory map, "
        "which cannot be made reserved (EIO)"
    )


def test_row_3_ram_is_only_warned_of_before_4_19() -> None:
    fate = _only(_predict(rmrr(0x2000, 0x3FFF, ENDPOINT), memory=RAM, release=(4, 18)))

    assert fate.fate is Fate.LISTED
    assert fate.notes == ("not in reserved memory: Xen only warns (before 4.19)",)


@pytest.mark.parametrize("release", [(4, 18), (4, 19)])
def test_row_3_reserved_memory_is_taken_without_a_note(release: Release) -> None:
    fate = _only(_predict(rmrr(0x1000, 0x2FFF, ENDPOINT), memory=RAM, release=release))

    assert (fate.fate, fate.notes) == (Fate.LISTED, ())


@pytest.mark.parametrize("kind", [MemoryType.ACPI, MemoryType.NVS, MemoryType.UNUSABLE])
def test_row_3_acpi_and_unusable_memory_and_holes_are_taken_with_a_warning(
    kind: MemoryType,
) -> None:
    memory = _map((0x1000, 0x2000, kind), (0x4000, 0x5000, MemoryType.RAM))
    fate = _only(_predict(rmrr(0x1000, 0x3FFF, ENDPOINT), memory=memory))

    assert fate.fate is Fate.LISTED
    assert "not all reserved memory" in fate.notes[0]


def test_row_3_a_page_partly_reserved_counts_as_reserved_and_one_partly_ram_as_ram() -> None:
    memory = _map((0x1000, 0x1400, MemoryType.RAM), (0x1400, 0x1800, MemoryType.RESERVED))
    alone = _map((0x1000, 0x1400, MemoryType.RAM))

    assert _only(_predict(rmrr(0x1800, 0x1FFF, ENDPOINT), memory=memory)).fate is Fate.LISTED
    assert _only(_predict(rmrr(0x1800, 0x1FFF, ENDPOINT), memory=alone)).fate is Fate.REFUSED


def test_row_3_memory_of_a_kind_xen_does_not_know_leaves_no_room_for_a_reserved_range() -> None:
    memory = _map((0x1000, 0x2000, MemoryType.PERSISTENT))
    fate = _only(_predict(rmrr(0x1000, 0x1FFF, ENDPOINT), memory=memory))

    assert (fate.fate, "Persistent Memory" in fate.reason) == (Fate.REFUSED, True)


def test_row_3_a_map_that_is_not_known_is_said() -> None:
    fate = _only(_predict(rmrr(0x1000, 0x1FFF, ENDPOINT), memory=None))

    assert fate.fate is Fate.LISTED
    assert fate.notes == ("map unknown: whether it is reserved memory was not checked",)


def test_row_3_a_region_of_all_addresses_is_judged_without_a_walk_over_its_pages() -> None:
    fate = _only(_predict(rmrr(0, (1 << 64) - 1, ENDPOINT), memory=RAM))

    assert fate.fate is Fate.REFUSED


def test_row_4_a_malformed_scope_switches_vtd_off_also_after_a_sound_entry() -> None:
    fate = _only(_predict(rmrr(0x1000, 0x1FFF, ENDPOINT, SHORT_SCOPE)))

    assert fate.fate is Fate.REFUSED
    assert fate.reason == "an entry of its scope has length 7 (EINVAL)"


def test_rows_2_to_4_are_checked_in_this_order() -> None:
    first = rmrr(0x3000, 0x3FFF, ENDPOINT)
    reserved = _map((0x1000, 0x9000, MemoryType.RAM), (0x3000, 0x4000, MemoryType.RESERVED))
    overlap_and_ram = _predict(first, rmrr(0x3000, 0x5FFF, ENDPOINT), memory=reserved)
    ram_and_scope = _predict(rmrr(0x5000, 0x5FFF, SHORT_SCOPE), memory=RAM)
    ram_and_absent = _predict(rmrr(0x5000, 0x5FFF, GONE), memory=RAM)

    assert "EEXIST" in overlap_and_ram.vtd_disabled
    assert "EIO" in ram_and_scope.vtd_disabled
    assert "EIO" in ram_and_absent.vtd_disabled


@pytest.mark.parametrize("scopes", [(), (scope(5, 0, (0x1D, 0)),), (scope(9, 0, (0x1D, 0)),)])
def test_row_5_a_scope_without_a_countable_device_drops_the_rmrr_alone_s22(
    scopes: tuple[bytes, ...],
) -> None:
    prediction = _predict(rmrr(0x1000, 0x1FFF, *scopes), rmrr(0x5000, 0x5FFF, ENDPOINT))

    assert _fates(prediction) == [Fate.DROPPED_NO_DEVICES, Fate.LISTED]
    assert not prediction.vtd_disabled


def test_row_5_comes_before_base_above_limit() -> None:
    assert _only(_predict(rmrr(0x2000, 0x1FFF))).fate is Fate.DROPPED_NO_DEVICES


def test_row_6_a_scope_of_absent_devices_drops_the_rmrr_alone_s22() -> None:
    prediction = _predict(rmrr(0x1000, 0x1FFF, GONE), rmrr(0x5000, 0x5FFF, ENDPOINT))

    assert _fates(prediction) == [Fate.IGNORED_ABSENT, Fate.LISTED]
    assert prediction.fates[0].reason == (
        "no device of its scope answers: no device answers at 0000:00:1f.5"
    )


def test_row_6_one_device_that_answers_is_enough_and_the_absent_still_counts_s23() -> None:
    prediction = _predict(rmrr(0x1000, 0x1FFF, GONE, ENDPOINT))

    assert _only(prediction).fate is Fate.LISTED
    assert "still counts as a device" in _only(prediction).notes[0]
    assert set(prediction.by_device) == {USB, SBDF.parse("00:1f.5")}


def test_row_6_is_skipped_in_a_segment_that_is_not_known() -> None:
    fate = _only(_predict(rmrr(0x1000, 0x1FFF, GONE, segment=2)))

    assert fate.fate is Fate.LISTED
    assert "segment 0x2 has no known function" in fate.notes[0]


def test_row_6_takes_every_device_to_answer_where_the_functions_are_not_known() -> None:
    behind = scope(1, 0, (0x1C, 0), (0, 0))
    prediction = _predict(rmrr(0x1000, 0x1FFF, GONE, behind), topology=PciTopology(UNKNOWN))

    assert _only(prediction).fate is Fate.LISTED
    assert list(prediction.by_device) == [SBDF.parse("00:1f.5")]
    assert "every device is taken to answer" in prediction.notes[0]
    assert any("is not known" in note for note in _only(prediction).notes)


def test_row_7_base_above_limit_switches_vtd_off_only_if_a_device_answers() -> None:
    absent = _predict(rmrr(0x2000, 0x0FFF, GONE))
    present = _predict(rmrr(0x2000, 0x0FFF, ENDPOINT))

    assert _only(absent).fate is Fate.IGNORED_ABSENT
    assert _only(present).fate is Fate.REFUSED
    assert "below its base (EFAULT)" in present.vtd_disabled


@pytest.mark.parametrize(
    ("base", "limit"),
    [(0x1234, 0x1567), (0xE0000, 0xEFFFF), (0x1_0000_0000, 0x1_0000_FFFF), (0x1001, 0x1001)],
)
def test_row_8_alignment_size_and_place_are_not_checked(base: int, limit: int) -> None:
    assert _only(_predict(rmrr(base, limit, ENDPOINT))).fate is Fate.LISTED


# 4.4: the command line


def test_a_range_of_the_command_line_is_ahead_of_the_table_s_latest_first() -> None:
    prediction = _predict(
        rmrr(0x1000, 0x1FFF, ENDPOINT), line="rmrr=0x100=00:1a.0;200-20f=00:1d.0 console=vga"
    )

    assert _ranges(prediction) == [(0x200, 16), (0x100, 1), (1, 1)]
    assert prediction.by_device[USB] == (prediction.entries[0], prediction.entries[2])
    assert prediction.by_device[OTHER_USB] == (prediction.entries[1],)
    assert [each.accepted for each in prediction.options] == [True, True]


@pytest.mark.parametrize(
    ("devices", "parsed"),
    [
        ("1:00:1d.0,00:1a.0", ["0001:00:1d.0", "0001:00:1a.0"]),
        ("00:1d.0,0:00:1a.0", ["0000:00:1d.0", "0000:00:1a.0"]),
        ("0x0:0x00:0x1d.0x1", ["0000:00:1d.1"]),
        ("00:1d.07", ["0000:00:1d.7"]),
    ],
)
def test_a_missing_segment_is_0_or_the_first_device_s(devices: str, parsed: list[str]) -> None:
    (option,) = parse_rmrr_option(f"rmrr=10={devices}")

    assert [str(each) for each in option.devices] == parsed
    assert (option.accepted, option.reason) == (True, "")


def test_a_range_of_mixed_segments_is_ignored_and_the_next_is_read() -> None:
    mixed, after = parse_rmrr_option("rmrr=10=0:00:1d.0,1:00:1a.0;20=00:1d.0")

    assert (mixed.accepted, after.accepted) == (False, True)
    assert "different segments" in mixed.reason


def test_a_range_without_devices_is_ignored_and_the_next_is_read() -> None:
    bare, after = parse_rmrr_option("rmrr=10-12;20=00:1d.0")

    assert (bare.start_pfn, bare.end_pfn, bare.accepted) == (0x10, 0x12, False)
    assert "names no device" in bare.reason
    assert after.accepted


def test_sixteen_pages_are_taken_and_seventeen_end_the_option() -> None:
    most, over, after = parse_rmrr_option("rmrr=10-1f=00:1d.0;20-30=00:1d.0;40=00:1d.0")

    assert [most.accepted, over.accepted, after.accepted] == [True, False, False]
    assert over.reason == "it has 17 pages; Xen takes 1 to 16 (E2BIG)"
    assert "stopped reading" in after.reason


def test_an_end_before_the_start_ends_the_option() -> None:
    (option,) = parse_rmrr_option("rmrr=20-1f=00:1d.0")

    assert (option.accepted, "E2BIG" in option.reason) == (False, True)


def test_ten_ranges_are_taken_over_all_options_of_the_line() -> None:
    nine = ";".join(f"{number}0=00:1d.0" for number in range(1, 10))
    options = parse_rmrr_option(f"rmrr={nine} rmrr=a0=00:1d.0;b0=00:1d.0")

    assert [each.accepted for each in options] == [True] * 10 + [False]
    assert "10 ranges at most (E2BIG)" in options[-1].reason


def test_twenty_devices_are_taken_and_a_twenty_first_ends_the_option() -> None:
    twenty = ",".join(f"{bus:x}:{device}.0" for device in (1, 2) for bus in range(10))
    whole, _, lost = parse_rmrr_option(f"rmrr=1={twenty};20=00:1d.0")
    cut, after = parse_rmrr_option(f"rmrr=1={twenty},a:1.0")

    assert (len(whole.devices), whole.reason, lost.accepted) == (20, "", False)
    assert (len(cut.devices), cut.accepted, after.accepted) == (20, True, False)
    assert "does not read ','" in cut.reason


def test_a_word_is_cut_after_127_characters() -> None:
    ranges = ";".join(f"0x{page:x}00=00:1d.0" for page in range(10, 19))
    word = f"rmrr={ranges}"
    options = parse_rmrr_option(f"{word} rmrr=0x2000=00:1d.0")

    assert len(word[:127]) < len(word)
    *read, partly, dropped, after = options
    assert [each.accepted for each in read] == [True] * 8
    assert (partly.text, partly.accepted) == ("0x1200=0", False)
    assert (dropped.text, dropped.accepted) == ("0:1d.0", False)
    assert "127 characters" in dropped.reason
    assert after.start_pfn == 0x2000


def test_devices_of_a_range_that_an_error_ended_stay_in_its_place() -> None:
    broken, after, last = parse_rmrr_option("rmrr=10=00:1d.0,zz rmrr=20=00:1a.0 rmrr=30=00:1a.0")

    assert (broken.accepted, after.accepted) == (False, True)
    assert [str(each) for each in after.devices] == ["0000:00:1d.0", "0000:00:1a.0"]
    assert [str(each) for each in last.devices] == ["0000:00:1a.0"]


def test_segments_whose_bits_the_first_has_become_the_first() -> None:
    (option,) = parse_rmrr_option("rmrr=10=3:00:1d.0,1:00:1a.0")

    assert [str(each) for each in option.devices] == ["0003:00:1d.0", "0003:00:1a.0"]
    assert (option.accepted, "of segment 0x3" in option.reason) == (True, True)


@pytest.mark.parametrize(
    "value",
    ["", "z=00:1d.0", "10=", "10=1d.0", "10=00:20.0", "10=00:1d.8", "10=10000:00:1d.0", "10x"],
)
def test_what_is_no_range_is_refused_and_ends_the_option(value: str) -> None:
    first, after = parse_rmrr_option(f"rmrr={value};20=00:1d.0")

    assert (first.text, first.accepted, after.accepted) == (value, False, False)


def test_a_range_that_overlaps_is_ignored_and_vtd_stays_on() -> None:
    prediction = _predict(rmrr(0x10000, 0x10FFF, ENDPOINT), line="rmrr=f-10=00:1d.0;20=00:1d.0")

    assert [each.accepted for each in prediction.options] == [False, True]
    assert prediction.options[0].reason == "it overlaps the region 0x10000-0x10fff"
    assert not prediction.vtd_disabled


def test_a_range_that_was_refused_when_it_was_read_stays_refused() -> None:
    prediction = _predict(line="rmrr=10")

    assert (prediction.options, prediction.entries) == (parse_rmrr_option("rmrr=10"), ())


def test_ranges_of_the_command_line_may_not_overlap_each_other() -> None:
    options = _predict(line="rmrr=10-12=00:1d.0;12=00:1d.0").options

    assert [each.accepted for each in options] == [True, False]


def test_xen_compares_with_the_first_byte_of_the_last_page_only() -> None:
    prediction = _predict(rmrr(0x10800, 0x10FFF, ENDPOINT), line="rmrr=10=00:1d.0")

    assert _option(prediction).accepted


def test_a_range_whose_devices_are_absent_is_ignored() -> None:
    prediction = _predict(line="rmrr=10=00:1f.5")

    assert (_option(prediction).accepted, prediction.entries) == (False, ())
    assert _option(prediction).reason == "none of its devices answers"


def test_before_4_21_xen_does_not_look_whether_devices_of_a_range_answer() -> None:
    prediction = _predict(line="rmrr=10=00:1f.5", release=(4, 20))

    assert (_option(prediction).accepted, len(prediction.entries)) == (True, 1)


def test_one_present_device_is_enough_for_a_range_and_unknown_ones_are() -> None:
    assert _option(_predict(line="rmrr=10=00:1f.5,00:1d.0")).accepted
    assert _option(_predict(line="rmrr=10=00:1f.5", topology=PciTopology(UNKNOWN))).accepted


def test_there_is_no_such_option_before_4_9() -> None:
    old = _predict(line="rmrr=10=00:1d.0", release=(4, 8))

    assert _option(old).reason == "Xen 4.6 to 4.8 has no such option"
    assert old.entries == ()
    assert _predict(line="rmrr=10=00:1d.0", release=(4, 9)).entries


@pytest.mark.parametrize("word", ["0", "off", "no", "verbose,off"])
def test_iommu_off_empties_the_list_and_keeps_the_fates(word: str) -> None:
    line = f"iommu={word} rmrr=10=00:1d.0"
    prediction = _predict(rmrr(0x1000, 0x1FFF, ENDPOINT), rmrr(0x2000, 0x2FFF, GONE), line=line)

    assert "stands on Xen's command line" in prediction.vtd_disabled
    assert _fates(prediction) == [Fate.DISCARDED, Fate.IGNORED_ABSENT]
    assert (prediction.entries, prediction.by_device) == ((), {})
    assert not _option(prediction).accepted


@pytest.mark.parametrize(
    ("line", "switch"),
    [
        ("", ""),
        ("iommu=force,no-intremap", ""),
        ("iommu=0 iommu=on", ""),
        ("iommu=1,0", "iommu=0"),
        ("dom0-iommu=off", ""),
    ],
)
def test_the_last_boolean_of_iommu_counts(line: str, switch: str) -> None:
    assert iommu_switched_off(line) == switch


def test_ranges_are_not_added_to_a_table_that_switched_vtd_off() -> None:
    prediction = _predict(rmrr(0x2000, 0xFFF, ENDPOINT), line="rmrr=10=00:1d.0")

    assert "VT-d is off" in _option(prediction).reason
    assert prediction.entries == ()


# 4.6: the hypercall


def test_the_list_is_in_reverse_table_order_s24() -> None:
    prediction = _predict(
        rmrr(0xAC6D3000, 0xAC6E6FFF, ENDPOINT),
        rmrr(0x1000, 0x1FFF, GONE),
        rmrr(0xAD800000, 0xAFFFFFFF, scope(1, 0, (0x1A, 0)), ENDPOINT),
    )

    assert _ranges(prediction) == [(0xAD800, 10240), (0xAC6D3, 20)]
    assert prediction.by_device[USB] == prediction.entries
    assert prediction.by_device[OTHER_USB] == prediction.entries[:1]
    assert [each.entry for each in prediction.fates] == [
        prediction.entries[1],
        None,
        prediction.entries[0],
    ]
    assert prediction.entries[1].range == AddressRange(0xAC6D3000, 0xAC6E7000)


def test_a_page_aligned_limit_loses_its_page_s20() -> None:
    prediction = _predict(rmrr(0xAC6D3000, 0xAC6E6000, ENDPOINT))

    assert _ranges(prediction) == [(0xAC6D3, 19)]
    assert _only(prediction).notes == (
        "the last page 0xac6e6000 is lost: Xen rounds the limit down because it is page aligned",
    )


@pytest.mark.parametrize(
    ("base", "limit", "pages"),
    [(0x1800, 0x1900, 1), (0x1FFF, 0x2001, 2), (0x1000, 0x1001, 1), (0x1800, 0x2000, 1)],
)
def test_the_pages_are_those_of_the_raw_limit_rounded_up(base: int, limit: int, pages: int) -> None:
    assert _ranges(_predict(rmrr(base, limit, ENDPOINT))) == [(1, pages)]


def test_a_region_of_no_pages_is_not_reported_but_registered() -> None:
    empty = rmrr(0x1000, 0x1000, ENDPOINT)
    alone, again = _predict(empty), _predict(empty, rmrr(0x1000, 0x1FFF, ENDPOINT))

    assert (_only(alone).fate, alone.entries) == (Fate.EMPTY_AFTER_ROUNDING, ())
    assert alone.by_device == {}
    assert _fates(again) == [Fate.EMPTY_AFTER_ROUNDING, Fate.REFUSED]


def test_an_rmrr_whose_first_device_is_zero_is_never_reported_but_registered() -> None:
    zero = rmrr(0x1000, 0x1FFF, scope(5, 0, (1, 0)), scope(1, 0, (0, 0)), ENDPOINT)
    alone, again = _predict(zero), _predict(zero, rmrr(0x1000, 0x1FFF, ENDPOINT))

    assert (_only(alone).fate, alone.entries, alone.by_device) == (Fate.STOPPED, (), {})
    assert _only(alone).entry is None
    assert _fates(again) == [Fate.STOPPED, Fate.REFUSED]


def test_devices_after_a_zero_are_not_seen() -> None:
    scopes = (scope(1, 0, (0x1A, 0)), scope(1, 0, (0, 0)), ENDPOINT)
    prediction = _predict(rmrr(0x1000, 0x1FFF, *scopes))

    assert prediction.by_device == {OTHER_USB: prediction.entries}
    assert "Xen does not see the devices from 00:00.0 on in its scope" in _only(prediction).notes


def test_a_range_of_the_command_line_with_a_first_device_zero_is_never_reported() -> None:
    prediction = _predict(line="rmrr=10=00:00.0,00:1d.0")

    assert (prediction.entries, _option(prediction).accepted) == ((), True)
    assert "never reported" in _option(prediction).reason


def test_before_4_21_xen_does_not_look_whether_a_device_answers() -> None:
    """Its segments come after the table is read: 4.17.7 lists such a region, seen in its dom0."""
    absent = rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1F, 5)))

    assert _only(_predict(absent, release=(4, 20))).fate is Fate.LISTED
    assert _only(_predict(absent, release=(4, 21))).fate is Fate.IGNORED_ABSENT


def test_a_device_named_twice_has_the_region_once() -> None:
    prediction = _predict(rmrr(0x1000, 0x1FFF, ENDPOINT, ENDPOINT))

    assert prediction.by_device == {USB: prediction.entries}
    assert len(prediction.entries) == 1


# The releases


@pytest.mark.parametrize(
    ("release", "looks"),
    [((4, 8), False), ((4, 14), True), ((4, 16), True), ((4, 17), False), ((4, 21), True)],
)
def test_some_releases_look_whether_devices_answer(release: Release, looks: object) -> None:
    assert behaviour_of(release).looks_for_devices is looks


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ((4, 6), "Xen 4.6 to 4.8"),
        ((4, 9), "Xen 4.9 to 4.12"),
        ((4, 12), "Xen 4.9 to 4.12"),
        ((4, 13), "Xen 4.13 to 4.16"),
        ((4, 16), "Xen 4.13 to 4.16"),
        ((4, 17), "Xen 4.17 and 4.18"),
        ((4, 18), "Xen 4.17 and 4.18"),
        ((4, 19), "Xen 4.19 and 4.20"),
        ((4, 20), "Xen 4.19 and 4.20"),
        ((4, 21), "Xen 4.21 and 4.22"),
        ((4, 22), "Xen 4.21 and 4.22"),
    ],
)
def test_each_modelled_release_has_its_behaviour(release: Release, name: str) -> None:
    assert behaviour_of(release).name == name
    assert _predict(release=release).notes == ()


@pytest.mark.parametrize(
    ("release", "note"),
    [
        (None, "as of Xen 4.21 and 4.22: the release is not known"),
        ((4, 5), "as of Xen 4.6 to 4.8: Xen 4.5 is not modelled"),
        ((5, 0), "as of Xen 4.21 and 4.22: Xen 5.0 is not modelled"),
    ],
)
def test_a_release_that_is_not_modelled_is_said(release: Release, note: str) -> None:
    assert _predict(release=release).notes == (note,)


def test_without_a_unit_vtd_is_off_and_nothing_is_listed() -> None:
    region = rmrr(0x7DFFD000, 0x7DFFFFFF, ENDPOINT)

    without, short, cut = (
        predict(decoded.table, _topology(), None, (4, 17), damage=decoded.damage)
        for decoded in (
            decode(table(region)),
            decode(table(region, structure(0, bytes(4)))),
            decode(table(region, b"\0\0\x10")),
        )
        if decoded.table is not None
    )

    assert without.vtd_disabled == "the table has no remapping unit (ENODEV)"
    assert without.entries == ()
    assert "too short" in short.vtd_disabled
    assert cut.vtd_disabled == ""  # what follows may be a unit
