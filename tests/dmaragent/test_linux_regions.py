"""Linux's view of the regions: what it ties to them, and where its own word differs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.groups import IommuGroup, KernelRegion
from dmaragent.host.topology import PciFunction, PciTopology
from dmaragent.inventory import Inventory
from dmaragent.iommu.claims import DeviceKind
from dmaragent.linux.regions import Hold, all_relaxable, compare_groups, covers, takes
from dmaragent.linux.unexplained_regions import unexplained
from dmaragent.linux.view import LinuxState
from dmaragent.passthrough.model import Can
from dmaragent.present.words.region import linux_view
from dmaragent.readings import Missing
from support.explained import cases, made, told
from support.hosts import Function
from support.inventories import UNIT, inventory_of
from support.tables import rmrr, scope
from support.wording import Worded


def _held(*scopes: bytes) -> dict[str, Hold]:
    (region,) = inventory_of(UNIT, rmrr(0x1000, 0x1FFF, *scopes)).regions
    return {str(held.sbdf): held.hold for held in region.linux}


def test_usb_and_display_devices_are_relaxable_and_all_others_locked() -> None:
    scopes = [scope(1, 0, (d, 0)) for d in (2, 0x14)] + [scope(1, 1, (0, 0))]

    assert _held(*scopes) == {
        "0000:00:02.0": Hold.RELAXABLE,
        "0000:00:14.0": Hold.RELAXABLE,
        "0000:01:00.0": Hold.DIRECT,
    }


@pytest.mark.parametrize(
    ("classes", "relaxable"),
    [
        ([0x0C0330], True),
        ([0x030000, 0x0C0330], True),
        ([0x020000], False),
        ([0x000000], False),  # a class of devices older than classes
        ([0x0C0330, 0x020000], None),
        ([0x0C0330, None], None),
        ([None], None),
        ([0x0C0330, -1], None),
    ],
)
@pytest.mark.parametrize("type_exists", [False, None, True])
def test_a_direct_region_can_be_relaxable_if_the_class_of_each_device_is(
    classes: list[int | None], *, relaxable: bool | None, type_exists: bool | None
) -> None:
    """A class of -1 is that of a device that is not among the functions."""
    places = [SBDF(0, 0, number, 0) for number in range(len(classes))]
    functions = {
        sbdf: PciFunction(sbdf, code, None, None, None)
        for sbdf, code in zip(places, classes, strict=True)
        if code != -1
    }

    found = all_relaxable(places, PciTopology(functions), type_exists=type_exists)
    assert found is (False if type_exists else relaxable)


def test_a_bridge_covers_every_bus_behind_it() -> None:
    assert _held(scope(2, 0, (0x1C, 0))) == {
        "0000:00:1c.0": Hold.DIRECT,
        "0000:01:00.0": Hold.DIRECT,
        "0000:01:00.1": Hold.DIRECT,
        "0000:01:01.0": Hold.DIRECT,
        "0000:02:00.0": Hold.RELAXABLE,
    }


def test_linux_takes_the_same_bus_number_of_another_segment_for_one_behind_the_bridge() -> None:
    """is_downstream_to_pci_bridge compares bus numbers only."""
    region = rmrr(0xAD800000, 0xAD80FFFF, scope(2, 0, (0x1C, 0)))
    functions = [
        Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2, subordinate_bus=3),
        *(Function(sbdf=sbdf) for sbdf in ("0001:01:00.0", "0001:03:00.0", "0001:04:00.0")),
    ]
    host = made(region, functions=functions, kernel="6.1.0")

    taken = told(host, "0001:03:00.0")
    assert taken.linux.can is Can.NO
    assert "bridge scope" not in cases(taken.xen)
    assert told(host, "0001:01:00.0").linux.can is not Can.NO
    assert told(host, "0001:04:00.0").linux.can is not Can.NO


@pytest.mark.parametrize(
    "entry",
    [scope(5, 0, (2, 0)), scope(3, 0, (2, 0)), scope(1, 0, (0x1C, 0)), scope(1, 0, (5, 0))],
    ids=["namespace", "IOAPIC", "endpoint entry for a bridge", "absent"],
)
def test_what_linux_does_not_take_for_a_device_holds_none(entry: bytes) -> None:
    assert _held(entry) == {}


@pytest.mark.parametrize(
    ("class_code", "kinds"),
    [
        (0x020000, {DeviceKind.FUNCTION}),
        (0x068000, {DeviceKind.FUNCTION, DeviceKind.BRIDGE}),
        (None, {DeviceKind.FUNCTION, DeviceKind.BRIDGE}),
    ],
)
def test_a_bridge_entry_may_name_an_endpoint_that_is_not_known_to_be_no_bridge(
    class_code: int | None, kinds: set[DeviceKind]
) -> None:
    known = inventory_of(UNIT).host.topology.known
    endpoint = known[SBDF.parse("00:02.0")]._replace(class_code=class_code)

    assert not endpoint.is_bridge
    assert {kind for kind in DeviceKind if takes(kind, endpoint)} == kinds


def test_no_entry_names_a_virtual_function() -> None:
    """dmar_pci_bus_notifier ignores them."""
    physical, address = SBDF.parse("00:02.0"), SBDF.parse("00:02.1")
    known = inventory_of(UNIT).host.topology.known
    virtual = known[physical]._replace(sbdf=address, physical_function=physical)

    assert not any(takes(kind, virtual) for kind in DeviceKind)


def _with_groups(regions: dict[str, bytes], **devices: tuple[str, ...]) -> Inventory:
    base = "/sys/kernel/iommu_groups"
    return inventory_of(
        UNIT,
        rmrr(0x1000, 0x1FFF, scope(1, 0, (0x14, 0))),
        rmrr(0x2000, 0x2FFF, scope(1, 0, (0x14, 0))),
        directories={base: tuple(regions)}
        | {f"{base}/{name[1:]}/devices": found for name, found in devices.items()},
        files={f"{base}/{name}/reserved_regions": text for name, text in regions.items()},
    )


def test_the_kernel_may_merge_regions_that_touch() -> None:
    inventory = _with_groups({"0": b"0x1000 0x2fff direct-relaxable\n"}, g0=("0000:00:14.0",))

    assert inventory.linux.state is LinuxState.GROUPS
    assert inventory.differences == ()


def test_a_range_that_only_the_table_or_only_the_kernel_has_is_a_difference(worded: Worded) -> None:
    inventory = _with_groups(
        {"0": b"0x1000 0x1fff direct-relaxable\n0x9000 0x9fff direct\n0xfee00000 0xfeefffff msi\n"},
        g0=("0000:00:14.0",),
    )

    assert [each.region for each in inventory.differences] == [2, None]
    worded(inventory.differences[0].explanation, "0x2000-0x2fff", "group 0")
    worded(inventory.differences[1].explanation, "0x9000-0x9fff", "group 0")


def test_a_group_whose_regions_were_not_read_has_no_difference_and_the_next_may() -> None:
    inventory = _with_groups(
        {"0": b"0x9000 0x9fff direct\n", "1": b"0x9000 0x9fff direct\n"},
        g0=("0000:00:02.0",),
        g1=("0000:01:00.0",),
    )
    groups = inventory.host.groups
    assert not isinstance(groups, Missing)
    groups = (groups[0]._replace(regions=None), groups[1])

    found = compare_groups(groups, {}, inventory.host.topology)
    assert [difference.group.number for difference in found] == [1]


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        (b"", 0),
        (b"0x00000000fee00000 0x00000000feefffff msi\n0x", 0),
        (b"0x00000000fee00000 0x00000000feefffff msi\n", 1),
    ],
    ids=["empty", "cut", "whole"],
)
def test_only_a_whole_file_of_the_kernel_lacks_a_region(text: bytes, lacking: int) -> None:
    inventory = _with_groups({"0": text}, g0=("0000:00:14.0",))
    groups = inventory.host.groups
    assert not isinstance(groups, Missing)
    place = AddressRange(0x9000_0000, 0x9001_0000)
    predicted = {SBDF.parse("0000:00:14.0"): (place,)}

    found = compare_groups(groups, predicted, inventory.host.topology)
    assert [each.kernel_has_it for each in found] == [False] * lacking


def test_the_kernels_own_word_is_taken_and_a_surprising_one_explained(worded: Worded) -> None:
    inventory = _with_groups({"0": b"0x1000 0x2fff direct\n"}, g0=("0000:00:14.0",))

    for region in inventory.regions:
        assert [(held.hold, held.by_kernel) for held in region.linux] == [(Hold.DIRECT, True)]
    assert [each.region for each in inventory.differences] == [1, 2]
    worded(inventory.differences[0].explanation, "0000:00:14.0")


@pytest.mark.parametrize(
    ("published", "predicted"), [((), True), (("0",), True), (("0", "1"), False)]
)
def test_a_region_is_predicted_unless_the_kernel_publishes_it_for_each_of_its_devices(
    published: tuple[str, ...], *, predicted: bool
) -> None:
    base = "/sys/kernel/iommu_groups"
    owners = {"0": "0000:00:14.0", "1": "0000:01:00.0", "2": "0000:00:02.0"}
    text = b"0x1000 0x1fff direct\n"
    inventory = inventory_of(
        UNIT,
        rmrr(0x1000, 0x1FFF, scope(1, 0, (0x14, 0)), scope(1, 1, (0, 0))),
        directories={base: tuple(owners)}
        | {f"{base}/{group}/devices": (sbdf,) for group, sbdf in owners.items()},
        files={f"{base}/{group}/reserved_regions": text for group in published},
    )
    (region,) = inventory.regions

    assert len(region.linux) == 2
    assert ("predicted" in linux_view(inventory, region)) is predicted


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


@pytest.mark.parametrize(
    ("start", "explained"),
    [(0x0FFF, False), (0x1000, True), (0x1800, True), (0x2000, True), (0x2001, False)],
)
def test_a_region_without_a_byte_is_explained_by_a_range_that_it_touches(
    start: int, *, explained: bool
) -> None:
    device = SBDF.parse("00:14.0")
    group = IommuGroup(0, (device,), (KernelRegion(start, start - 1, "direct"),))

    found = unexplained(group, {device: [AddressRange(0x1000, 0x2000)]}, PciTopology({}))
    assert bool(found) is not explained


def test_no_groups_are_not_the_same_as_groups_under_xen() -> None:
    none = inventory_of(UNIT, directories={"/sys/kernel/iommu_groups": ()})
    xen = inventory_of(
        UNIT,
        directories={"/sys/kernel/iommu_groups": ()},
        files={"/sys/hypervisor/type": b"xen\n"},
    )

    assert none.linux.state is LinuxState.NO_GROUPS
    assert xen.linux.state is LinuxState.UNDER_XEN
    assert inventory_of(UNIT).linux.state is LinuxState.UNKNOWN
