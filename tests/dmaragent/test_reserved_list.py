"""Xen's view of the regions, told or predicted, and one device's."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.host.topology import Presence
from dmaragent.host.words import FOREIGN_RAM
from dmaragent.inventory import Inventory
from dmaragent.iommu.model import IommuTable
from dmaragent.iommu.table import iommu_table
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from dmaragent.xen.reserved_list import xen_views
from dmaragent.xen.reserved_list.model import ListSource, Origin
from support.inventories import UNIT, XEN, inventory_of
from support.tables import rmrr, scope
from support.wording import Worded

# Xen's list ----------------------------------------------------------------------------

REGIONS = (
    rmrr(0x1000000, 0x100FFFF, scope(1, 0, (0x14, 0))),
    rmrr(0x2000000, 0x200FFFF, scope(1, 0, (2, 0))),
)


def _told(
    entries: list[list[int]], command_line: str = "", caps: str = "hvm_directio"
) -> Inventory:
    info = f"virt_caps : {caps}\nxen_commandline : {command_line}\n".encode()
    calls = {"xen-rdm": json.dumps({"entries": entries}).encode(), "xl-info": info}
    return inventory_of(UNIT, *REGIONS, files=XEN, calls=calls)


def test_the_hypervisors_list_is_the_authority() -> None:
    inventory = _told([[0x2000, 16], [0x1000, 16]])

    assert inventory.xen.list.source is ListSource.HYPERVISOR
    assert [entry.region for entry in inventory.xen.list.entries] == [2, 1]
    assert [region.xen.listed for region in inventory.regions] == [True, True]
    assert inventory.differences == ()


def test_a_region_the_hypervisor_does_not_list_is_a_difference(worded: Worded) -> None:
    inventory = _told([[0x2000, 16]])

    assert [region.xen.listed for region in inventory.regions] == [False, True]
    worded(inventory.regions[0].xen.reason)
    assert [each.region for each in inventory.differences] == [1]


@pytest.mark.parametrize(("caps", "lost"), [("hvm_directio", 1), (None, 1), ("hvm", 0)])
def test_a_region_is_lost_from_the_list_unless_the_iommu_is_known_to_be_off(
    caps: str | None, lost: int
) -> None:
    calls = {"xen-rdm": json.dumps({"entries": [[0x2000, 16]]}).encode()}
    if caps is not None:
        calls["xl-info"] = f"virt_caps : {caps}\nxen_commandline : \n".encode()
    inventory = inventory_of(UNIT, *REGIONS, files=XEN, calls=calls)

    assert len(inventory.xen.unlisted) == lost


@pytest.mark.parametrize(
    ("release", "line", "doubt"),
    [
        (None, "rmrr=0x10=00:02.0", ""),
        (None, "rmrr=0x10=00:1f.5", "Xen 4.9 to 4.11, 4.17 to 4.19.3 and 4.20.0 to 4.20.1 accept"),
        (Release(4, 22), "rmrr=0x10=00:1f.5", ""),
        (None, "rmrr=0x10-0x20=00:02.0;0x30=00:02.0", "reads it differently"),
        (Release(4, 16), "rmrr=0x10-0x20=00:02.0;0x30=00:02.0", ""),
        (Release(4, 16), "rmrr=0x5000=00:02.0", FOREIGN_RAM),
    ],
)
def test_a_range_that_may_be_accepted_or_not_is_a_doubt_of_the_list(
    release: Release | None, line: str, doubt: str
) -> None:
    host = inventory_of(UNIT, *REGIONS, files=XEN).host
    assert host.xen is not None
    xen = host.xen._replace(command_line=line, release=None)
    memory = MemoryMap(
        (
            MemoryEntry(AddressRange(0, 1 << 24), MemoryType.RAM, "System RAM"),
            MemoryEntry(AddressRange(1 << 24, 1 << 26), MemoryType.RESERVED, "Reserved"),
            MemoryEntry(AddressRange(0xFFFC0000, 1 << 32), MemoryType.RESERVED, "Reserved"),
        )
    )

    changed = host._replace(xen=xen, memory_map=memory)
    table = iommu_table(changed)
    assert isinstance(table, IommuTable)
    views = xen_views(changed, table, release, served={})

    assert (views.list.source, bool(views.list.doubt)) == (ListSource.PREDICTED, bool(doubt))
    assert doubt in views.list.doubt
    unknown = [each for each in views.differences if "may or may not" in each.explanation]
    assert bool(unknown) is ("differently" in doubt or doubt == FOREIGN_RAM)


def test_the_list_settles_a_range_that_may_be_accepted(worded: Worded) -> None:
    listed = _told([[0x5000, 2]], "rmrr=0x5000-0x5001=0:2.0")
    lacking = _told([[0x1000, 16]], "rmrr=0x5000-0x5001=0:2.0")

    assert not any("may or may not" in each.explanation for each in listed.differences)
    assert not any("may or may not" in each.explanation for each in lacking.differences)
    worded([each.explanation for each in lacking.differences], "0x5000-0x5001")
    assert lacking.xen.unlisted_options == {}


def test_the_list_of_a_xen_without_an_iommu_settles_no_range() -> None:
    off = _told([], "rmrr=0x5000-0x5001=0:2.0", caps="pv hvm")

    assert not any("so it did not" in each.explanation for each in off.differences)


def test_an_entry_of_the_command_line_and_one_of_neither_are_told_apart(worded: Worded) -> None:
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
    worded(first.explanation)
    worded(second.explanation, "rmrr=`")


def test_a_list_in_table_order_is_a_difference(worded: Worded) -> None:
    (difference,) = _told([[0x1000, 16], [0x2000, 16]]).differences

    worded(difference.explanation)


def test_a_listed_region_is_listed_whatever_the_rules_predict(worded: Worded) -> None:
    """One that overlaps would switch VT-d off by the rules; the hypervisor knows better."""
    regions = (
        rmrr(0x1000000, 0x100FFFF, scope(1, 0, (0x14, 0))),
        rmrr(0x1008000, 0x1017FFF, scope(1, 0, (2, 0))),
    )
    calls = {"xen-rdm": json.dumps({"entries": [[0x1008, 16], [0x1000, 16]]}).encode()}
    inventory = inventory_of(UNIT, *regions, files=XEN, calls=calls)

    assert [region.xen.listed for region in inventory.regions] == [True, True]
    assert [entry.origin for entry in inventory.xen.list.entries] == [Origin.TABLE, Origin.TABLE]
    assert inventory.xen.list.iommu_disabled == ""
    assert [each.region for each in inventory.differences] == [1, 2]
    worded(inventory.differences[1].explanation)


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
    views = inventory_of(UNIT, *REGIONS, files=XEN, calls=calls).xen

    assert views.devices_source is source
    expected = (AddressRange(0x2000000, 0x2010000),) if source is ListSource.PREDICTED else None
    assert views.devices[SBDF.parse("00:02.0")] == expected
    assert views.contradicted == {}


def test_a_refused_range_of_the_command_line_is_explained(worded: Worded) -> None:
    differences = _told([[0x2000, 16], [0x1000, 16]], "rmrr=0x5000-0x5fff=0:2.0").differences

    worded([each.explanation for each in differences], "0x5000-0x5fff", "2.0")


def test_without_a_release_what_releases_differ_on_is_not_decided(worded: Worded) -> None:
    inventory = inventory_of(UNIT, rmrr(0x1000000, 0x100FFFF, scope(1, 0, (9, 0))))

    view = inventory.regions[0].xen
    assert view.listed is None
    worded(
        view.reason,
        "4.6",
        "4.11",
        "4.17",
        "4.19.3",
        "4.20.0",
        "4.20.1",
        "4.12",
        "4.16",
        "4.19.4",
        "4.20.2",
        "4.22",
    )


def test_an_empty_list_without_a_known_reason_says_so(worded: Worded) -> None:
    calls = {"xen-rdm": b'{"entries": []}', "xl-info": b"virt_caps : hvm_directio\n"}
    inventory = inventory_of(UNIT, *REGIONS, files=XEN, calls=calls)

    worded(inventory.xen.list.why_empty)


def test_an_empty_list_is_an_answer_with_its_reason() -> None:
    inventory = _told([], "iommu=0", caps="pv hvm")

    assert inventory.xen.list.source is ListSource.HYPERVISOR
    assert inventory.xen.list.entries == ()
    assert any("iommu=0" in why for why in inventory.xen.list.why_empty)
    assert any("no directio" in why for why in inventory.xen.list.why_empty)


def test_only_a_failed_call_falls_back_to_a_prediction(worded: Worded) -> None:
    failed = Missing(MissingKind.FAILED, "xencall2: Function not implemented")
    inventory = inventory_of(UNIT, *REGIONS, files=XEN, calls={"xen-rdm": failed})

    assert inventory.xen.list.source is ListSource.PREDICTED
    assert [entry.region for entry in inventory.xen.list.entries] == [2, 1]
    worded(inventory.host.problems)


# One device, undetermined paths -----------------------------------------------------------


def test_a_path_through_a_bridge_that_could_not_be_read_is_unknown_and_not_absent() -> None:
    base = "/sys/devices/pci0000:00/0000:00:1c.0"
    failed = Missing(MissingKind.FAILED, "Input/output error")
    inventory = inventory_of(
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
    inventory = inventory_of(
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

    inventory = inventory_of(UNIT, *structures)

    assert len(inventory.regions) == len(structures)
    listed = {entry.region for entry in inventory.xen.list.entries}
    for region in inventory.regions:
        if region.xen.listed is not None:
            assert region.xen.listed is (region.number in listed)
        assert region.xen.listed or region.xen.reason
    assert inventory.xen.list.entries or inventory.xen.list.why_empty


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
    (region,) = inventory_of(UNIT, rmrr(0x1000, 0x1FFF, *scopes)).regions

    assert region.xen.shared is shared
