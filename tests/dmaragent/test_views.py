"""Linux's and Xen's views, the units, and why there is no table."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.absence import AbsenceKind, why_no_table
from dmaragent.addresses import SBDF, AddressRange
from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.inventory import Inventory, LinuxState, take_inventory
from dmaragent.platforms.linux import Hold, covers
from dmaragent.snapshot import Missing, MissingKind
from dmaragent.topology import Presence
from dmaragent.units import Units
from dmaragent.views.model import ListSource, Origin
from fwtables import Decoded
from support.hosts import FakeHost, Function, fake_host
from support.tables import andd, atsr, drhd, rhsa, rmrr, satc, scope, table

BRIDGE = 0x060400
FUNCTIONS = [
    Function(sbdf="0000:00:02.0", class_code=0x030000),
    Function(sbdf="0000:00:14.0", class_code=0x0C0330),
    Function(sbdf="0000:00:1c.0", class_code=BRIDGE, secondary_bus=1, subordinate_bus=2),
    Function(sbdf="0000:01:00.0", total_vfs=2),
    Function(sbdf="0000:01:00.1", physical_function="0000:01:00.0"),
    Function(sbdf="0000:01:01.0", class_code=BRIDGE, secondary_bus=2),
    Function(sbdf="0000:02:00.0", class_code=0x030200),
    Function(sbdf="0000:00:1f.0", class_code=0x060100),
]
UNIT = drhd(0xFED91000, flags=1)


def _inventory(*structures: bytes, **answers: Mapping[str, object]) -> Inventory:
    fake = fake_host(FUNCTIONS, {"DMAR": table(*structures)})
    for name, values in answers.items():
        getattr(fake, name).update(values)
    return take_inventory(join(collect(fake)))


# Linux ---------------------------------------------------------------------------------


def _held(*scopes: bytes) -> dict[str, Hold]:
    (region,) = _inventory(UNIT, rmrr(0x1000, 0x1FFF, *scopes)).regions
    return {str(held.sbdf): held.hold for held in region.linux}


def test_usb_and_display_devices_are_relaxable_and_all_others_locked() -> None:
    scopes = [scope(1, 0, (d, 0)) for d in (2, 0x14)] + [scope(1, 1, (0, 0))]

    assert _held(*scopes) == {
        "0000:00:02.0": Hold.RELAXABLE,
        "0000:00:14.0": Hold.RELAXABLE,
        "0000:01:00.0": Hold.LOCKED,
    }


def test_a_bridge_covers_every_bus_behind_it() -> None:
    assert _held(scope(2, 0, (0x1C, 0))) == {
        "0000:00:1c.0": Hold.LOCKED,
        "0000:01:00.0": Hold.LOCKED,
        "0000:01:00.1": Hold.LOCKED,
        "0000:01:01.0": Hold.LOCKED,
        "0000:02:00.0": Hold.RELAXABLE,
    }


@pytest.mark.parametrize(
    "entry",
    [scope(5, 0, (2, 0)), scope(3, 0, (2, 0)), scope(1, 0, (0x1C, 0)), scope(1, 0, (5, 0))],
    ids=["namespace", "IOAPIC", "endpoint entry for a bridge", "absent"],
)
def test_what_linux_does_not_take_for_a_device_holds_none(entry: bytes) -> None:
    assert _held(entry) == {}


def _with_groups(regions: dict[str, bytes], **devices: tuple[str, ...]) -> Inventory:
    base = "/sys/kernel/iommu_groups"
    return _inventory(
        UNIT,
        rmrr(0x1000, 0x1FFF, scope(1, 0, (0x14, 0))),
        rmrr(0x2000, 0x2FFF, scope(1, 0, (0x14, 0))),
        directories={base: tuple(regions)}
        | {f"{base}/{name[1:]}/devices": found for name, found in devices.items()},
        files={f"{base}/{name}/reserved_regions": text for name, text in regions.items()},
    )


def test_the_kernel_may_merge_regions_that_touch() -> None:
    inventory = _with_groups({"0": b"0x1000 0x2fff direct-relaxable\n"}, g0=("0000:00:14.0",))

    assert inventory.linux_state is LinuxState.GROUPS
    assert inventory.differences == ()


def test_a_range_that_only_the_table_or_only_the_kernel_has_is_a_difference() -> None:
    inventory = _with_groups(
        {"0": b"0x1000 0x1fff direct-relaxable\n0x9000 0x9fff direct\n0xfee00000 0xfeefffff msi\n"},
        g0=("0000:00:14.0",),
    )

    assert [(each.region, each.explanation) for each in inventory.differences] == [
        (
            2,
            "Linux does not have 0x2000-0x2fff in IOMMU group 0, which the table's scopes cover",
        ),
        (None, "Linux has 0x9000-0x9fff in IOMMU group 0; no region of the table says so"),
    ]


def test_the_kernels_own_word_is_taken_and_a_surprising_one_explained() -> None:
    inventory = _with_groups({"0": b"0x1000 0x2fff direct\n"}, g0=("0000:00:14.0",))

    for region in inventory.regions:
        assert [(held.hold, held.by_kernel) for held in region.linux] == [(Hold.LOCKED, True)]
    assert [each.region for each in inventory.differences] == [1, 2]
    assert "Linux has it direct for 0000:00:14.0" in inventory.differences[0].explanation


def test_of_a_group_under_both_words_each_device_has_its_own() -> None:
    inventory = _with_groups(
        {"0": b"0x1000 0x2fff direct\n0x1000 0x2fff direct-relaxable\n"},
        g0=("0000:00:14.0", "0000:01:00.0"),
    )

    assert [held.hold for held in inventory.regions[0].linux] == [Hold.RELAXABLE]
    assert inventory.differences == ()


def test_the_floppy_range_of_an_isa_bridge_is_explained() -> None:
    inventory = _with_groups({"3": b"0x0 0xffffff direct-relaxable\n"}, g3=("0000:00:1f.0",))

    (difference,) = inventory.differences
    assert "floppy workaround" in difference.explanation


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)), max_size=6), st.integers(0, 20))
def test_ranges_cover_what_each_of_its_bytes_lies_in(
    spans: list[tuple[int, int]], start: int
) -> None:
    ranges = [AddressRange(begin, begin + size) for begin, size in spans]
    wanted = AddressRange(start, start + 4)
    union = {byte for one in ranges for byte in range(one.start, one.end)}

    assert covers(ranges, wanted) is (set(range(wanted.start, wanted.end)) <= union)


def test_no_groups_are_not_the_same_as_groups_under_xen() -> None:
    none = _inventory(UNIT, directories={"/sys/kernel/iommu_groups": ()})
    xen = _inventory(
        UNIT,
        directories={"/sys/kernel/iommu_groups": ()},
        files={"/sys/hypervisor/type": b"xen\n"},
    )

    assert none.linux_state is LinuxState.NO_GROUPS
    assert xen.linux_state is LinuxState.UNDER_XEN
    assert _inventory(UNIT).linux_state is LinuxState.UNKNOWN


# Units ---------------------------------------------------------------------------------


def test_a_device_is_served_by_the_unit_that_names_it_or_a_bridge_above_else_by_the_rest() -> None:
    inventory = _inventory(
        drhd(0xFED80000, scope(1, 0, (2, 0))),
        drhd(0xFED81000, scope(2, 0, (0x1C, 0))),
        drhd(0xFED82000, scope(1, 0x1C, (0, 0)), scope(3, 0xF0, (0x1F, 0)), flags=1),
        rhsa(0xFED81000, 1),
        satc(scope(1, 1, (0, 0))),
        atsr(scope(2, 0, (0x1C, 0))),
        atsr(flags=1, segment=3),
        andd(7, b"\\_SB.I2C0\0"),
    )
    assert isinstance(inventory.table, Decoded)
    units = Units(inventory.table.table, inventory.host.topology)

    def base(text: str) -> int:
        unit = units.of(SBDF.parse(text))
        assert unit is not None
        return unit.drhd.register_base_address

    assert base("00:02.0") == 0xFED80000
    assert base("00:1c.0") == 0xFED81000
    assert base("01:00.0") == base("02:00.0") == 0xFED81000
    assert base("01:00.1") == 0xFED81000
    assert base("00:14.0") == base("05:00.0") == 0xFED82000
    assert units.of(SBDF.parse("0001:00:00.0")) is None
    assert [unit.proximity_domain for unit in units.units] == [None, 1, None]
    assert inventory.capabilities.translation_cached == {SBDF.parse("01:00.0")}
    assert inventory.capabilities.ats_root_ports == {SBDF.parse("00:1c.0")}
    assert inventory.capabilities.ats_segments == {3}
    assert inventory.capabilities.namespace_names == {7: "\\_SB.I2C0"}


def _bases(*units: bytes) -> list[int]:
    """Give which units serve a device behind two bridges and one behind the first alone."""
    served = _inventory(*units).unit_of
    return [served[SBDF.parse(one)].drhd.register_base_address for one in ("02:00.0", "01:00.0")]


def test_of_the_units_above_a_device_the_last_in_the_table_serves() -> None:
    outer = drhd(0xFED80000, scope(2, 0, (0x1C, 0)))
    inner = drhd(0xFED81000, scope(2, 0, (0x1C, 0), (1, 0)))

    assert _bases(outer, inner) == [0xFED81000, 0xFED80000]
    assert _bases(inner, outer) == [0xFED80000, 0xFED80000]


def test_of_the_units_that_name_a_device_the_last_in_the_table_serves() -> None:
    first, last = (drhd(base, scope(1, 0, (2, 0))) for base in (0xFED80000, 0xFED81000))
    every = drhd(0xFED82000, flags=1)

    inventory = _inventory(every, first, last)

    assert inventory.unit_of[SBDF.parse("00:02.0")].drhd.register_base_address == 0xFED81000


def test_only_pci_scopes_make_a_unit_serve_a_device() -> None:
    inventory = _inventory(drhd(0xFED80000, scope(3, 0, (2, 0))), UNIT)

    assert inventory.unit_of[SBDF.parse("00:02.0")].drhd.register_base_address == 0xFED91000


def test_a_virtual_function_is_served_with_its_physical_one() -> None:
    inventory = _inventory(drhd(0xFED80000, scope(1, 1, (0, 0))), UNIT)
    assert isinstance(inventory.table, Decoded)
    unit = Units(inventory.table.table, inventory.host.topology).of(SBDF.parse("01:00.1"))

    assert unit is not None
    assert unit.drhd.register_base_address == 0xFED80000


# Xen's list ----------------------------------------------------------------------------

XEN = {"/sys/hypervisor/type": b"xen\n", "/proc/xen/capabilities": b"control_d\n"}
REGIONS = (
    rmrr(0x1000000, 0x100FFFF, scope(1, 0, (0x14, 0))),
    rmrr(0x2000000, 0x200FFFF, scope(1, 0, (2, 0))),
)


def _told(
    entries: list[list[int]], command_line: str = "", caps: str = "hvm_directio"
) -> Inventory:
    info = f"virt_caps : {caps}\nxen_commandline : {command_line}\n".encode()
    calls = {"xen-rdm": json.dumps({"entries": entries}).encode(), "xl-info": info}
    return _inventory(UNIT, *REGIONS, files=XEN, calls=calls)


def test_the_hypervisors_list_is_the_authority() -> None:
    inventory = _told([[0x2000, 16], [0x1000, 16]])

    assert inventory.xen.list.source is ListSource.HYPERVISOR
    assert [entry.region for entry in inventory.xen.list.entries] == [2, 1]
    assert [region.xen.listed for region in inventory.regions] == [True, True]
    assert inventory.differences == ()


def test_a_region_the_hypervisor_does_not_list_is_a_difference() -> None:
    inventory = _told([[0x2000, 16]])

    assert [region.xen.listed for region in inventory.regions] == [False, True]
    assert inventory.regions[0].xen.reason == "Xen does not list it"
    assert [each.region for each in inventory.differences] == [1]


def test_an_entry_of_the_command_line_and_one_of_neither_are_told_apart() -> None:
    inventory = _told(
        [[0x9000, 1], [0x5000, 2], [0x2000, 16], [0x1000, 16]], "rmrr=0x5000-0x5001=0:2.0"
    )

    assert [entry.origin for entry in inventory.xen.list.entries] == [
        Origin.UNEXPLAINED,
        Origin.OPTION,
        Origin.TABLE,
        Origin.TABLE,
    ]
    first, second = inventory.differences
    assert "XHCI debug console" in first.explanation
    assert "`rmrr=` on its command line adds it" in second.explanation


def test_a_list_in_table_order_is_a_difference() -> None:
    (difference,) = _told([[0x1000, 16], [0x2000, 16]]).differences

    assert "not in reverse table order" in difference.explanation


def test_a_listed_region_is_listed_whatever_the_rules_predict() -> None:
    """One that overlaps would switch VT-d off by the rules; the hypervisor knows better."""
    regions = (
        rmrr(0x1000000, 0x100FFFF, scope(1, 0, (0x14, 0))),
        rmrr(0x1008000, 0x1017FFF, scope(1, 0, (2, 0))),
    )
    calls = {"xen-rdm": json.dumps({"entries": [[0x1008, 16], [0x1000, 16]]}).encode()}
    inventory = _inventory(UNIT, *regions, files=XEN, calls=calls)

    assert [region.xen.listed for region in inventory.regions] == [True, True]
    assert [entry.origin for entry in inventory.xen.list.entries] == [Origin.TABLE, Origin.TABLE]
    assert inventory.xen.list.vtd_disabled == ""
    assert [each.region for each in inventory.differences] == [1, 2]
    assert "listed all the same" in inventory.differences[1].explanation


@pytest.mark.parametrize(
    ("answer", "source"),
    [
        (Missing(MissingKind.FAILED, "x"), ListSource.PREDICTED),
        (b'{"devices": {"0000:00:02.0": null}}', ListSource.HYPERVISOR),
    ],
)
def test_what_a_device_reserves_is_never_nothing_for_want_of_an_answer(
    answer: object, source: ListSource
) -> None:
    told = json.dumps({"entries": [[0x2000, 16], [0x1000, 16]]}).encode()
    calls = {"xen-rdm": told, "xen-rdm-devices": answer}
    views = _inventory(UNIT, *REGIONS, files=XEN, calls=calls).xen

    assert views.devices_source is source
    expected = (AddressRange(0x2000000, 0x2010000),) if source is ListSource.PREDICTED else None
    assert views.devices[SBDF.parse("00:02.0")] == expected


def test_a_refused_range_of_the_command_line_is_explained() -> None:
    differences = _told([[0x2000, 16], [0x1000, 16]], "rmrr=0x5000-0x5fff=0:2.0").differences

    assert any("Xen does not take 0x5000-0x5fff=0:2.0" in each.explanation for each in differences)


def test_without_a_release_what_releases_differ_on_is_not_decided() -> None:
    inventory = _inventory(UNIT, rmrr(0x1000000, 0x100FFFF, scope(1, 0, (9, 0))))

    view = inventory.regions[0].xen
    assert view.listed is None
    assert view.reason == (
        "listed by Xen 4.6 to 4.12 and 4.17 to 4.20, not by Xen 4.13 to 4.16 and 4.21 to 4.22"
    )


def test_an_empty_list_without_a_known_reason_says_so() -> None:
    calls = {"xen-rdm": b'{"entries": []}', "xl-info": b"virt_caps : hvm_directio\n"}
    inventory = _inventory(UNIT, *REGIONS, files=XEN, calls=calls)

    assert inventory.xen.list.why_empty == ("why is not known; `xl dmesg` may say",)


def test_an_empty_list_is_an_answer_with_its_reason() -> None:
    inventory = _told([], "iommu=0", caps="pv hvm")

    assert inventory.xen.list.source is ListSource.HYPERVISOR
    assert inventory.xen.list.entries == ()
    assert any("iommu=0" in why for why in inventory.xen.list.why_empty)
    assert any("no directio" in why for why in inventory.xen.list.why_empty)


def test_only_a_failed_call_falls_back_to_a_prediction() -> None:
    failed = Missing(MissingKind.FAILED, "xencall2: Function not implemented")
    inventory = _inventory(UNIT, *REGIONS, files=XEN, calls={"xen-rdm": failed})

    assert inventory.xen.list.source is ListSource.PREDICTED
    assert [entry.region for entry in inventory.xen.list.entries] == [2, 1]
    assert any("Function not implemented" in line for line in inventory.host.problems)


# One device, undetermined paths -----------------------------------------------------------


def test_a_path_through_a_bridge_that_could_not_be_read_is_unknown_and_not_absent() -> None:
    base = "/sys/devices/pci0000:00/0000:00:1c.0"
    failed = Missing(MissingKind.FAILED, "Input/output error")
    inventory = _inventory(
        UNIT,
        rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1C, 0), (0, 0))),
        files={
            f"{base}/class": failed,
            f"{base}/config": failed,
            f"{base}/secondary_bus_number": failed,
        },
    )

    (owner,) = inventory.regions[0].owners
    assert owner.presence is Presence.UNKNOWN
    assert inventory.undetermined == ("0000:00:1c.0>00.0",)
    assert not inventory.of_device(SBDF.parse("01:00.0")).complete


def test_of_a_device_the_regions_that_linux_holds_it_to_are_kept_with_their_numbers() -> None:
    inventory = _inventory(
        UNIT,
        rmrr(0x1000, 0x1FFF, scope(1, 0, (2, 0))),
        rmrr(0x2000, 0x2FFF, scope(2, 0, (0x1C, 0))),
    )

    narrowed = inventory.of_device(SBDF.parse("02:00.0"))

    assert [region.number for region in narrowed.regions] == [2]
    assert narrowed.device == SBDF.parse("02:00.0")


@given(st.data())
def test_every_region_of_the_table_is_in_the_answer_and_what_xen_drops_is_explained(
    data: st.DataObject,
) -> None:
    entry = st.sampled_from(
        [scope(1, 0, (2, 0)), scope(1, 0, (9, 0)), scope(2, 0, (0x1C, 0)), scope(5, 0, (2, 0))]
    )
    spans = data.draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), max_size=5))
    structures = [
        rmrr(
            0x100000 + (at << 12),
            0x100000 + (at + size << 12) - 1,
            *data.draw(st.lists(entry, max_size=2)),
        )
        for at, size in spans
    ]

    inventory = _inventory(UNIT, *structures)

    assert len(inventory.regions) == len(structures)
    listed = {entry.region for entry in inventory.xen.list.entries}
    for region in inventory.regions:
        if region.xen.listed is not None:
            assert region.xen.listed is (region.number in listed)
        assert region.xen.listed or region.xen.reason
    assert inventory.xen.list.entries or inventory.xen.list.why_empty


# Why there is no table -----------------------------------------------------------------

INTEL = b"vendor_id : GenuineIntel\nflags : fpu vmx\n"
VIRTUAL = b"vendor_id : GenuineIntel\nflags : fpu hypervisor\n"


def _absent(names: tuple[str, ...] = ("APIC",), **answers: Mapping[str, object]) -> Host:
    fake = FakeHost(directories={"/sys/firmware/acpi/tables": names})
    for name, values in answers.items():
        getattr(fake, name).update(values)
    return join(collect(fake))


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        (_absent(("APIC", "IVRS")), AbsenceKind.AMD),
        (_absent(files={"/proc/cpuinfo": b"vendor_id : AuthenticAMD\n"}), AbsenceKind.AMD),
        (_absent(files={"/proc/cpuinfo": VIRTUAL}), AbsenceKind.VIRTUAL_MACHINE),
        (
            _absent(files={"/proc/cpuinfo": VIRTUAL.replace(b"GenuineIntel", b"AuthenticAMD")}),
            AbsenceKind.VIRTUAL_MACHINE,
        ),
        (_absent(("IVRS",), files={"/proc/cpuinfo": VIRTUAL}), AbsenceKind.AMD),
        (_absent(files={"/proc/cpuinfo": INTEL}), AbsenceKind.VTD_OFF),
        (_absent(), AbsenceKind.UNKNOWN),
        (_absent(files={"/proc/cpuinfo": b"vendor_id : GenuineIntel\n"}), AbsenceKind.UNKNOWN),
        (join(collect(FakeHost())), AbsenceKind.NO_ACPI),
        (
            _absent(
                files={"/sys/hypervisor/type": b"xen\n", "/sys/hypervisor/guest_type": b"PVH\n"}
            ),
            AbsenceKind.UNKNOWN,
        ),
        (
            _absent(
                files={**XEN, "/sys/hypervisor/guest_type": b"PV\n"},
                calls={"xen-rdm": b'{"entries": [[1, 1]]}'},
            ),
            AbsenceKind.UNKNOWN,
        ),
        (
            _absent(calls={"boot-log": b"[0.0] ACPI: DMAR 0x000000007B 0000A8\n"}),
            AbsenceKind.HIDDEN,
        ),
        (
            _absent(files={**XEN, "/sys/hypervisor/guest_type": b"PVH\n"}),
            AbsenceKind.PVH_DOM0,
        ),
        (
            _absent(files=XEN, calls={"xen-rdm": b'{"entries": [[1, 1]]}'}),
            AbsenceKind.PVH_DOM0,
        ),
        (
            _absent(files={**XEN, "/proc/cpuinfo": VIRTUAL}, calls={"xen-rdm": b'{"entries": []}'}),
            AbsenceKind.VTD_OFF,
        ),
        (join(collect(FakeHost(complete=()))), AbsenceKind.NOT_COLLECTED),
        (
            _absent(
                ("DMAR",), files={"/sys/firmware/acpi/tables/DMAR": Missing(MissingKind.DENIED)}
            ),
            AbsenceKind.DENIED,
        ),
        (
            _absent(
                ("DMAR",),
                files={"/sys/firmware/acpi/tables/DMAR": Missing(MissingKind.FAILED, "x")},
            ),
            AbsenceKind.FAILED,
        ),
    ],
)
def test_each_case_of_a_missing_table_is_told_apart(host: Host, kind: AbsenceKind) -> None:
    absence = why_no_table(host)

    assert absence is not None
    assert absence.kind is kind


def test_a_host_with_a_table_has_no_absence() -> None:
    assert why_no_table(_inventory(UNIT).host) is None


def test_the_first_table_that_can_be_read_is_in_effect() -> None:
    fake = fake_host([], {"DMAR": table(), "RMAD": table(signature=b"RMAD")})
    fake.files["/sys/firmware/acpi/tables/DMAR"] = Missing(MissingKind.DENIED, "Permission denied")
    host = join(collect(fake))

    assert host.reading is not None
    assert host.reading.name == "RMAD"
    assert [each.name for each in host.other_tables] == ["DMAR"]
    assert replace(host, xen=None).reading is host.reading


@pytest.mark.parametrize(
    ("scopes", "shared"),
    [
        ([scope(1, 0, (2, 0))], False),
        ([scope(1, 0, (2, 0)), scope(1, 0, (9, 0))], True),
        ([scope(1, 0, (2, 0)), scope(1, 0, (2, 0))], True),
        ([scope(1, 0, (2, 0)), scope(5, 0, (3, 0))], False),
        ([scope(1, 0, (2, 0)), scope(9, 0, (3, 0))], False),
        ([scope(3, 0, (2, 0)), scope(4, 0, (3, 0))], True),
        ([], False),
    ],
    ids=["one", "one absent", "one twice", "namespace", "unknown type", "IOAPIC and HPET", "none"],
)
def test_a_region_is_shared_as_xen_counts(scopes: list[bytes], shared: bool) -> None:  # noqa: FBT001
    (region,) = _inventory(UNIT, rmrr(0x1000, 0x1FFF, *scopes)).regions

    assert region.shared is shared
