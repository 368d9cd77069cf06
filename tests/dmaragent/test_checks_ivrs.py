"""Each rule about AMD's table finds its fault; what is critical is what switches an IOMMU off."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.checks import check
from dmaragent.checks.all_rules import RULES
from dmaragent.checks.amd.rules import RULES as AMD_RULES
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Finding, Severity
from dmaragent.inventory import Inventory
from dmaragent.linux.ivrs import IVMD_SEGMENTS, read_by_linux
from dmaragent.present.text.check import check_details_text
from dmaragent.readings import Missing, MissingKind
from support.checked_ivrs import CASES
from support.checked_tables import shown_bytes
from support.damaged_ivrs import CASES as DAMAGED
from support.hosts import Function
from support.ivrs_inventories import (
    AFTER_UNIT,
    BASE,
    HOLE,
    SOUND,
    UNIT,
    amd_host,
    checked,
    found,
    of,
    taken,
)
from support.ivrs_tables import (
    ENTRIES,
    acpi_device,
    alias,
    block,
    device_range,
    entry,
    ivhd,
    ivmd,
    ivrs,
    special,
)
from support.machines import MACHINES
from support.tables import patched, resummed
from support.wording import Worded

IDS = {rule.id for rule in AMD_RULES}
RELEASES = (
    "4.16.2",
    "4.17.3",
    "4.17.7",
    "4.18.0",
    "4.18.3",
    "4.18.4",
    "4.19.0",
    "4.19.1",
    "4.20.1",
    "4.22.0",
)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_about_amds_table_shows_the_bytes_of_what_it_finds(
    name: str, worded: Worded
) -> None:
    findings = found(CASES[name].trips(), name)

    assert shown_bytes(findings) == CASES[name].hits
    worded(finding.hit.message for finding in findings)


@pytest.mark.parametrize("name", CASES)
def test_a_near_miss_in_amds_table_trips_nothing(name: str) -> None:
    inventory = CASES[name].quiet()

    assert name not in {rule for lacking in check(inventory).not_asked for rule in lacking.rules}
    assert found(inventory, name) == []


def test_a_sound_host_of_amd_has_no_findings() -> None:
    answer = check(taken(amd_host(ivrs(UNIT, SOUND), log="")))

    assert answer.findings == ()
    assert (answer.asked, answer.not_asked) == (len(AMD_RULES), ())


def test_each_table_is_checked_by_the_rules_for_its_vendor() -> None:
    ids = [rule.id for rule in RULES]

    assert len(set(ids)) == len(ids)
    assert set(CASES) == IDS
    assert all(re.match(r"iv(rs|hd|md)-|amd-", name) for name in IDS)


@pytest.mark.parametrize("name", CASES)
def test_no_word_of_intels_is_in_an_answer_about_amd(name: str) -> None:
    text = "\n".join(check_details_text(check(CASES[name].trips()), "Table"))
    text = text.replace("DMAR, RMAD or XMAR", "")  # the reader's own words for no table

    assert re.findall(r"\b(?:RMRR|rmrr|DMAR|DRHD|VT-d|ATSR|intel)\b", text) == []


# What switches AMD-Vi off ---------------------------------------------------------------


def _criticals(inventory: Inventory) -> list[Finding]:
    return [one for one in check(inventory).findings if one.severity is Severity.CRITICAL]


def _is_off(finding: Finding) -> bool:
    """Return whether a critical finding is one that switches AMD-Vi off for certain."""
    return not finding.xen.startswith(("No effect", "Unknown", "Xen reads the block"))


def _assert_agreed(inventory: Inventory) -> None:
    """Assert that findings and Xen's rules agree on whether AMD-Vi is off."""
    off = [one.rule.id for one in _criticals(inventory) if _is_off(one)]

    why = inventory.xen.list.iommu_disabled
    assert bool(off) == bool(why), (off, why)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    "name", sorted(IDS - {"ivrs-unreadable", "ivhd-ioapic-unknown", "ivmd-unlisted"})
)
def test_what_is_critical_is_what_xens_rules_refuse(name: str, release: str) -> None:
    for made in (CASES[name].trips(), CASES[name].quiet()):
        _assert_agreed(taken(made.host, release))


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_of_amds_table_is_critical_if_xens_rules_refuse_it(name: str) -> None:
    if name not in ("empty", "not a table", "another table") and "truncated in" not in name:
        _assert_agreed(checked(DAMAGED[name].data))


_IVHDS = [
    UNIT,
    ivhd(*ENTRIES),
    ivhd(ENTRIES[0], ENTRIES[2], kind=0x11),
    ivhd(*ENTRIES, acpi_device(b"MSFT0201", 0x60), kind=0x40),
    ivhd(*ENTRIES, entry(1), kind=0x11),
    ivhd(ENTRIES[2], entry(2, 0x100), device=0x0020, kind=0x11),
    ivhd(ENTRIES[2], entry(2, 0x100), alias(0x42, 0x101, 0x108), kind=0x11),
    ivhd(ENTRIES[0], special(1, 33, 0x00A1), kind=0x11),
    ivhd(device_range(0x100, 0x200), entry(4, 0x300), ENTRIES[2], kind=0x11),
    ivhd(ENTRIES[2], entry(2, 0x100), entry(3, 0x200), kind=0x11),
    ivhd(ENTRIES[2], b"\x02\x00", kind=0x11),
    ivhd(ENTRIES[0], special(9, 0, 0x00A0), ENTRIES[2], kind=0x11),
    block(0x11, bytes(30)),
]
_IVMDS = st.builds(
    ivmd,
    st.sampled_from([0, BASE, BASE + 0x800, BASE + 0x1000, HOLE, 0x7B000000, 0x100000, 1 << 48]),
    st.sampled_from([0, 1, 0x1000, 0x2000, (1 << 64) - BASE]),
    kind=st.sampled_from([0x20, 0x21, 0x22, 0x23]),
    flags=st.sampled_from([0, 1, 3, 7, 8, 9]),
    device=st.sampled_from([0, 2, 0x100, 0x101, 0x200]),
    auxiliary=st.sampled_from([0, 0x40, 0x100, 0x101, 0x200, 0xFFFF]),
    reserved=st.sampled_from([bytes(8), b"\1" + bytes(7)]),
)
_BLOCKS = st.lists(st.one_of(st.sampled_from(_IVHDS), _IVMDS), max_size=6)


@given(_BLOCKS, st.sampled_from(RELEASES), st.sampled_from([0x203043, 0x203042, 0x2843]))
def test_the_findings_on_any_table_are_critical_where_xens_rules_refuse_it(
    blocks: list[bytes], release: str, iv_info: int
) -> None:
    _assert_agreed(checked(ivrs(UNIT, *blocks, iv_info=iv_info), release))


@given(_BLOCKS)
def test_a_table_with_which_linux_uses_no_iommu_has_a_critical_finding(
    blocks: list[bytes],
) -> None:
    inventory = checked(ivrs(*blocks))
    assert not isinstance(inventory.iommu, Missing)
    linux = read_by_linux(inventory.iommu)

    assert linux is not None
    if linux.error:
        assert any(not one.linux.startswith("No effect") for one in _criticals(inventory))


@given(_BLOCKS, st.sampled_from(["4.12.1", "4.15.2"]))
def test_a_release_before_4_16_is_never_judged_by_an_ivmd(
    blocks: list[bytes], release: str
) -> None:
    findings = _criticals(checked(ivrs(UNIT, *blocks), release))

    by_ivmd = [one.rule.id for one in findings if one.rule.id.startswith("ivmd-")]
    assert [name for name in by_ivmd if name not in ("ivmd-shadows-ivhd", "ivmd-cut")] == []


@given(st.binary(max_size=80), st.integers(48, 200))
def test_any_bytes_after_a_header_are_checked_and_shown(tail: bytes, length: int) -> None:
    data = bytearray(ivrs(UNIT) + tail)
    data[4:8] = length.to_bytes(4, "little")
    for content in (bytes(data), resummed(bytes(data))):
        for finding in check(checked(content)).findings:
            for each in finding.hit.evidence:
                assert content[each.offset : each.offset + len(each.data)] == each.data


# Cases ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "severity", "xen"),
    [
        (None, Severity.WARNING, "4.16 to 4.18.3 and 4.19.0"),
        ("4.15.1", Severity.WARNING, "Unknown for Xen 4.15.1"),
        ("4.17.7", Severity.CRITICAL, "Xen 4.17.7 switches AMD-Vi off (ENODEV)"),
        ("4.18", Severity.CRITICAL, "Some point releases of Xen 4.18"),
        ("4.18.4", Severity.WARNING, "Xen 4.18.4 ignores"),
        ("4.19.0", Severity.CRITICAL, "Xen 4.19.0 switches"),
        ("4.20.1", Severity.WARNING, "Xen 4.20.1 ignores"),
    ],
)
def test_a_device_without_iommu_is_as_bad_as_the_release(
    release: str | None, severity: Severity, xen: str
) -> None:
    host = amd_host(ivrs(UNIT, ivmd(BASE, 0x1000, kind=0x22, device=0, auxiliary=0xFFF)))
    (one,) = found(taken(host, release), "ivmd-no-iommu")

    assert one.severity is severity
    assert xen in one.xen
    assert "4096 device IDs, of which 8 have" in one.hit.message


@pytest.mark.parametrize(
    ("release", "severity"),
    [
        (None, Severity.ERROR),
        ("4.15.1", Severity.ERROR),
        ("4.17.7", Severity.CRITICAL),
        ("4.18", Severity.CRITICAL),
        ("4.20.1", Severity.ERROR),
    ],
)
def test_a_region_before_the_iommu_of_its_device_is_an_error_in_every_release(
    release: str | None, severity: Severity
) -> None:
    (one,) = found(checked(ivrs(SOUND, UNIT), release), "ivmd-before-ivhd")

    assert one.severity is severity


@pytest.mark.parametrize(
    ("start", "off"),
    [
        (0x7AFFF000, {"4.16.2", "4.17.3", "4.17.7", "4.18.0", "4.18.3", "4.20.1"}),
        (0x100000, {"4.17.7", "4.18.3", "4.20.1"}),
        (0x7B000000, {"4.16.2", "4.17.3", "4.18.0"}),
        (HOLE, set()),
        (BASE, set()),
    ],
    ids=range(5),
)
def test_memory_is_refused_by_the_test_of_the_release(start: int, off: set[str]) -> None:
    host = amd_host(ivrs(UNIT, ivmd(start, 0x2000)))
    releases = ("4.16.2", "4.17.3", "4.17.7", "4.18.0", "4.18.3", "4.20.1")

    critical = {release for release in releases if _criticals(taken(host, release))}

    assert critical == off


def test_a_region_at_0_is_one_mistake_and_found_once() -> None:
    ids = {one.rule.id for one in check(of(ivmd(0, 0x1000))).findings}

    assert ids == {"ivmd-at-zero"}


def test_a_map_without_ram_at_0_does_not_switch_amd_vi_off(worded: Worded) -> None:
    host = amd_host(ivrs(UNIT, ivmd(0, 0x1000)), memory=("0x0 0xfff Reserved",))
    (one,) = found(taken(host), "ivmd-at-zero")

    assert one.severity is Severity.ERROR
    worded(one.xen)


def test_without_a_memory_map_page_0_is_not_said_to_be_ram(worded: Worded) -> None:
    data = ivrs(UNIT, ivmd(0, 0x1000))
    (known,) = found(checked(data), "ivmd-at-zero")
    (unknown,) = found(taken(amd_host(data, memory=None)), "ivmd-at-zero")

    assert known.xen != unknown.xen
    worded(f"{known.xen} {unknown.xen}")


def test_a_wide_range_counts_what_linux_applies_it_to(worded: Worded) -> None:
    functions = (
        Function(sbdf="0000:00:00.0", class_code=0x060000),
        Function(sbdf="0000:00:00.2", class_code=0x080600),
        *(Function(sbdf=f"0000:{bus:02x}:00.0") for bus in range(1, 20)),
    )
    wide = ivmd(BASE, 0x1000, kind=0x22, device=0, auxiliary=0xFFF)
    (one,) = found(taken(amd_host(ivrs(UNIT, wide), functions)), "ivmd-range-wide")

    assert re.findall(r"\b\d+\b", one.hit.message) == ["1", "17", "21", "15"]  # no bridge, no IOMMU
    worded(one.linux)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("ACPI Tables", 1),
        ("ACPI Non-volatile Storage", 1),
        ("Unusable memory", 1),
        ("Reserved", 0),
    ],
)
def test_memory_that_the_inverted_test_refuses_is_found(kind: str, number: int) -> None:
    memory = ("0x0 0x9ffff System RAM", f"0x90000000 0x90000fff {kind}")
    host = amd_host(ivrs(UNIT, ivmd(0x90000000, 0x1000)), memory=memory)

    assert len(found(taken(host), "ivmd-in-nvs")) == number


@pytest.mark.parametrize(("kernel", "refused"), [("6.1.0-56-amd64", False), ("6.12.117", True)])
def test_a_kernel_before_6_6_lets_vfio_have_the_devices(kernel: str, *, refused: bool) -> None:
    wide = ivmd(BASE, 0x1000, kind=0x20)
    host = amd_host(ivrs(UNIT, wide))
    host = host._replace(system=host.system._replace(kernel_release=kernel))
    (one,) = found(taken(host), "ivmd-range-wide")

    assert (one.severity is Severity.ERROR) is refused
    assert ("This kernel lets VFIO" in one.linux) is not refused


@pytest.mark.parametrize(
    ("kernel", "checks"), [("5.3.0-76-generic", False), ("5.4.0", True), ("6.5.13", True)]
)
def test_a_kernel_from_5_4_on_refuses_to_map_guest_ram_over_a_region(
    kernel: str, *, checks: bool
) -> None:
    host = amd_host(ivrs(UNIT, ivmd(BASE, 0x1000, kind=0x20)))
    host = host._replace(system=host.system._replace(kernel_release=kernel))
    (one,) = found(taken(host), "ivmd-range-wide")

    assert one.severity is Severity.WARNING
    assert ("EINVAL" in one.linux) is checks


def test_a_dom0s_kernel_does_not_decide_what_vfio_gets() -> None:
    wide = amd_host(ivrs(UNIT, ivmd(BASE, 0x1000, kind=0x20)))
    xen = CASES["ivmd-unlisted"].trips().host.xen
    system = wide.system._replace(kernel_release="6.1.0-56-amd64")
    (one,) = found(taken(wide._replace(xen=xen, system=system)), "ivmd-range-wide")

    assert one.severity is Severity.WARNING
    assert "Without Xen" in one.linux


def test_without_functions_and_memory_the_rules_about_them_are_not_asked() -> None:
    wide = ivmd(0, 0x1000, kind=0x22, device=0, auxiliary=0xFFF)
    answer = check(taken(amd_host(ivrs(UNIT, wide), None, memory=None)))

    skipped = {lacking.need: set(lacking.rules) for lacking in answer.not_asked}
    assert skipped[Need.PCI] == {rule.id for rule in AMD_RULES if Need.PCI in rule.needs}
    assert "ivmd-range-wide" in skipped[Need.PCI]
    assert skipped[Need.MEMORY_MAP] == {"ivmd-in-ram", "ivmd-in-nvs", "ivmd-not-reserved"}
    assert not skipped[Need.PCI] & {one.rule.id for one in answer.findings}


def test_a_block_of_an_unknown_type_before_that_of_type_0x40_hides_it(worded: Worded) -> None:
    last = ivhd(*ENTRIES, acpi_device(b"MSFT0201", 0x60), kind=0x40)
    hidden = found(of(block(0x51, bytes(28)), last), "ivrs-unknown-block")
    plain = found(of(last, block(0x51, bytes(28))), "ivrs-unknown-block")
    taken_for_ivhd = found(of(block(0x30, b"\x02\0" + bytes(26))), "ivrs-unknown-block")

    assert [one.severity for one in (*hidden, *plain, *taken_for_ivhd)] == [
        Severity.WARNING,
        Severity.INFO,
        Severity.CRITICAL,
    ]
    worded(one.linux for one in (*hidden, *plain, *taken_for_ivhd))


def test_a_difference_that_no_reader_sees_is_only_noted(worded: Worded) -> None:
    old = ivhd(*ENTRIES, base=0xFEB90000)
    (one,) = found(checked(ivrs(old, UNIT)), "ivrs-duplicates-differ")

    assert one.severity is Severity.INFO  # Xen and Linux both use type 0x11
    worded([one.xen, one.linux])


@pytest.mark.parametrize("padding", [b"", bytes(4), b"\x40" + bytes(7)], ids=["0", "4", "8"])
def test_padding_is_no_difference_between_the_blocks_of_one_iommu(padding: bytes) -> None:
    table = ivrs(ivhd(*ENTRIES), ivhd(*ENTRIES, padding, kind=0x11))
    without = ivrs(ivhd(*ENTRIES), ivhd(*ENTRIES[1:], padding, kind=0x11))

    assert found(checked(table), "ivrs-duplicates-differ") == []
    assert len(found(checked(without), "ivrs-duplicates-differ")) == 1


@pytest.mark.parametrize("segment", [0, 1])
def test_the_ioapic_at_0014_of_another_segment_is_not_the_southbridges(segment: int) -> None:
    """As in Xen's iommu_acpi.c, parse_ivhd_device_special, which counts that of segment 0."""
    first = ivhd(ENTRIES[0], special(1, 32, 0x00A1), kind=0x11)
    second = ivhd(special(1, 33, 0x00A0), kind=0x11, segment=segment, device=3, base=0xFEB90000)
    inventory = checked(ivrs(first, second))

    assert len(found(inventory, "ivhd-southbridge-ioapic")) == segment


def test_options_of_xen_soften_a_missing_ioapic() -> None:
    table = ivrs(ivhd(ENTRIES[0], ENTRIES[3], kind=0x11))
    for line, xen in (("iommu=no-intremap", "No effect"), ("ivrs_ioapic[33]=00:14.0", "Unknown")):
        inventory = _with_line(table, line)
        (one,) = found(inventory, "ivhd-southbridge-ioapic")
        assert one.severity is Severity.WARNING
        assert one.xen.startswith(xen)
        assert not inventory.xen.list.iommu_disabled


def _with_line(table: bytes, line: str) -> Inventory:
    """Take the inventory of a host whose Xen has this command line."""
    made = CASES["ivmd-unlisted"].trips().host
    assert made.xen is not None
    xen = made.xen._replace(
        command_line=line,
        reserved_memory=Missing(MissingKind.NOT_COLLECTED),
        release=None,
        extra=None,
    )
    return taken(amd_host(table)._replace(xen=xen), "4.20.1")


def test_the_same_ioapic_twice_is_a_note() -> None:
    table = ivrs(ivhd(*ENTRIES, ENTRIES[2], kind=0x11))
    (one,) = found(checked(table), "ivhd-ioapic-twice")

    assert one.severity is Severity.INFO


def test_a_block_that_xen_does_not_see_does_no_harm_there() -> None:
    (seen,) = found(of(SOUND, bytes(7)), "ivrs-zero-length-block")
    (unseen,) = found(of(SOUND, bytes(6)), "ivrs-zero-length-block")

    assert not seen.xen.startswith("No effect")
    assert unseen.xen.startswith("No effect")
    assert unseen.severity is Severity.CRITICAL  # Linux does not boot


@pytest.mark.parametrize(
    ("blocks", "number"),
    [
        pytest.param((), 0, id="Xen does not come to the region"),
        pytest.param((ivhd(entry(2, 0x100), kind=0x11),), 1, id="Xen knows the IDs"),
    ],
)
def test_without_ivhd_blocks_no_id_is_above_theirs(blocks: tuple[bytes, ...], number: int) -> None:
    inventory = checked(ivrs(*blocks, ivmd(BASE, 0x1000, device=0x108)))

    assert len(found(inventory, "ivmd-id-unknown")) == number


@pytest.mark.parametrize(
    ("segment", "severity"), [(0, Severity.INFO), (1, Severity.CRITICAL)], ids=["same", "another"]
)
def test_an_ioapic_of_two_segments_has_two_ids(segment: int, severity: Severity) -> None:
    again = ivhd(special(1, 33, 0x00A0), kind=0x11, device=3, base=0xFEB90000, segment=segment)
    first = ivhd(*ENTRIES, kind=0x11)
    (one,) = found(checked(ivrs(first, again)), "ivhd-ioapic-twice")

    assert one.severity is severity


@pytest.mark.parametrize(("number", "severity"), [(33, Severity.ERROR), (9, Severity.CRITICAL)])
def test_an_ioapic_that_the_blocks_of_xen_name_does_not_switch_amd_vi_off(
    number: int, severity: Severity
) -> None:
    log = f"[ 0.5] AMD-Vi: [Firmware Bug]: : IOAPIC[{number}] not in IVRS table\n"
    (one,) = found(taken(amd_host(ivrs(UNIT), log=log * 2)), "ivhd-ioapic-unknown")

    assert one.severity is severity


@pytest.mark.parametrize(
    ("uid", "uid_format", "number"), [(b"", 2, 1), (b"a", 2, 0), (b"a" * 8, 1, 0), (b"a", 1, 1)]
)
def test_the_uid_of_an_acpi_device_has_a_length_by_its_format(
    uid: bytes, uid_format: int, number: int
) -> None:
    device = bytearray(acpi_device(b"AMDI0020", 0xA5, uid, uid_format=uid_format))
    device[20] = uid_format  # also of a UID without bytes
    inventory = of(ivhd(*ENTRIES, bytes(device), kind=0x40))

    assert len(found(inventory, "ivhd-hid-unlikely")) == number


@pytest.mark.parametrize(
    ("first", "last", "differs"), [(0xFF00, 0xFF08, False), (0x0100, 0xFF08, True)]
)
def test_linux_applies_a_range_that_begins_below_the_highest_id(
    first: int, last: int, *, differs: bool
) -> None:
    region = ivmd(BASE, 0x1000, kind=0x22, device=first, auxiliary=last)
    inventory = checked(ivrs(ivhd(entry(2, 0x0107), kind=0x11), region))
    (one,) = found(inventory, "ivmd-id-unknown")

    assert (one.linux != one.rule.linux) is differs


@pytest.mark.parametrize(("start", "differs"), [(BASE, False), (BASE + 0x10, True)])
def test_xen_reserves_the_page_in_which_a_region_without_length_begins(
    start: int, *, differs: bool
) -> None:
    (one,) = found(of(ivmd(start, 0)), "ivmd-zero-length")

    assert (one.xen != one.rule.xen) is differs


def test_a_region_without_length_is_one_mistake_wherever_it_begins() -> None:
    ids = {one.rule.id for one in check(of(ivmd(BASE + 0x10, 0))).findings}

    assert ids == {"ivmd-zero-length"}


def test_the_id_of_an_all_entry_is_no_highest_id() -> None:
    entries = (entry(1, 0xFFFF), entry(2, 0x0107), alias(0x42, 0x0100, 0x8000))
    inventory = checked(ivrs(ivhd(*entries, kind=0x11)))

    assert len(found(inventory, "ivhd-alias-unknown")) == 1


def test_an_overlap_names_the_earlier_region_and_the_device() -> None:
    pair = (
        ivmd(BASE, 0x2000, flags=7, kind=0x22, device=0x100, auxiliary=0x107),
        ivmd(BASE + 0x1000, 0x1000, flags=7, device=0x105),
    )
    (one,) = found(of(*pair), "ivmd-overlap")

    assert one.hit.region == 2
    assert "overlaps region 1" in one.hit.message
    assert "01:00.5" in one.hit.message


def test_a_wrong_byte_in_the_header_is_a_wrong_checksum_to_both() -> None:
    data = patched(ivrs(UNIT, SOUND), [(AFTER_UNIT + 1, b"\0")])
    ids = {one.rule.id for one in check(checked(data)).findings}

    assert ids == {"ivrs-checksum", "ivmd-flags-none"}


def test_the_segment_of_a_region_counts_from_the_release_that_linux_is_modelled_by() -> None:
    (rule,) = (rule for rule in AMD_RULES if rule.id == "ivmd-segment")

    assert IVMD_SEGMENTS == (6, 0)
    assert rule.linux.startswith("Linux 6.0 and later ")
    assert "Linux 6.0 and later" in rule.details


@pytest.mark.parametrize("kept", [56, 100])
def test_of_a_cut_copy_nothing_is_told_about_what_it_lacks(kept: int) -> None:
    whole = (
        MACHINES / "synthetic-ivmd-acpi-device/root/sys/firmware/acpi/tables/IVRS"
    ).read_bytes()

    findings = check(taken(amd_host(whole[:kept]))).findings

    assert "ivrs-no-ivhd" not in {one.rule.id for one in findings}
    assert "ivrs-length" in {one.rule.id for one in findings}
    for one in findings:
        if one.rule.id == "ivrs-block-past-end":
            assert one.xen.startswith("Unknown")
