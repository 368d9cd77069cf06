"""What a host says of a message: its devices, its regions, what to ask next."""

from collections.abc import Callable

import pytest

from dmaragent.addresses import SBDF
from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.host import join
from dmaragent.host.groups import IommuGroup
from dmaragent.host.topology import Presence
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.linux.view import LinuxState
from dmaragent.messages import recogniser
from dmaragent.messages.host_match import HostMatch, Why
from dmaragent.messages.relate import relate_all
from dmaragent.present.words.messages import here_words
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from support import explained, tables
from support.hosts import FakeHost, Function, add_memory_map, fake_host
from support.inventories import in_linux_state
from support.ivrs_hosts import UNKNOWN_FUNCTIONS
from support.machines import MACHINES
from support.wording import Worded

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
    return relate_all(recogniser().recognise(text), inventory)


def only(text: str, inventory: Inventory) -> HostMatch:
    found = why(text, inventory)
    assert len(found.matches) == 1
    return found.matches[0]


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
    assert [one.xen.sharers for one in span.regions] == [2]
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
    host = explained.grouped(small_host(), g1=[device])

    assert only(f"vfio-pci {device}: {MAPPING}", made(host)).fits is fits


def test_options_that_switch_interrupt_remapping_off_do_not_change_whether_a_refusal_fits() -> None:
    host = explained.grouped(small_host(), g1=["0000:00:03.0"])
    host.files["/proc/cmdline"] = Missing(MissingKind.DENIED, "Permission denied")

    assert only(f"vfio-pci 0000:00:03.0: {MAPPING}", made(host)).fits is False


def test_without_groups_it_is_unknown_whether_a_refusal_fits() -> None:
    assert only(f"vfio-pci 0000:00:03.0: {MAPPING}", made(small_host())).fits is None


@pytest.mark.parametrize(
    ("lost", "fits"), [(b"", (True, False)), (b"\1\0\x18\0", (True, None))], ids=["whole", "cut"]
)
def test_a_damaged_table_may_have_lost_the_region_of_a_message(
    lost: bytes, fits: tuple[bool | None, ...]
) -> None:
    """Of the second region, which has 24 bytes, the table ends after the first 4."""
    region = tables.rmrr(0x7B000000, 0x7B00FFFF, tables.scope(1, 0, (0x19, 0)))
    table = tables.table(tables.drhd(0xFED90000, flags=1), region, lost)
    inventory = made(fake_host([Function(sbdf="0000:00:19.0")], {"DMAR": table}))
    text = "(XEN) [VT-D] It's disallowed to assign 0000:00:19.0 with shared RMRR at {:x} for d5."

    found = tuple(only(text.format(at), inventory).fits for at in (0x7B000000, 0x7D000000))

    assert found == fits


def test_a_refusal_of_a_device_of_unknown_kind_may_fit_or_not() -> None:
    host = explained.grouped(small_host(), g1=["0000:00:19.0"])
    path = "/sys/devices/pci0000:00/0000:00:19.0"
    for part in ("class", "config"):
        del host.files[f"{path}/{part}"]

    assert only(f"vfio-pci 0000:00:19.0: {MAPPING}", made(host)).fits is None


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
        (0xFEE00000, None, "an interrupt"),
        (0x20000000000000, None, "beyond 52 bits"),
        (0xFFFFFFFFFFFF000, None, "beyond 52 bits"),
        (0x1000000, None, "RAM"),
    ],
)
def test_a_fault_outside_all_regions_offers_one(
    address: int, forgotten: str | None, why_not: str
) -> None:
    text = f"(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:19.0] fault addr {address:x}"

    host = small_host()
    add_memory_map(host, ["0x100000 0x7affffff System RAM"])
    each = only(text, made(host))

    offered = [line for line in each.commands if "boot-option" in line]
    expected = [] if forgotten is None else [f"dmaragent boot-option {forgotten}=0000:00:19.0"]
    assert offered == expected, why_not
    assert (each.forgotten is None) == (forgotten is None)


XEN_FAULT = "(XEN) [VT-D]DMAR:[DMA Write] Request device [{}] fault addr {:x}"
LINUX_FAULT = "DMAR: [DMA Write NO_PASID] Request device [00:1a.0] fault addr 0xb0000000"


def offers(each: HostMatch) -> bool:
    return any("boot-option" in line for line in each.commands)


def test_no_option_is_offered_for_a_device_that_is_absent() -> None:
    absent = only(XEN_FAULT.format("0000:00:18.0", 0xBDF3E000), made(small_host()))

    assert absent.devices[0].presence is Presence.ABSENT
    assert not offers(absent)


@pytest.mark.parametrize(("release", "offered"), [((4, 8), False), ((4, 17), True)])
def test_no_option_is_offered_that_rmrr_option_would_refuse(
    machine: Callable[[str], Inventory],
    release: tuple[int, int],
    offered: bool,  # noqa: FBT001 - a case
) -> None:
    inventory = machine("xen-pv-dom0")
    assert inventory.host.xen is not None
    xen = inventory.host.xen._replace(release=Release(*release))
    inventory = inventory._replace(host=inventory.host._replace(xen=xen))

    each = only(XEN_FAULT.format("0000:00:1a.0", 0xB0000000), inventory)

    assert each.forgotten is not None
    assert offers(each) is offered


@pytest.mark.parametrize(
    ("name", "options", "translated", "offered"),
    [
        ("xen-pv-dom0", (), True, False),
        ("xen-pv-dom0", ("iommu=pt",), False, True),
        ("hp-dl380e-gen8", (), True, False),
        ("hp-dl380e-gen8", ("iommu=pt",), False, False),
    ],
)
def test_for_a_fault_of_linux_the_option_is_offered_only_on_xen_and_for_physical_addresses(
    machine: Callable[[str], Inventory],
    name: str,
    options: tuple[str, ...],
    translated: bool,  # noqa: FBT001 - a case
    offered: bool,  # noqa: FBT001 - a case
) -> None:
    inventory = machine(name)
    system = inventory.host.system._replace(options=options)
    inventory = inventory._replace(host=inventory.host._replace(system=system))

    each = only(LINUX_FAULT, inventory)

    assert each.translated is translated
    assert (each.forgotten is None) is translated
    assert offers(each) is offered


def grouped() -> Inventory:
    """Make a host whose group 3 has a NIC that Linux holds to region 1, and one that it does not."""
    inventory = made(small_host())
    devices = (SBDF.parse("00:03.0"), SBDF.parse("00:19.0"))
    group = IommuGroup(number=3, devices=devices, regions=None)
    return inventory._replace(host=inventory.host._replace(groups=(group,)))


def test_of_a_group_the_member_that_is_locked_is_named_as_the_reason(worded: Worded) -> None:
    text = "vfio 0000:00:03.0: failed to setup container for group 3: Failed to set group container: Invalid argument"

    each = only(text, grouped())

    assert [(str(sbdf), numbers) for sbdf, numbers in each.locked] == [("0000:00:19.0", (1,))]
    assert each.commands == ("dmaragent explain 0000:00:03.0", "dmaragent explain 0000:00:19.0")
    locked = only(text.replace("00:03.0", "00:19.0"), grouped())
    assert locked.commands == ("dmaragent explain 0000:00:19.0",)
    nobody = only("vfio: failed to setup container for group 3", grouped())
    assert nobody.commands == ("dmaragent explain 0000:00:19.0",)
    said = " ".join(here_words(each, table_known=True))
    worded(said, "0000:00:19.0", "region 1")


def test_below_xen_no_member_of_a_group_is_the_reason() -> None:
    inventory = in_linux_state(grouped(), LinuxState.UNDER_XEN)

    assert only("vfio: failed to setup container for group 3", inventory).locked == ()


def test_a_conflict_asks_first_about_the_guest_then_about_at_most_three_that_are_there() -> None:
    functions = [Function(sbdf=f"0000:00:1{n}.0") for n in range(5)]
    scopes = [tables.scope(1, 0, (0x10 + n, 0)) for n in (7, 0, 1, 2, 3, 4)]
    table = tables.table(
        tables.drhd(0xFED90000, flags=1), tables.rmrr(0x7B000000, 0x7B00FFFF, *scopes)
    )

    each = only("RDM conflict at 0x7b000000", made(fake_host(functions, {"DMAR": table})))

    assert each.commands == (
        "dmaragent resolve GUEST",
        *(f"dmaragent explain 0000:00:1{n}.0" for n in range(3)),
    )


@pytest.mark.parametrize(
    ("text", "state", "decided"),
    [
        (f"vfio-pci 0000:02:00.0: {MAPPING}", "UNDER_XEN", True),
        ("vfio: failed to setup container for group 3", "UNDER_XEN", True),
        ("vfio: failed to setup container for group 3", "GROUPS", False),
        ("RDM conflict at 0x7b000000", "UNDER_XEN", False),
    ],
    ids=["linux", "qemu", "qemu-without-xen", "libxl"],
)
def test_what_linux_and_qemu_say_is_decided_by_xen_where_it_runs(
    text: str,
    state: str,
    decided: bool,  # noqa: FBT001 - a case
) -> None:
    inventory = in_linux_state(made(small_host()), LinuxState[state])

    assert only(text, inventory).decided_by_xen is decided


@pytest.mark.parametrize(
    "text", ["Failed to parse ACPI DMAR. Disabling VT-d.", "RDM conflict at 0x7b800000"]
)
def test_xen_and_libxl_are_told_that_vtd_is_off(
    machine: Callable[[str], Inventory], text: str
) -> None:
    assert only(text, machine("synthetic-overlap")).vtd_off


def test_a_fault_of_an_absent_device_fits_where_a_region_names_it() -> None:
    table = tables.table(
        tables.drhd(0xFED90000, flags=1),
        tables.rmrr(0x7B000000, 0x7B00FFFF, tables.scope(1, 0, (0x19, 0))),
    )
    inventory = made(fake_host([Function(sbdf="0000:00:03.0")], {"DMAR": table}))

    assert only(XEN_FAULT.format("0000:00:19.0", 0x1000), inventory).fits is True
    assert only(XEN_FAULT.format("0000:00:18.0", 0x1000), inventory).fits is False


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

    each = only(f"RMRR [{wrong.first:x},{wrong.last:x}] is incorrect!", inventory)

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
    assert len(set(each.commands)) == len(each.commands)


def test_an_iommu_group_is_named_with_the_drivers_of_its_devices(
    machine: Callable[[str], Inventory],
) -> None:
    each = only("vfio: error, group 1 is not viable", machine("qemu-q35-rmrr"))

    assert each.group is not None
    assert [(str(sbdf), driver) for sbdf, driver in each.drivers] == [("0000:00:02.0", "bochs-drm")]
    assert each.commands == ("dmaragent explain 0000:00:02.0",)


def test_registers_are_tied_to_their_unit_and_not_to_memory() -> None:
    dead = "Your BIOS is broken; DMAR reported at address {:x} returns all ones!"

    here = only(dead.format(0xFED90000), made(small_host()))
    assert here.spans[0].units == (48,)
    assert here.commands == ("dmaragent check",)  # any rule can find the cause
    other = only(dead.format(0xFED91000), made(small_host()))
    assert other.spans[0].units == ()
    assert other.fits is False


def test_an_entry_that_only_xen_has_is_found(machine: Callable[[str], Inventory]) -> None:
    inventory = machine("xen-pv-dom0")
    entry = next(one for one in inventory.xen.list.entries if one.region is None)

    each = only(f"RDM conflict at {entry.range.start:#x}", inventory)

    assert each.spans[0].entries == (entry,)
    assert each.fits is True
    of_the_table = only(f"RDM conflict at {inventory.all_regions[0].first:#x}", inventory)
    assert of_the_table.spans[0].entries == ()


def test_addresses_beyond_64_bits_are_in_no_region() -> None:
    text = "(XEN) Cannot setup identity map d5:ffffffffffffffff, gfn already mapped to 1."

    assert only(text, made(small_host())).spans[0].regions == ()


def test_a_region_that_the_kernel_only_lists_leads_to_no_device() -> None:
    listed = only("DMAR: RMRR base: 0x7b000000 end: 0x7b00ffff", made(small_host()))

    assert [region.number for region in listed.spans[0].regions] == [1]
    assert listed.commands == ()


def test_if_the_functions_are_unknown_the_owners_in_the_table_are_explained() -> None:
    host = join(collect(small_host()))._replace(topology=UNKNOWN_FUNCTIONS)

    each = only("RDM conflict at 0x7b000000", take_inventory(host))

    assert "dmaragent explain 0000:00:19.0" in each.commands


def test_a_whole_table_without_regions_leaves_no_doubt_about_regions() -> None:
    host = fake_host(
        [Function(sbdf="0000:00:19.0")], {"DMAR": tables.table(tables.drhd(0xFED90000))}
    )

    assert why("RDM conflict at 0x7b000000", made(host)).regions_doubt == ""
