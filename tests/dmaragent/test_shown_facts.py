"""What is shown follows from the facts: what is unknown is not none, and nothing is lost silently."""

from dataclasses import replace

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.answers.guest import answer as whole_answer
from dmaragent.checks.common.model import Checked
from dmaragent.collect.collect import collect
from dmaragent.comparison.model import Changed
from dmaragent.host import join
from dmaragent.host.groups import IommuGroup
from dmaragent.host.memory_map import MemoryMap, memory_words
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.iommu.model import Difference
from dmaragent.linux.regions import Hold
from dmaragent.linux.unexplained_regions import UnexplainedRegion
from dmaragent.passthrough.region_coverage import coverage_of
from dmaragent.policy.decisions import Decider, SourceRule, Verdict, refused
from dmaragent.present.html import report_html
from dmaragent.present.text.check import check_details_text, check_text
from dmaragent.present.text.hotplug import hotplug_text
from dmaragent.present.text.inventory import xen_list_text
from dmaragent.present.text.resolve import resolve_text
from dmaragent.present.text.tree import GAP, tree_text
from dmaragent.present.words.comparison import headline
from dmaragent.present.words.coverage import coverage_words
from dmaragent.present.words.device import card_facts, driver_cell, verdict_facts
from dmaragent.present.words.devices import DeviceList, none_listed
from dmaragent.present.words.guest import likewise_words
from dmaragent.present.words.host import host_sentence, regions_words, xen_words
from dmaragent.present.words.overview import devices_words, regions_summary
from dmaragent.present.words.region import (
    how_reserved,
    is_elsewhere,
    is_in_ram,
    published_words,
    region_size,
    xen_view,
)
from dmaragent.readings import Missing, MissingKind
from dmaragent.remedies.hotplug import hotplug
from dmaragent.xen.reserved_list.model import ListEntry, ListSource, Origin, XenViews
from support.amd_inventories import WIDE, amd_inventory
from support.amd_inventories import amd_host as desktop
from support.checked import FUNCTIONS, UNIT, USB, findings, host, host_of, taken
from support.comparisons import compared, inventory_of
from support.explained import grouped
from support.guests import DEVICE_A, DEVICE_B, A, answer, facts, guest, stack
from support.hosts import Function, add_memory_map, fake_host
from support.ivrs_inventories import SOUND, amd_host, of
from support.ivrs_inventories import taken as amd_taken
from support.ivrs_tables import device_range, ivhd, ivmd, ivrs, special
from support.pages import Page
from support.rmrr_hosts import MAP, XEN, option_host
from support.tables import drhd, patched, rmrr, scope, table

BASE, LIMIT = 0x7B800000, 0x7B80FFFF
REGION = rmrr(BASE, LIMIT, USB)
BEHIND = rmrr(BASE, LIMIT, scope(1, 0, (0x1C, 0), (0, 0)))
CUT = table(UNIT, REGION, REGION)[:-8]
"""The last region is cut off: the table is damaged."""
NOTHING_WHOLE = table(UNIT, REGION)[:-8]
"""No region is whole."""


_NONE = DeviceList(rows=(), known=0, chipset=0, absent=0)


def _inventory(content: bytes, functions: tuple[Function, ...] | None = FUNCTIONS) -> Inventory:
    return taken(host_of(content, functions))


def _text(inventory: Inventory) -> str:
    return Page(report_html(inventory, None)).text


# Devices --------------------------------------------------------------------------------


def test_a_host_of_bridges_alone_is_not_one_whose_functions_were_not_read() -> None:
    bridges = _inventory(table(UNIT), (FUNCTIONS[0],))

    assert none_listed(_NONE, bridges) == "The host has only bridges and chipset functions."
    assert "not read" not in none_listed(_NONE, _inventory(table(UNIT), ()))


def test_a_table_that_names_a_device_behind_a_bridge_names_one() -> None:
    alone = _inventory(table(UNIT, BEHIND), None)

    assert alone.regions[0].owners[0].sbdf is None
    assert "00:1c.0>00.0" in none_listed(_NONE, alone)
    assert "no region names" in none_listed(_NONE, _inventory(table(UNIT), None))
    assert "no region names" not in none_listed(_NONE, _inventory(NOTHING_WHOLE, None))


def test_a_driver_that_was_not_read_is_not_none() -> None:
    function = PciFunction(SBDF(0, 0, 1, 0), 0x020000, 0x8086, 1, None)

    cells = [driver_cell(one) for one in (function._replace(driver_known=False), function, None)]

    assert cells == ["?", "-", "-"]


# The overview, the report's first sentence, the tree -----------------------------------------


def test_the_overview_distinguishes_no_device_from_an_unknown_one() -> None:
    by_id = amd_taken(amd_host(ivrs(SOUND), None))
    behind = _inventory(table(UNIT, BEHIND), None)
    open_bridge = host_of(table(UNIT, BEHIND))
    path = "/sys/devices/pci0000:00/0000:00:1c.0"
    del open_bridge.files[f"{path}/config"], open_bridge.files[f"{path}/secondary_bus_number"]
    undetermined = taken(open_bridge)

    assert devices_words({}, by_id)[0].startswith("unknown")
    assert devices_words({}, behind)[0].startswith("unknown")
    assert devices_words({}, undetermined)[0].startswith("unknown")
    assert devices_words({}, _inventory(table(UNIT)))[0].startswith("no present device")
    assert devices_words({}, _inventory(NOTHING_WHOLE))[0].startswith("none is known")


def test_of_a_damaged_table_nobody_says_that_it_has_no_other_region() -> None:
    some, none, sound = _inventory(CUT), _inventory(NOTHING_WHOLE), _inventory(table(UNIT))

    assert (len(some.regions), none.regions, sound.regions) == (1, (), ())
    assert "may be missing" in regions_summary(some)
    assert "may be missing" in host_sentence(some)
    assert "damaged" in host_sentence(none)
    assert "has no RMRR structure" in host_sentence(sound)


def test_a_report_counts_what_only_xen_or_linux_reports() -> None:
    inventory = _inventory(table(UNIT))
    missing = inventory._replace(iommu=Missing(MissingKind.DENIED))
    entry = ListEntry(AddressRange(0x1000, 0x2000), Origin.UNKNOWN, None, 7)
    listed = missing._replace(
        xen=missing.xen._replace(list=missing.xen.list._replace(entries=(entry,)))
    )

    assert "unknown" in host_sentence(missing)
    assert "1 reserved region in 7 entries" in host_sentence(listed)


def test_the_tree_of_a_table_alone_has_no_number_of_functions() -> None:
    alone, whole = _inventory(table(UNIT), None), _inventory(table(UNIT))

    assert not any("0 functions" in line for line in tree_text(alone))
    assert any("were not read" in line for line in tree_text(alone))
    assert any("INCLUDE_PCI_ALL: 6 functions" in line for line in tree_text(whole))


def test_the_tree_distinguishes_an_absent_device_from_an_unknown_one() -> None:
    """Without the PCI functions, a device that the table names may be present."""
    named = table(drhd(0xFED90000, scope(1, 0, (0x19, 0))), UNIT)
    absent, unknown = (
        [line for line in tree_text(_inventory(named, functions)) if "00:19.0" in line]
        for functions in (FUNCTIONS, None)
    )

    assert [line.endswith(", absent") for line in absent] == [True]
    assert [line.endswith(", presence unknown") for line in unknown] == [True]


def test_the_tree_of_a_damaged_table_leaves_its_units_open() -> None:
    cut, none = _inventory(table(UNIT)[:-4]), _inventory(b"DMAR")

    assert cut.units == none.units == ()
    assert any("decoded part" in line for line in tree_text(cut))
    assert any("are unknown" in line for line in tree_text(none))


def test_the_tree_of_an_ivrs_alone_has_the_ids_of_functions_and_not_of_interrupt_sources() -> None:
    sources = (special(1, 0, 0x00A0), special(2, 0, 0x00A1))
    unit = ivhd(device_range(0x0008, 0x00FF), *sources, kind=0x11)
    alone = amd_taken(amd_host(ivrs(unit), None))

    (unread,) = [line for line in tree_text(alone) if "device IDs" in line]

    assert "00:01.0-00:1f.7" in unread
    assert "00:14" not in unread


def test_the_tree_has_each_function_once_and_under_its_own_unit() -> None:
    """The first unit names a bridge, so it has what is behind it; the other has the rest."""
    named = drhd(0xFED90000, scope(2, 0, (0x1C, 0)), scope(1, 0, (0x1D, 0)))
    again = drhd(0xFED91000, scope(1, 0, (0x1A, 0)), flags=1)
    lines = [line.replace(GAP, " ") for line in tree_text(_inventory(table(named, again, REGION)))]

    order = [line.split()[0] for line in lines if line.startswith("  ")]
    assert order[:3] == ["0000:00:1c.0", "0000:02:00.0", "0000:00:1d.0"]
    assert order[3:] == ["0000:00:1a.0", "INCLUDE_PCI_ALL:", "0000:00:00.0", "0000:00:1e.0"]
    assert any("INCLUDE_PCI_ALL: 2 functions" in line for line in lines)
    assert [line.split()[0] for line in lines if "region 1" in line] == ["0000:00:1d.0"]


def test_the_tree_of_a_scope_that_wrongly_calls_a_bridge_an_endpoint_has_the_bridge_alone() -> None:
    lines = list(tree_text(_inventory(table(drhd(0xFED90000, scope(1, 0, (0x1C, 0)))))))

    unserved = next(at for at, line in enumerate(lines) if line.startswith("No unit serves"))
    assert any("0000:02:00.0" in line for line in lines[unserved:])
    assert not any("0000:02:00.0" in line for line in lines[:unserved])


# Findings ------------------------------------------------------------------------------------


def _with_two_fixes() -> Checked:
    checked = findings(host(rmrr(BASE, LIMIT, USB), rmrr(0x7C000000, 0x7C00FFFF, USB)))
    twins = [one for one in checked.findings if one.rule.id == "rmrr-not-reserved"] or list(
        checked.findings[:1]
    )
    first = twins[0]
    second = first._replace(hit=first.hit._replace(advice="Do another thing."))
    return checked._replace(findings=(first, second))


def test_a_fix_of_its_own_is_shown_with_its_case() -> None:
    checked = _with_two_fixes()

    short = "\n".join(check_text(checked, "Table T", "details"))
    long = "\n".join(check_details_text(checked, "Table T"))
    page = Page(report_html(_inventory(table(UNIT)), checked)).text

    for shown in (short, long, page):
        assert "Do another thing." in " ".join(shown.split())
        assert checked.findings[0].advice[:30] in " ".join(shown.split())


# Memory --------------------------------------------------------------------------------------


def _memory(*lines: str) -> MemoryMap:
    fake = fake_host([], {})
    add_memory_map(fake, lines)
    memory = join(collect(fake)).memory_map
    assert isinstance(memory, MemoryMap)
    return memory


def test_a_part_without_an_entry_is_unknown_if_entries_are_missing() -> None:
    whole = _memory(f"{BASE:#x} {BASE + 0xFFF:#x} Reserved")
    place = AddressRange.from_inclusive(BASE, LIMIT)

    assert memory_words(whole, place) == "Reserved, not in the map"
    assert memory_words(whole._replace(incomplete="lost"), place) == "Reserved, unknown"


@pytest.mark.parametrize(
    ("kinds", "elsewhere", "in_ram", "words"),
    [
        ("Reserved", False, False, ""),
        ("reserved, unknown", False, False, ""),
        ("unknown", False, False, ""),
        ("usable", True, True, "not reserved"),
        ("System RAM, not in the map", True, True, "not reserved"),
        ("Reserved, not in the map", True, False, "not all reserved"),
    ],
)
def test_the_memory_of_a_region_is_named_as_far_as_it_is_known(
    kinds: str,
    elsewhere: bool,  # noqa: FBT001 - a column
    in_ram: bool,  # noqa: FBT001 - a column
    words: str,
) -> None:
    region = _inventory(table(UNIT, REGION)).regions[0]._replace(memory=kinds)

    assert (is_elsewhere(region), is_in_ram(region)) == (elsewhere, in_ram)
    assert not elsewhere or how_reserved(region) == words


def test_a_map_that_lacks_entries_is_no_change_of_memory() -> None:
    a, b = _inventory(table(UNIT, REGION)), _inventory(table(UNIT, REGION))
    unknown, other = (
        b._replace(all_regions=(b.regions[0]._replace(memory=kinds),))
        for kinds in ("Reserved, unknown", "System RAM")
    )

    assert "memory-map" not in _changes(a, unknown)
    assert "memory-map" in _changes(a, other)


def _changes(a: Inventory, b: Inventory) -> list[str]:
    return [change.what for match in compared(a, b).regions for change in match.changes]


def test_a_gap_of_a_map_that_lacks_entries_is_drawn_as_unknown() -> None:
    inventory = _inventory(table(UNIT, REGION))
    known = inventory.host.memory_map
    assert isinstance(known, MemoryMap)
    lost = known._replace(incomplete="entry 3 is missing")
    cut = inventory._replace(host=inventory.host._replace(memory_map=lost))

    assert "Hole: 0x9fc00-0xeffff" in _text(inventory)
    assert "Hole:" not in _text(cut)
    assert "Unknown: 0x9fc00-0xeffff, because entry 3 is missing" in _text(cut)


def test_a_block_without_length_has_no_limit() -> None:
    inventory = of(ivmd(0x9A000000, 0, flags=8))

    assert region_size(inventory.regions[0]) == "length 0"


# The report has what the text has -------------------------------------------------------------


def test_the_report_has_the_mapping_that_a_block_asks_for() -> None:
    page = _text(of(ivmd(0x9A000000, 0x1000, flags=8), ivmd(0x9B000000, 0x1000, flags=3)))

    assert "exclusion for 01:00.0" in page
    assert "unity map, read only for 01:00.0" in page


def test_the_report_has_differences_of_a_host_without_regions() -> None:
    difference = Difference(None, "Xen lists a range that the table does not have")
    inventory = _inventory(table(UNIT))._replace(differences=(difference,))

    assert difference.explanation in _text(inventory)


# Xen's list -------------------------------------------------------------------------------------


def test_an_empty_list_is_not_certain_if_a_range_of_the_option_may_be_added() -> None:
    sure, unsure = (
        take_inventory(
            option_host()._replace(
                xen=XEN._replace(command_line=line, release=None), memory_map=MAP
            )
        )
        for line in ("", "rmrr=0x8fe00=0:1d.0,zz")  # only 4.9 keeps a range with an error
    )

    assert (sure.xen.list.source, sure.xen.list.entries) == (ListSource.PREDICTED, ())
    assert "not certain" not in xen_words(sure)
    assert "not certain" in xen_words(unsure)


def test_a_device_whose_ranges_are_unknown_may_have_an_entry() -> None:
    inventory = _inventory(table(UNIT))
    entry = ListEntry(AddressRange(0x1000, 0x2000), Origin.UNEXPLAINED, None)
    views = inventory.xen._replace(
        list=inventory.xen.list._replace(entries=(entry,)),
        devices_source=ListSource.HYPERVISOR,
    )
    known = inventory._replace(xen=views._replace(devices={}))
    unknown = inventory._replace(xen=views._replace(devices={SBDF(0, 0, 1, 0): None}))

    assert "no present device" in " ".join(xen_list_text(known))
    assert "unknown" in " ".join(xen_list_text(unknown))


# Comparisons -------------------------------------------------------------------------------------


def test_tables_that_were_not_compared_are_not_called_equal() -> None:
    same = inventory_of(table(UNIT, REGION), list(FUNCTIONS))
    equal = replace(compared(same, same), facts=(Changed("linux", "6.1", "6.12"),))
    cut = inventory_of(CUT, list(FUNCTIONS))
    damaged = replace(equal, not_compared=compared(same, cut).not_compared)

    assert headline(equal).startswith("Regions, units and findings do not differ")
    assert "do not differ" not in headline(damaged)
    assert "Linux" in headline(damaged)


# Guests ------------------------------------------------------------------------------------------


def test_a_guest_that_is_not_laid_out_is_not_one_without_regions() -> None:
    pv = answer(guest("00:14.0", type="pv"))
    refused_before = answer(guest("00:14.0"), facts(iommu_off="VT-d is off"))

    assert [case.built.layout for case in pv.outcomes] == [None]
    for resolution in (pv, refused_before):
        lines = " ".join(resolve_text(whole_answer(resolution), {}))
        assert "none is reserved" not in lines


def test_a_device_of_a_pv_guest_is_not_compared_with_its_ram() -> None:
    pv = guest(type="pv", passthrough="enabled")
    attached = hotplug("00:14.0", pv, facts(), stack())

    assert attached.verdict is Verdict.STARTS
    assert "PV guest" in " ".join(hotplug_text(attached))
    assert "overlaps" not in " ".join(hotplug_text(attached))


def test_the_same_reason_for_another_device_is_not_another_region() -> None:
    rule = SourceRule("file.c, function", "EPERM")
    first, second, third = (
        refused(Decider.XEN, "why", rule)._replace(region=region, device=device)
        for region, device in ((A, DEVICE_A), (A, DEVICE_B), (AddressRange(0, 4096), DEVICE_B))
    )

    assert likewise_words([first]) == ""
    assert "1 more device" in likewise_words([first, second])
    assert "1 more region" in likewise_words([first, second, third])


# Devices that AMD's table covers -----------------------------------------------------------------


def test_a_device_whose_group_was_not_read_is_not_called_free() -> None:
    host = desktop(*WIDE)
    unread = host._replace(groups=Missing(MissingKind.NOT_COLLECTED))
    coverage = coverage_of(take_inventory(unread), ())
    sentences = list(coverage_words(coverage, fixes=False))

    assert (coverage.free, [str(sbdf) for sbdf in coverage.unknown]) == ((), ["0000:11:00.0"])
    assert not coverage.all_blocked
    assert "0000:11:00.0" in sentences[-1]
    assert "unknown" in sentences[-1]


def test_devices_that_may_be_free_are_named_beside_those_that_are() -> None:
    covered = coverage_of(amd_inventory(*WIDE), ())
    unknown = tuple(SBDF(0, 0x20, number, 0) for number in range(8))
    sentences = " ".join(coverage_words(covered._replace(unknown=unknown), fixes=False))

    assert all(part in sentences for part in ("0000:11:00.0", "0000:20:00.0", "and 2 more"))


@pytest.mark.parametrize("cut", [False, True], ids=["a wrong checksum", "cut"])
def test_only_damage_that_hides_structures_says_that_a_part_was_decoded(
    cut: bool,  # noqa: FBT001 - a case
) -> None:
    """A table without an RMRR: one wrong byte of the header hides none, a lost end may."""
    whole = table(UNIT)
    bad = whole[:-8] if cut else patched(whole, [(9, bytes([whole[9] ^ 1]))])
    inventory = inventory_of(bad)
    assert not isinstance(inventory.iommu, Missing)
    assert inventory.iommu.damage

    for text in (regions_words(inventory), regions_summary(inventory)):
        assert text.startswith("none")
        assert ("decoded part" in text) is cut


# Facts about a device --------------------------------------------------------------------------


def _facts(inventory: Inventory, sbdf: str) -> dict[str, str]:
    function = inventory.host.topology.known[SBDF.parse(sbdf)]
    return {**dict(card_facts(inventory, function)), **dict(verdict_facts(inventory, function))}


def test_what_a_guest_with_a_device_reserves_is_unknown_if_xen_did_not_report_it() -> None:
    inventory = _inventory(table(UNIT, REGION))
    views, usb = inventory.xen, SBDF.parse("0000:00:1d.0")

    def reserves(views: XenViews) -> str:
        return _facts(inventory._replace(xen=views), "0000:00:1d.0")["Xen"]

    place = "0x7b800000-0x7b80ffff"
    assert place in reserves(views)
    assert "(predicted)" in reserves(views)
    assert "(predicted)" not in reserves(views._replace(devices_source=ListSource.HYPERVISOR))
    assert "nothing" in reserves(views._replace(devices={}))
    for unknown in (
        views._replace(devices={usb: None}),
        views._replace(devices_source=ListSource.UNKNOWN),
        views._replace(
            list=views.list._replace(source=ListSource.UNKNOWN, entries=()),
            devices_source=ListSource.UNKNOWN,
            devices={},
        ),
    ):
        assert "unknown" in reserves(unknown)
        assert place not in reserves(unknown)
        assert "nothing" not in reserves(unknown)


def test_the_group_of_a_device_has_its_mates_and_a_locked_one_is_named() -> None:
    made = host(rmrr(BASE, LIMIT, USB))
    grouped(made, g0=["0000:00:1d.0", "0000:00:1a.0"], g1=["0000:02:00.0"])
    direct = b"0x000000007b800000 0x000000007b80ffff direct\n"
    made.files["/sys/kernel/iommu_groups/0/reserved_regions"] = direct
    inventory = taken(made)
    locked = inventory.regions[0]._replace(
        linux=tuple(held._replace(hold=Hold.DIRECT) for held in inventory.regions[0].linux)
    )
    changed = inventory._replace(regions=(locked,))

    assert [str(held.sbdf) for held in locked.linux] == ["0000:00:1d.0"]
    mate, usb = (_facts(changed, f"0000:00:{name}.0") for name in ("1a", "1d"))
    assert (mate["Group"], usb["Group"]) == ("0, with 0000:00:1d.0", "0, with 0000:00:1a.0")
    assert _facts(changed, "0000:02:00.0")["Group"] == "1, alone"
    assert mate["Linux"].endswith("0000:00:1d.0")
    assert usb["Linux"] == "locked" != mate["Linux"]
    assert "Linux" not in _facts(changed, "0000:02:00.0")


def test_a_group_whose_regions_linux_reports_has_none_of_the_firmware() -> None:
    """Without a table; a group whose file was not read proves nothing."""
    made = host_of(table(UNIT))
    made.files["/sys/firmware/acpi/tables/DMAR"] = Missing(MissingKind.DENIED)
    grouped(made, g4=["0000:00:1a.0"], g5=["0000:00:1d.0"])
    msi = b"0x00000000fee00000 0x00000000feefffff msi\n"
    made.files["/sys/kernel/iommu_groups/4/reserved_regions"] = msi
    inventory = taken(made)

    assert "no region" in _facts(inventory, "0000:00:1a.0")["Linux"]
    assert "Linux" not in _facts(inventory, "0000:00:1d.0")
    direct = msi + b"0x000000007b800000 0x000000007b80ffff direct\n"
    made.files["/sys/kernel/iommu_groups/4/reserved_regions"] = direct
    assert "no region" not in _facts(taken(made), "0000:00:1a.0").get("Linux", "")


def test_a_list_that_xen_reports_is_not_predicted_although_that_of_each_device_is() -> None:
    inventory = _inventory(table(UNIT, REGION))
    reported = inventory.xen.list._replace(source=ListSource.HYPERVISOR)
    (region,) = inventory.regions

    assert "(predicted)" in xen_view(inventory, region)
    listed = inventory._replace(xen=inventory.xen._replace(list=reported))
    assert "(predicted)" not in xen_view(listed, region)


def test_many_devices_of_a_group_are_counted_and_linux_names_none_of_them() -> None:
    def words(*numbers: int, groups: int = 1) -> str:
        devices = tuple(SBDF(0, 1, number, 0) for number in numbers)
        own = tuple(IommuGroup(7 + place, devices, ()) for place in range(groups))
        return published_words(UnexplainedRegion(AddressRange(0x1000, 0x3000), "direct", own))

    assert words(1).startswith("0x00001000-0x00002fff  8 KiB  direct  IOMMU group 7: 0000:01:01.0")
    assert words(1).endswith("0000:01:01.0")
    assert words(1, 2).endswith("(Linux does not report which of them)")
    assert "more" not in words(*range(6))
    assert "0000:01:05.0 and 1 more" in words(*range(7))
    assert words(1, groups=2).endswith("IOMMU groups 7-8")
