"""What a host says of a message: its devices, its regions, what to ask next."""

from collections.abc import Callable

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.opening import open_host
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.messages import recogniser
from dmaragent.messages.tie import Tie, Why, tie_all
from dmaragent.topology import Presence
from support import tables
from support.hosts import FakeHost, Function, fake_host
from support.machines import MACHINES

SHARED = "[VT-D] It's disallowed to assign 0000:00:1a.0 with shared RMRR at 7dffd000 for d5."
MAPPING = "Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping."


@pytest.fixture
def machine() -> Callable[[str], Inventory]:
    """Give the inventory of a recorded machine."""

    def read(name: str) -> Inventory:
        return take_inventory(join(collect(open_host(str(MACHINES / name)).reader)))

    return read


def made(host: FakeHost) -> Inventory:
    return take_inventory(join(collect(host)))


def why(text: str, inventory: Inventory) -> Why:
    return tie_all(recogniser().recognise(text), inventory)


def only(text: str, inventory: Inventory) -> Tie:
    found = why(text, inventory)
    assert len(found.ties) == 1
    return found.ties[0]


def small_host() -> FakeHost:
    """Make a host of a NIC with a region, a bridge with a region and a NIC below it; a device without one."""
    functions = [
        Function(sbdf="0000:00:19.0", driver="e1000e"),
        Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2),
        Function(sbdf="0000:02:00.0"),
        Function(sbdf="0000:00:03.0"),
    ]
    table = tables.table(
        tables.drhd(0xFED90000, flags=1),
        tables.rmrr(0x7B000000, 0x7B00FFFF, tables.scope(1, 0, (0x19, 0))),
        tables.rmrr(0x7C000000, 0x7C00FFFF, tables.scope(2, 0, (0x1C, 0))),
    )
    return fake_host(functions, {"DMAR": table})


def test_a_shared_region_is_found_with_its_other_device(
    machine: Callable[[str], Inventory],
) -> None:
    each = only(SHARED, machine("hp-dl380e-gen8"))

    (device,), (span,) = each.devices, each.spans
    assert device.presence is Presence.PRESENT
    assert [one.number for one in device.owned] == [1]
    assert [one.sharers for one in span.regions] == [2]
    assert {str(one.sbdf) for one in span.regions[0].owners} == {"0000:00:1a.0", "0000:00:1d.0"}
    assert each.fits is True
    assert each.commands == ("dmaragent explain 0000:00:1a.0",)


def test_a_region_of_another_host_does_not_fit_though_the_device_is_there(
    machine: Callable[[str], Inventory],
) -> None:
    each = only(SHARED, machine("xen-pv-dom0"))

    assert each.devices[0].presence is Presence.PRESENT
    assert each.spans[0].regions == ()
    assert each.fits is False


def test_a_device_below_a_bridge_is_held_by_linux_though_no_region_names_it() -> None:
    each = only(f"vfio-pci 0000:02:00.0: {MAPPING}", made(small_host()))

    assert each.devices[0].owned == ()
    ((region, held),) = each.devices[0].held
    assert region.number == 2
    assert str(held.through) == "0000:00:1c.0"


@pytest.mark.parametrize(
    ("device", "fits"),
    [("0000:00:19.0", True), ("0000:02:00.0", True), ("0000:00:03.0", False)],
    ids=["locked", "locked-by-a-bridge", "without-a-region"],
)
def test_a_refusal_fits_only_where_linux_holds_the_device(device: str, fits: bool) -> None:  # noqa: FBT001 - a case
    each = only(f"vfio-pci {device}: {MAPPING}", made(small_host()))

    assert each.fits is fits


def test_linux_in_a_xen_dom0_does_not_decide(machine: Callable[[str], Inventory]) -> None:
    text = "DMAR: Unknown option - 'relax_rmrr'"

    assert only(text, machine("xen-pv-dom0")).decided_by_xen
    assert only(f"vfio-pci 0000:04:02.0: {MAPPING}", machine("xen-pv-dom0")).fits is False
    assert not only(text, machine("hp-dl380e-gen8")).decided_by_xen


@pytest.mark.parametrize(
    ("address", "forgotten", "why_not"),
    [
        (0xBDF3E123, "0xbdf3e000-0xbdf3efff", "in no region"),
        (0x7B000800, None, "in a region of its own"),
        (0x7C000000, None, "in a region of another device"),
        (0, None, "page 0: no address at all"),
        (0xFFF, None, "page 0: no address at all"),
    ],
)
def test_a_fault_outside_all_regions_offers_one(
    address: int, forgotten: str | None, why_not: str
) -> None:
    text = f"(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:19.0] fault addr {address:x}"

    each = only(text, made(small_host()))

    offered = [line for line in each.commands if "rmrr-option" in line]
    expected = [] if forgotten is None else [f"dmaragent rmrr-option {forgotten}=0000:00:19.0"]
    assert offered == expected, why_not
    assert (each.forgotten is None) == (forgotten is None)


def test_without_a_table_no_region_is_said_to_be_forgotten() -> None:
    host = fake_host([Function(sbdf="0000:00:19.0")], {})
    text = "DMAR: [DMA Read] Request device [00:19.0] fault addr bdf3e000 [fault reason 06]"

    each = only(text, made(host))

    assert each.forgotten is None
    assert each.fits is True
    assert not why(text, made(host)).table_known


def test_a_region_that_ends_before_it_starts_is_found_by_both_its_ends(
    machine: Callable[[str], Inventory],
) -> None:
    inventory = machine("synthetic-limit-below-base")
    wrong = next(one for one in inventory.all_regions if one.range is None)

    each = only(f"RMRR [{wrong.base:x},{wrong.limit:x}] is incorrect!", inventory)

    assert [one.number for one in each.spans[0].regions] == [wrong.number]
    assert each.findings == ("rmrr-limit-below-base",)
    assert each.commands[-1] == "dmaragent check"


def test_overlapping_regions_are_both_found_with_what_xen_makes_of_them(
    machine: Callable[[str], Inventory],
) -> None:
    text = "[VT-D]Overlapping RMRRs [7b800000,7b80ffff] and [7b808000,7b817fff]"

    each = only(text, machine("synthetic-overlap"))

    assert [[one.number for one in span.regions] for span in each.spans] == [[1, 2], [1, 2]]
    assert each.vtd_off
    assert "dmaragent explain 0000:00:19.0" in each.commands


def test_an_iommu_group_is_named_with_the_drivers_of_its_devices(
    machine: Callable[[str], Inventory],
) -> None:
    each = only("vfio: error, group 1 is not viable", machine("qemu-q35-rmrr"))

    assert each.group is not None
    assert [(str(sbdf), driver) for sbdf, driver in each.drivers] == [("0000:00:02.0", "bochs-drm")]
    assert each.commands == ("dmaragent explain 0000:00:02.0",)


def test_registers_are_tied_to_their_unit_and_not_to_memory() -> None:
    dead = "Your BIOS is broken; DMAR reported at address {:x} returns all ones!"

    assert only(dead.format(0xFED90000), made(small_host())).spans[0].units == (48,)
    other = only(dead.format(0xFED91000), made(small_host()))
    assert other.spans[0].units == ()
    assert other.fits is False


def test_an_entry_that_only_xen_has_is_found(machine: Callable[[str], Inventory]) -> None:
    inventory = machine("xen-pv-dom0")
    entry = next(one for one in inventory.xen.list.entries if one.region is None)

    each = only(f"RDM conflict at {entry.range.start:#x}", inventory)

    assert each.spans[0].entries == (entry,)
    assert each.fits is True
    of_the_table = only(f"RDM conflict at {inventory.all_regions[0].base:#x}", inventory)
    assert of_the_table.spans[0].entries == ()


def test_addresses_beyond_64_bits_are_in_no_region() -> None:
    text = "(XEN) Cannot setup identity map d5:ffffffffffffffff, gfn already mapped to 1."

    assert only(text, made(small_host())).spans[0].regions == ()
