"""Documents about hosts and devices: null is unknown, empty and false are none, values are there."""

from dataclasses import replace
from typing import Any

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.answers.devices import BestRemedy, DeviceRow, Verdict
from dmaragent.answers.explain import Explanation
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.host.groups import IommuGroup, KernelRegion
from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.topology import PciFunction, PciTopology
from dmaragent.host.xen import XenHost
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.iommu.model import Access, Capabilities, IommuTable
from dmaragent.linux.regions import Held, Hold
from dmaragent.linux.unexplained_regions import UnexplainedRegion
from dmaragent.passthrough.model import Can, Case, PlatformVerdict, ToolstackPolicy
from dmaragent.policy.decisions import SourceRule
from dmaragent.present.json.devices import devices_document
from dmaragent.present.json.explain import explain_document
from dmaragent.present.json.inventory import device_object, inventory_document, unit_object
from dmaragent.present.words.devices import DeviceList
from dmaragent.readings import Missing, MissingKind, TableReading
from dmaragent.remedies.remedy import DeviceRemedy, Safety
from dmaragent.xen.reserved_list.model import ListEntry, ListSource, Origin
from support.amd_inventories import WIDE, amd_inventory
from support.cli import check_document
from support.device_rows import device_row
from support.guests import stack
from support.hosts import fake_host
from support.inventories import UNIT, inventory_of
from support.ivrs_tables import ivmd
from support.tables import andd, atsr, drhd, rhsa, rmrr, satc, scope, table

UNREAD = Missing(MissingKind.DENIED, "Permission denied")
USB, BEHIND, GONE = scope(1, 0, (0x14, 0)), scope(1, 0, (0x1C, 0), (1, 0)), scope(1, 0, (0x1D, 0))
FIRST, SECOND, THIRD = (SBDF(0, 0, 0x14, function) for function in range(3))
PAGES = AddressRange(0x7A000000, 0x7A002000)
PAGES_OBJECT = {"base": "0x7a000000", "limit": "0x7a001fff"}
FOUND = inventory_of(UNIT, rmrr(0x7A000000, 0x7A001FFF, USB))


def _answer(inventory: Inventory) -> Any:
    document = inventory_document(inventory, "live", "")
    check_document(document)
    return document["answer"]


def _with_host(**facts: object) -> Any:
    return _answer(FOUND._replace(host=FOUND.host._replace(**facts)))  # type: ignore[arg-type]


def _xen(**facts: object) -> XenHost:
    given: dict[str, object] = {
        "dom0": None,
        "guest_type": None,
        "release": None,
        "extra": None,
        "command_line": None,
        "capabilities": None,
        "reserved_memory": UNREAD,
        "device_reserved_memory": UNREAD,
        "assignable": UNREAD,
    }
    return XenHost(**{**given, **facts})  # type: ignore[arg-type]


# The host --------------------------------------------------------------------------------


def test_functions_that_were_not_read_are_null_and_no_function_is_0() -> None:
    unread, none = (_with_host(topology=PciTopology(UNREAD)), _with_host(topology=PciTopology({})))

    assert (unread["pci_functions"], none["pci_functions"]) == (None, 0)
    assert _answer(FOUND)["pci_functions"] == 8


@pytest.mark.parametrize(("options", "shown"), [(None, None), ((), []), (("ro",), ["ro"])])
def test_unknown_kernel_options_are_null(
    options: tuple[str, ...] | None, shown: list[str] | None
) -> None:
    system = FOUND.host.system._replace(options=options)

    assert _with_host(system=system)["machine"]["kernel_options"] == shown


def test_a_memory_map_without_an_entry_is_known() -> None:
    maps = (UNREAD, MemoryMap(()))

    assert [_with_host(memory_map=one)["machine"]["memory_map"] for one in maps] == [False, True]


@pytest.mark.parametrize("sources", [(), (("DMAR", "acpidump.txt"),)])
def test_only_a_host_of_files_has_sources(sources: tuple[tuple[str, str], ...]) -> None:
    host = FOUND.host._replace(sources=sources)
    origin = inventory_document(FOUND._replace(host=host), "live", "")["origin"]

    assert origin.get("sources", "none") == (
        [{"reading": "DMAR", "file": "acpidump.txt"}] if sources else "none"
    )


@pytest.mark.parametrize(
    ("xen", "facts"),
    [
        (None, (None, None, None)),
        (_xen(), (None, None, None)),
        (_xen(dom0=False, capabilities=(), assignable=()), (False, False, [])),
        (
            _xen(dom0=True, capabilities=("hvm_directio",), assignable=(FIRST,)),
            (True, True, ["0000:00:14.0"]),
        ),
    ],
    ids=["no Xen", "unknown", "no", "yes"],
)
def test_what_xen_does_not_report_is_null(xen: XenHost | None, facts: tuple[object, ...]) -> None:
    shown = _with_host(xen=xen)["xen"]

    assert (shown["dom0"], shown["iommu_enabled"], shown["assignable"]) == facts


def test_the_ranges_of_a_device_are_null_if_unknown_and_empty_if_it_has_none() -> None:
    devices = {THIRD: (PAGES,), FIRST: None, SECOND: ()}
    shown = _answer(FOUND._replace(xen=FOUND.xen._replace(devices=devices)))["xen"]["devices"]

    assert list(shown.items()) == [
        ("0000:00:14.0", None),
        ("0000:00:14.1", []),
        ("0000:00:14.2", [PAGES_OBJECT]),
    ]


def test_the_list_and_the_devices_of_xen_have_a_source_each() -> None:
    listed = FOUND.xen.list._replace(
        source=ListSource.HYPERVISOR,
        entries=(ListEntry(PAGES, Origin.UNEXPLAINED, None, 3), ListEntry(PAGES, Origin.TABLE, 1)),
        iommu_disabled="off",
        why_empty=("nothing",),
        notes=("assumed",),
    )
    views = FOUND.xen._replace(list=listed, devices_source=ListSource.UNKNOWN)
    shown = _answer(FOUND._replace(xen=views))["xen"]

    assert (shown["source"], shown["devices_source"]) == ("hypervisor", "unknown")
    assert shown["entries"] == [
        {**PAGES_OBJECT, "origin": "unexplained", "region": None, "devices": 3},
        {**PAGES_OBJECT, "origin": "table", "region": 1, "devices": 1},
    ]
    assert (shown["iommu_disabled"], shown["why_empty"], shown["notes"]) == (
        "off",
        ["nothing"],
        ["assumed"],
    )
    none = _answer(FOUND)["xen"]
    assert (none["iommu_disabled"], none["why_empty"]) == ("", [])


def test_other_tables_and_problems_are_named_and_a_sound_host_has_none() -> None:
    unread = TableReading("RMAD", "/sys/firmware/acpi/tables/RMAD", UNREAD)
    host = FOUND.host._replace(tables=(*FOUND.host.tables, unread), problems=("a line",))
    found = FOUND._replace(host=host, undetermined=("00:1c.0>00.0",))
    sound, odd = _answer(FOUND), _answer(found)

    names = ("other_tables", "problems", "undetermined")
    assert [sound[name] for name in names] == [[], [], []]
    assert [odd[name] for name in names] == [["RMAD"], ["a line"], ["00:1c.0>00.0"]]


# IOMMU groups ----------------------------------------------------------------------------


def _groups(inventory: Inventory, groups: object) -> Any:
    host = inventory.host._replace(groups=groups)  # type: ignore[arg-type]
    return _answer(inventory._replace(host=host))["linux"]["groups"]


def test_unknown_groups_and_unknown_regions_of_a_group_are_null() -> None:
    region = KernelRegion(0x1000, 0x1FFF, "msi")

    def regions(known: tuple[KernelRegion, ...] | None) -> Any:
        (group,) = _groups(FOUND, (IommuGroup(4, (FIRST,), known),))
        return group["regions"]

    assert _groups(FOUND, UNREAD) is None
    assert _groups(FOUND, ()) == []
    assert regions(None) is None
    assert regions(()) == []
    assert regions((region,)) == [{"base": "0x1000", "limit": "0x1fff", "type": "msi"}]


def test_the_groups_of_all_concerned_devices_are_there_and_no_others() -> None:
    """The devices: an owner, one that Linux holds, one of a published region, one behind VMD."""
    places = [SBDF(0, bus, 0, 0) for bus in range(16, 22)]
    held, published, asked, endpoint, other = places[:5]
    groups = [IommuGroup(n, (sbdf,), ()) for n, sbdf in enumerate([FIRST, *places[:5]])]
    region = FOUND.regions[0]._replace(linux=(Held(held, Hold.DIRECT, None),))
    behind = PciFunction(asked, 0x010802, 0x8086, 1, None, vmd=endpoint)
    host = FOUND.host._replace(topology=PciTopology({asked: behind}), groups=tuple(groups))
    inventory = FOUND._replace(
        host=host,
        regions=(region,),
        published=(UnexplainedRegion(PAGES, "direct", (groups[2],)),),
    )

    def numbers(one: Inventory) -> list[int]:
        return [group["number"] for group in _answer(one)["linux"]["groups"]]

    assert [str(place) for place in (published, other)] == ["0000:11:00.0", "0000:14:00.0"]
    assert numbers(inventory) == [0, 1, 2]
    assert numbers(inventory._replace(device=asked)) == [0, 1, 2, 3, 4]
    assert numbers(inventory._replace(device=other)) == [0, 1, 2, 5]


# The table -------------------------------------------------------------------------------


def test_capabilities_are_those_of_their_own_structures_in_order() -> None:
    found = inventory_of(
        UNIT,
        atsr(scope(2, 0, (0x1C, 0)), scope(2, 0, (0x02, 0))),
        atsr(flags=1, segment=3),
        atsr(flags=1, segment=1),
        satc(USB),
        andd(9, b"\\B\0"),
        andd(2, b"\\A\0"),
    )
    shown = _answer(found)

    assert shown["ats"] == {
        "root_ports": ["0000:00:02.0", "0000:00:1c.0"],
        "segments": [1, 3],
        "translation_cached": ["0000:00:14.0"],
    }
    assert list(shown["namespace_devices"].items()) == [("2", "\\A"), ("9", "\\B")]
    decoded = found.iommu
    assert isinstance(decoded, IommuTable)
    unordered = Capabilities(ats_segments=frozenset({3, 1}), namespace_names={9: "B", 2: "A"})
    shown = _answer(found._replace(iommu=decoded._replace(capabilities=unordered)))
    assert (shown["ats"]["segments"], list(shown["namespace_devices"])) == ([1, 3], ["2", "9"])


def test_node_0_of_a_unit_is_not_an_unknown_node() -> None:
    first, second, third = 0xFED90000, 0xFED91000, 0xFED92000
    found = inventory_of(
        drhd(first, USB), drhd(second), drhd(third, flags=1), rhsa(first, 0), rhsa(third, 2)
    )
    units = [unit_object(unit) for unit in found.units]

    assert [unit["proximity_domain"] for unit in units] == [0, None, 2]
    assert [unit["include_pci_all"] for unit in units] == [False, False, True]
    assert [len(unit["scopes"]) for unit in units] == [1, 0, 0]


def test_the_unit_of_an_owner_is_its_own_or_null() -> None:
    region = rmrr(0x7A000000, 0x7A001FFF, USB, GONE)
    (served,) = _answer(inventory_of(drhd(0xFED90000, USB, GONE), region))["regions"]
    (not_served,) = _answer(inventory_of(region))["regions"]

    assert [owner["unit"] for owner in served["owners"]] == [48, 48]
    assert [owner["unit"] for owner in not_served["owners"]] == [None, None]
    assert [owner["presence"] for owner in served["owners"]] == ["present", "absent"]
    assert [owner["device"] is None for owner in served["owners"]] == [False, True]


def test_an_owner_has_the_number_of_its_claim() -> None:
    (region,) = _answer(inventory_of(UNIT, rmrr(0x7A000000, 0x7A001FFF, USB, BEHIND)))["regions"]

    assert [(owner["sbdf"], owner["claim"]) for owner in region["owners"]] == [
        ("0000:00:14.0", 0),
        ("0000:01:01.0", 1),
    ]


def test_a_path_through_a_missing_bridge_has_a_step_without_an_address() -> None:
    lost = scope(9, 0, (0x1E, 0), (0, 0))
    (region,) = _answer(inventory_of(UNIT, rmrr(0x7A000000, 0x7A001FFF, lost)))["regions"]
    (owner,) = region["owners"]

    assert (owner["sbdf"], owner["scope"]["type"]) == (None, 9)
    assert [step["sbdf"] for step in owner["scope"]["path"]] == ["0000:00:1e.0", None]


def test_a_block_of_amd_has_ids_and_no_scope() -> None:
    shown = _answer(amd_inventory(*WIDE, ivmd(0x97D9D000, 0x1000, device=0x0100)))["regions"]

    assert shown[0]["claims"][0]["ids"] == {"first": 0, "last": 0x0FFF, "seen_as": None}
    assert shown[2]["claims"][0]["ids"] == {"first": 0x0100, "last": 0x0100, "seen_as": None}
    assert {owner["scope"] for region in shown for owner in region["owners"]} == {None}


def test_a_region_has_the_pages_of_xen_and_the_device_that_linux_holds() -> None:
    (region,) = FOUND.regions
    bridge = SBDF(0, 0, 0x1C, 0)
    held = (Held(FIRST, Hold.DIRECT, None, by_kernel=True), Held(SECOND, Hold.RELAXABLE, bridge))

    def shown(**facts: object) -> Any:
        one = region._replace(xen=region.xen._replace(**facts), linux=held)  # type: ignore[arg-type]
        return _answer(FOUND._replace(regions=(one,)))["regions"][0]

    assert shown(listed=None, range=PAGES)["xen"]["range"] == PAGES_OBJECT
    assert shown(range=None)["xen"]["range"] is None
    assert [shown(listed=listed)["xen"]["listed"] for listed in (True, False, None)] == [
        True,
        False,
        None,
    ]
    assert [shown(sharers=number)["shared"] for number in (1, 2)] == [False, True]
    assert [(one["through"], one["by_kernel"]) for one in shown()["linux"]] == [
        (None, True),
        ("0000:00:1c.0", False),
    ]


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"class_code": None}, {"class_code": None, "class": None}),
        ({"class_code": 0x0C0300, "interface_known": False}, {"class_code": None}),
        ({"class_code": 0x0C0300}, {"class_code": "0x0c0300"}),
        ({"vendor_id": None, "device_id": 1}, {"vendor_id": None, "device_id": "0x0001"}),
        ({"iommu_group": 0, "total_vfs": 0}, {"iommu_group": 0, "total_vfs": 0}),
        ({"iommu_group": None}, {"iommu_group": None, "physical_function": None, "vmd": None}),
        (
            {"physical_function": SECOND, "vmd": THIRD},
            {"physical_function": "0000:00:14.1", "vmd": "0000:00:14.2"},
        ),
    ],
)
def test_an_unknown_fact_of_a_function_is_null(
    facts: dict[str, object], shown: dict[str, object]
) -> None:
    function = PciFunction(FIRST, 0x020000, 0x8086, 0x10D3, None)._replace(**facts)  # type: ignore[arg-type]

    assert shown.items() <= device_object(function).items()


def test_a_class_without_its_interface_has_a_name() -> None:
    function = PciFunction(FIRST, 0x0C0300, 0x8086, 1, None, interface_known=False)

    assert device_object(function)["class"] is not None


@pytest.mark.parametrize(
    ("access", "shown"),
    [
        (Access(0), []),
        (Access.READ, ["read"]),
        (Access.WRITE, ["write"]),
        (Access.READ | Access.WRITE, ["read", "write"]),
    ],
)
def test_a_region_has_the_accesses_that_firmware_grants(access: Access, shown: list[str]) -> None:
    (region,) = FOUND.regions
    one = region._replace(reserved=region.reserved._replace(access=access))

    assert _answer(FOUND._replace(regions=(one,)))["regions"][0]["access"] == shown


def test_a_region_whose_limit_is_below_0_has_0() -> None:
    found = amd_inventory(ivmd(0, 0, device=0x0100))

    assert _answer(found)["regions"][0]["limit"] == "0x0"


def test_a_table_that_cannot_be_decoded_has_its_damage() -> None:
    cut = take_inventory(join(collect(fake_host([], {"DMAR": table(UNIT)[:40]}))))
    shown = _answer(cut)["table"]

    assert (shown["state"], len(shown["damage"]) > 0) == ("undecodable", True)
    assert _answer(FOUND)["table"]["damage"] == []


# Devices ---------------------------------------------------------------------------------


def _rows(*rows: DeviceRow, inventory: Inventory = FOUND, **counts: int) -> Any:
    listed = DeviceList(**{"rows": rows, "known": 0, "chipset": 0, "absent": 0, **counts})  # type: ignore[arg-type]
    document = devices_document(
        inventory, listed, stack(), ("linux",), {"kind": "live", "path": ""}
    )
    check_document(document)
    return document["answer"]


def test_what_is_left_out_is_counted_by_its_reason() -> None:
    shown = _rows(known=1, chipset=2, absent=3, may_match=4)

    counts = ("known", "chipset_left_out", "absent_left_out", "may_match")
    assert [shown[name] for name in counts] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"regions_known": False}, {"regions": None}),
        ({"regions_known": True}, {"regions": [], "reported": [], "unknown": []}),
        ({"regions": (2, 5)}, {"regions": [2, 5]}),
        ({"reported": (PAGES,), "unknown": ("why",)}, {"unknown": ["why"]}),
        ({"reported": (PAGES,)}, {"reported": [PAGES_OBJECT]}),
        ({"group": 0}, {"iommu_group": 0, "step": None}),
        ({"group": None}, {"iommu_group": None}),
        ({"function": None}, {"function": None, "absent": False, "chipset": False}),
        ({"function": None, "absent": True}, {"absent": True}),
        ({"chipset": True}, {"chipset": True}),
        (
            {"xen": Verdict(Can.CONDITIONS, risk=True)},
            {"xen": {"can": "on-conditions", "risk": True}},
        ),
        ({}, {"xen": {"can": "unknown", "risk": False}, "linux": {"can": "yes", "risk": False}}),
    ],
)
def test_a_row_tells_unknown_from_none(facts: dict[str, object], shown: dict[str, object]) -> None:
    (row,) = _rows(replace(device_row("0000:01:00.0"), **facts))["devices"]  # type: ignore[arg-type]

    assert shown.items() <= row.items()


@pytest.mark.parametrize(("side", "shown"), [("", None), ("Xen", "Xen")])
def test_a_step_for_both_sides_has_no_side(side: str, shown: str | None) -> None:
    remedy = BestRemedy(Safety.SAFE, side, "title", "words", "cost")
    (row,) = _rows(device_row("0000:01:00.0", remedy=remedy))["devices"]

    assert row["step"] == {"safety": "safe", "side": shown, "title": "title"}


# One device ------------------------------------------------------------------------------


def _explained(inventory: Inventory = FOUND, sbdf: SBDF = FIRST, **facts: object) -> Any:
    given: dict[str, object] = {
        "sbdf": sbdf,
        "decides": ("xen",),
        "remedies": (),
        "toolstacks": (),
        "notes": (),
        "xen": PlatformVerdict(Can.NO, "xen"),
        "linux": PlatformVerdict(Can.YES, "linux"),
    }
    explanation = Explanation(**{**given, **facts})  # type: ignore[arg-type]
    document = explain_document(inventory, explanation, stack(), "live", "")
    check_document(document)
    return document["answer"]


def test_a_case_without_a_rule_has_none_and_each_side_its_own_cases() -> None:
    rule = SourceRule("file.c", "EPERM")
    cases = (
        Case("first", Can.NO, "why", rule=rule, releases="4.17", message="printed"),
        Case("second", Can.YES, "why"),
    )
    shown = _explained(xen=PlatformVerdict(Can.NO, "", cases=cases))

    names = ("title", "can", "rule", "error", "releases", "message")
    assert [tuple(case[name] for name in names) for case in shown["xen"]["cases"]] == [
        ("first", "no", "file.c", "EPERM", "4.17", "printed"),
        ("second", "yes", "", "", "", ""),
    ]
    assert (shown["xen"]["can"], shown["linux"]) == (
        "no",
        {"can": "yes", "explanation": "linux", "cases": []},
    )


@pytest.mark.parametrize(("side", "lines"), [("", ()), ("Linux", ("one", "two"))])
def test_a_step_has_its_side_and_lines(side: str, lines: tuple[str, ...]) -> None:
    step = DeviceRemedy(
        safety=Safety.RISK, side=side, title="t", explanation="e", where="xl.cfg", lines=lines
    )
    policy = ToolstackPolicy("xl", "strict", Can.CONDITIONS, "how")
    shown = _explained(remedies=(step,), toolstacks=(policy,), notes=("note",))

    assert shown["steps"] == [
        {
            "safety": "risk",
            "side": side or None,
            "title": "t",
            "explanation": "e",
            "where": "xl.cfg",
            "lines": list(lines),
        }
    ]
    assert shown["toolstacks"] == [
        {"toolstack": "xl", "policy": "strict", "can": "on-conditions", "explanation": "how"}
    ]
    assert (shown["notes"], _explained()["notes"]) == (["note"], [])


def test_a_device_that_is_not_there_has_no_function_and_one_without_a_unit_none() -> None:
    present, absent = _explained(), _explained(sbdf=SBDF(0, 0, 9, 0))
    without = inventory_of(rmrr(0x7A000000, 0x7A001FFF, USB))

    assert (present["function"]["class_code"], absent["function"]) == ("0x0c0330", None)
    assert present["unit"]["offset"] == 48
    assert _explained(without)["unit"] is None
    assert [_explained()["complete"], _explained(FOUND._replace(iommu=UNREAD))["complete"]] == [
        True,
        False,
    ]
