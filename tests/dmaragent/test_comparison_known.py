"""What a comparison takes for known, for the same and for told: at the edges of each."""

from dataclasses import replace
from typing import Any

import pytest

from dmaragent.addresses import AddressRange
from dmaragent.collect.collect import collect
from dmaragent.comparison import words
from dmaragent.comparison.comparability import comparable_parts
from dmaragent.comparison.facts import changed_facts, unknown_facts
from dmaragent.comparison.model import (
    Changed,
    FindingChange,
    FindingFate,
    GuestChanges,
    OwnerChange,
    RegionFate,
    Renumbered,
    Side,
    UnitChange,
)
from dmaragent.comparison.pairing import Pairing
from dmaragent.host import join
from dmaragent.host.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.host.xen import XenHost
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.iommu.kinds import AbsenceKind
from dmaragent.linux.view import LinuxState
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from support.comparisons import compared, host_of, inventory_of
from support.hosts import Function, fake_host
from support.inventories import XEN as DOM0
from support.inventories import in_linux_state
from support.tables import patched, resummed, rmrr, scope, table

USB = scope(1, 0, (0x1D, 0))
LOW = table(rmrr(0x7A000000, 0x7A00FFFF, USB))
FUNCTIONS = [Function(sbdf="0000:00:1d.0", class_code=0x0C0320)]
UNKNOWN = Missing(MissingKind.NOT_COLLECTED)
XEN = XenHost(
    dom0=True,
    guest_type="PV",
    release=Release(4, 17),
    extra=".7",
    command_line="dom0_mem=2G",
    capabilities=("directio",),
    reserved_memory=UNKNOWN,
    device_reserved_memory=UNKNOWN,
    assignable=UNKNOWN,
)
MAP = MemoryMap((MemoryEntry(AddressRange(0, 1 << 30), MemoryType.RAM, "System RAM"),))


def _host(xen: XenHost | None = None, state: LinuxState = LinuxState.GROUPS) -> Inventory:
    found = inventory_of(LOW, FUNCTIONS)
    return in_linux_state(found._replace(host=found.host._replace(xen=xen)), state)


def test_xen_s_iommu_that_was_switched_off_is_told_as_off() -> None:
    off = XEN._replace(capabilities=())

    assert list(changed_facts(_host(XEN), _host(off))) == [Changed("xen-iommu", "on", "off")]


def test_unknown_options_of_the_kernel_are_no_change() -> None:
    hosts = [
        host._replace(host=host.host._replace(system=host.host.system._replace(options=options)))
        for host in (_host(),)
        for options in (("quiet",), None, ())
    ]

    assert list(changed_facts(hosts[0], hosts[1])) == []
    assert list(changed_facts(hosts[0], hosts[2])) == [Changed("kernel-options", "quiet", "none")]


def test_a_table_without_flags_differs_from_one_with_a_flag() -> None:
    flagged, bare = (
        inventory_of(resummed(patched(LOW, [(37, flags)])), FUNCTIONS) for flags in (b"\1", b"\0")
    )

    (change,) = changed_facts(flagged, bare)

    assert (change.what, change.new) == ("table-flags", "none")


def test_the_padding_of_an_identifier_is_no_part_of_it() -> None:
    zeros, blanks = (
        inventory_of(resummed(patched(LOW, [(10, b"ACME" + pad)])), FUNCTIONS)
        for pad in (b"\0\0", b"  ")
    )

    assert list(changed_facts(zeros, blanks)) == []


def test_each_part_of_a_comparison_makes_hosts_differ() -> None:
    """Each part is that of two hosts that differ in it, put into the comparison of one with itself."""
    same = compared(_host(), _host())
    change = Changed("x", "a", "b")
    (region,) = same.regions
    owner = OwnerChange(a=None, b=region.b.owners[0] if region.b else None)
    function = next(iter(_host().host.topology.known.values()))
    finding = FindingChange(fate=FindingFate.APPEARED, a=None, b=None)
    parts: list[dict[str, Any]] = [
        {"facts": (change,)},
        {"xen": (change,)},
        {"table_order": change},
        {"renumbered": (Renumbered(a=function, b=function),)},
        {"units": (UnitChange(a=None, b=None),)},
        {"structures": ("a structure",)},
        {"regions": (replace(region, changes=(change,)),)},
        {"regions": (replace(region, owners=(owner,)),)},
        {"regions": (replace(region, fate=RegionFate.MOVED),)},
        {"findings": (finding,)},
        {"guests": GuestChanges(changed=("a guest",), same={})},  # type: ignore[arg-type]
    ]

    assert not same.differs
    assert [replace(same, **part).differs for part in parts] == [True] * len(parts)
    unknown = (replace(finding, fate=FindingFate.NOT_KNOWN),)
    assert not replace(same, findings=unknown).differs
    assert not replace(same, guests=GuestChanges(changed=(), same={})).differs


def test_an_iommu_of_xen_that_is_unknown_is_not_off() -> None:
    unknown = XEN._replace(capabilities=None)

    assert list(changed_facts(_host(XEN), _host(unknown))) == []
    (lacking,) = unknown_facts(_host(XEN), _host(unknown))
    assert lacking.side is Side.B


@pytest.mark.parametrize("side", [Side.A, Side.B])
def test_the_side_that_runs_under_xen_is_named(side: Side) -> None:
    pair = [_host(), _host(state=LinuxState.UNDER_XEN)]

    found = compared(*(pair if side is Side.B else pair[::-1]))

    assert [one.side for one in found.not_compared if one.what == "linux"] == [side]


@pytest.mark.parametrize("side", [Side.A, Side.B])
def test_the_side_whose_functions_are_unknown_is_named(side: Side) -> None:
    pair = [_host(), inventory_of(LOW)]

    found = compared(*(pair if side is Side.B else pair[::-1]))

    assert [one.side for one in found.not_compared if one.what == "pci-functions"] == [side]
    neither = compared(inventory_of(LOW), inventory_of(LOW))
    assert [one.side for one in neither.not_compared if one.what == "pci-functions"] == [None]


@pytest.mark.parametrize("side", [Side.A, Side.B])
def test_the_side_without_a_known_table_is_named_with_its_reason(side: Side) -> None:
    denied = host_of(LOW)
    denied.files["/sys/firmware/acpi/tables/DMAR"] = Missing(MissingKind.DENIED)
    pair = [inventory_of(LOW), take_inventory(join(collect(denied)))]

    blocker = compared(*(pair if side is Side.B else pair[::-1])).blocker

    assert blocker is not None
    assert blocker.side is side
    assert blocker.why.startswith(words.table_not_known("").split("(")[0])


def test_a_host_without_xen_lacks_no_fact_about_xen() -> None:
    assert list(unknown_facts(_host(), _host(XEN))) == []
    (unknown,) = unknown_facts(_host(state=LinuxState.UNKNOWN), _host(XEN))

    assert unknown.side is Side.A
    assert "Xen's options" in unknown.why


@pytest.mark.parametrize("state", [LinuxState.GROUPS, LinuxState.UNDER_XEN])
def test_what_linux_holds_is_compared_where_linux_has_the_iommu_on_both(state: LinuxState) -> None:
    nic = inventory_of(LOW, [Function(sbdf="0000:00:1d.0", class_code=0x020000)])

    found = compared(_host(), in_linux_state(nic, state))

    changes = [each.what for one in found.regions for each in one.changes]
    assert changes == (["linux"] if state is LinuxState.GROUPS else [])


@pytest.mark.parametrize("both", [True, False], ids=["on both", "on one"])
def test_predicted_lists_are_compared_where_both_know_the_memory_map(both: bool) -> None:  # noqa: FBT001 - a case
    a, b = _host(), _host()
    mapped = b._replace(host=b.host._replace(memory_map=MAP))

    assert comparable_parts(mapped if both else a, mapped).xen_list is both


# What is the same one


@pytest.mark.parametrize(
    ("left", "right", "pairs"),
    [
        (["a"], ["b"], 1),
        (["a", "c"], ["b"], 0),
        (["a"], ["b", "c"], 0),
        (["a", "c"], ["b", "d"], 0),
    ],
    ids=["one each", "two on the left", "two on the right", "two each"],
)
def test_what_must_be_unique_is_unique_on_both_sides(
    left: list[str], right: list[str], pairs: int
) -> None:
    found = Pairing.of(left, right)

    found.by(lambda _: "the same", unique=True)

    assert len(found.pairs) == pairs


def test_regions_of_two_devices_alike_on_other_roots_are_not_taken_for_moved() -> None:
    def host(base: int, *buses: int) -> Inventory:
        regions = [
            rmrr(base + (bus << 16), base + (bus << 16) + 0xFFF, scope(1, bus, (2, 0)))
            for bus in buses
        ]
        return inventory_of(
            table(*regions),
            [Function(sbdf=f"0000:{bus:02x}:02.0", ids=(0x8086, 0x1521)) for bus in buses],
        )

    fates = [one.fate for one in compared(host(1 << 28, 1, 2), host(1 << 29, 3, 4)).regions]

    assert fates == [RegionFate.GONE, RegionFate.GONE, RegionFate.APPEARED, RegionFate.APPEARED]


@pytest.mark.parametrize(
    ("kind", "fate"),
    [(1, RegionFate.SAME), (3, RegionFate.OWNERS), (99, RegionFate.OWNERS)],
    ids=["endpoint", "IOAPIC", "unknown type"],
)
def test_the_enumeration_id_tells_devices_apart_where_the_type_may_use_it(
    kind: int, fate: RegionFate
) -> None:
    a, b = (
        inventory_of(
            table(rmrr(0x7A000000, 0x7A00FFFF, scope(kind, 0, (2, 0), enumeration_id=number)))
        )
        for number in (1, 2)
    )

    assert [one.fate for one in compared(a, b).regions] == [fate]


def test_other_bytes_are_not_told_beside_a_region_that_says_so() -> None:
    moved = inventory_of(table(rmrr(0x7B000000, 0x7B00FFFF, USB)), FUNCTIONS)

    found = compared(inventory_of(LOW, FUNCTIONS), moved)

    assert [one.fate for one in found.regions] == [RegionFate.MOVED]
    assert found.facts == ()


# What only one side knows


def test_a_point_release_that_one_side_lacks_is_unknown_and_no_change() -> None:
    series = XEN._replace(extra=None)

    assert list(changed_facts(_host(XEN), _host(series))) == []
    (unknown,) = unknown_facts(_host(XEN), _host(series))
    assert unknown.side is Side.B
    assert "Xen's point release" in unknown.why


def test_another_series_is_a_change_even_without_its_point_release() -> None:
    newer = XEN._replace(release=Release(4, 20), extra=None)

    assert list(changed_facts(_host(XEN), _host(newer))) == [Changed("xen", "4.17", "4.20")]


def _published(word: bytes | None) -> Inventory:
    """Return a host whose device has the region with the type `word`; None: no group is known."""
    host = host_of(LOW, FUNCTIONS)
    if word is not None:
        base = "/sys/kernel/iommu_groups"
        host.directories |= {base: ("1",), f"{base}/1/devices": ("0000:00:1d.0",)}
        host.files[f"{base}/1/reserved_regions"] = b"0x7a000000 0x7a00ffff %s\n" % word
    taken = take_inventory(join(collect(host)))
    return in_linux_state(taken, LinuxState.GROUPS)


def test_a_published_type_is_not_compared_with_a_predicted_one() -> None:
    found = compared(_published(None), _published(b"direct"))

    assert [each.what for one in found.regions for each in one.changes] == []
    (missing,) = [each for each in found.not_compared if each.what == "linux"]
    assert missing.side is Side.A
    assert "0000:00:1d.0" in missing.why


def test_two_published_types_are_compared() -> None:
    found = compared(_published(b"direct-relaxable"), _published(b"direct"))

    (change,) = [each for one in found.regions for each in one.changes]
    assert change.what == "linux"
    assert [each for each in found.not_compared if each.what == "linux"] == []


@pytest.mark.parametrize("memory", [False, True], ids=["only bytes", "and the memory map"])
def test_other_bytes_of_a_table_are_told_whatever_else_the_host_differs_in(
    memory: bool,  # noqa: FBT001 - a case
) -> None:
    other = resummed(patched(LOW, [(40, b"\x07")]))  # a reserved byte of the header
    a, b = inventory_of(LOW, FUNCTIONS), inventory_of(other, FUNCTIONS)
    if memory:
        a, b = _with_memory(a, "Reserved"), _with_memory(b, "ACPI Non-volatile Storage")

    found = compared(a, b)

    assert [fact.what for fact in found.facts] == ["table-bytes"]
    assert any(match.differs for match in found.regions) is memory


def _with_memory(inventory: Inventory, kind: str) -> Inventory:
    regions = tuple(region._replace(memory=kind) for region in inventory.all_regions)
    return inventory._replace(regions=regions, all_regions=regions)


@pytest.mark.parametrize("hidden", [True, False], ids=["dom0 of unknown type", "without Xen"])
def test_a_table_that_xen_may_hide_is_unknown_and_not_gone(
    hidden: bool,  # noqa: FBT001 - a case
) -> None:
    """The list of ACPI tables has a FADT only; a PVH dom0 has no DMAR, whatever the firmware has."""
    host = fake_host([], {"FACP": b""})
    host.files |= DOM0 if hidden else {}
    without = take_inventory(join(collect(host)))
    assert without.absence is not None
    assert without.absence.kind is AbsenceKind.UNKNOWN

    found = compared(_host(), without)

    assert (found.blocker is not None) is hidden
    assert [one.fate for one in found.regions] == ([] if hidden else [RegionFate.GONE])
    why = [each.why for each in found.not_compared if each.what == "table"]
    assert why == (
        ["its table is unknown, because Xen can hide it from its dom0"] if hidden else []
    )


@pytest.mark.parametrize("kind", ["unknown", "Reserved, unknown"])
def test_a_type_of_memory_that_only_one_side_knows_is_not_compared(kind: str) -> None:
    a, b = _with_memory(_host(), "Reserved"), _with_memory(_host(), kind)
    (found, swapped) = (compared(a, b), compared(b, a))

    assert not any(match.changes for match in found.regions)
    for comparison, side in ((found, Side.B), (swapped, Side.A)):
        told = [(one.side, one.why) for one in comparison.not_compared if one.what == "memory-map"]
        assert told == [(side, "the memory type of region 1 is unknown")]
    assert compared(b, b).not_compared == compared(a, a).not_compared


def test_without_a_memory_map_on_one_side_no_single_region_is_named() -> None:
    regions = tuple(region._replace(memory=None) for region in _host().all_regions)
    without = _host()._replace(regions=regions, all_regions=regions)

    for a, b in ((without, _with_memory(_host(), "Reserved")), (without, without)):
        told = [one.why for one in compared(a, b).not_compared if one.what == "memory-map"]
        assert not [why for why in told if "region 1" in why]


def test_the_regions_without_a_known_type_are_named_in_runs() -> None:
    assert words.memory_types_not_known([1, 2, 3, 5]) == (
        "the memory types of regions 1-3, 5 are unknown"
    )


def _with_list(inventory: Inventory, *, listed: bool | None = True, **changed: Any) -> Inventory:
    """Return it with a memory map, and with a predicted list of Xen that was `changed`."""
    regions = tuple(
        region._replace(xen=region.xen._replace(listed=listed)) for region in inventory.all_regions
    )
    facts: dict[str, Any] = {"doubt": "", "iommu_disabled": "", **changed}
    xen_list = inventory.xen.list._replace(**facts)
    return inventory._replace(
        host=inventory.host._replace(memory_map=MAP),
        regions=regions,
        all_regions=regions,
        xen=inventory.xen._replace(list=xen_list),
    )


@pytest.mark.parametrize("why", ["doubt", "unread"])
def test_a_list_that_is_not_certain_is_not_compared_with_one_that_is(why: str) -> None:
    """Xen certainly switches VT-d off on A; on B it may, if the region is in RAM."""
    off = _with_list(_host(), listed=False, iommu_disabled="the region is in RAM")
    unread: dict[str, Any] = {why: "an entry of the map is unreadable"}
    open_list = _with_list(_host(), **unread)

    found = compared(off, open_list)

    assert found.xen == ()
    assert not any(match.changes for match in found.regions)
    told = [(one.side, one.why) for one in found.not_compared if one.what == "xen-list"]
    assert told == [
        (
            Side.B,
            "Xen's list is not certain, so it is not compared: an entry of the map is unreadable",
        )
    ]
    certain = compared(off, _with_list(_host()))
    assert [(one.what, one.new) for one in certain.xen] == [("vt-d", "in use")]
    assert not [one for one in certain.not_compared if one.what == "xen-list"]


def test_a_region_of_which_one_list_is_unknown_is_named() -> None:
    found = compared(_with_list(_host(), listed=None), _with_list(_host()))

    told = [(one.side, one.why) for one in found.not_compared if one.what == "xen-list"]
    assert told == [(Side.A, "it is unknown whether Xen lists region 1")]


def test_a_pv_dom0_without_an_iommu_hides_no_table() -> None:
    """It has the firmware's list of tables, with a FADT only; its processor is unknown."""
    host = fake_host([], {"FACP": b""})
    host.files |= {**DOM0, "/sys/hypervisor/guest_type": b"PV\n"}
    host.calls["xl-info"] = b"virt_caps : pv hvm\n"
    without = take_inventory(join(collect(host)))
    assert without.absence is not None
    assert without.absence.kind is AbsenceKind.UNKNOWN
    assert without.host.xen is not None
    assert without.host.xen.iommu_enabled is False

    found = compared(_host(), without)

    assert found.blocker is None
    assert [one.fate for one in found.regions] == [RegionFate.GONE]
