"""A finding claims no more than the readings of the host and the release of Xen show."""

import pytest

from dmaragent.checks import check
from dmaragent.checks.common.model import Finding, Severity
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.readings import Missing, MissingKind
from support.checked import BASE, GONE, LIMIT, UNIT, USB, found, host, host_of, only, taken
from support.hosts import FakeHost, Function, add_memory_map, fake_host
from support.ivrs_inventories import HOLE, amd_host, checked, of, with_list
from support.ivrs_inventories import UNIT as IVHD
from support.ivrs_tables import ENTRIES, ivhd, ivmd, ivrs
from support.releases import Numbers, as_release
from support.tables import atsr, drhd, rmrr, scope, structure, table
from support.wording import Worded

EHCI = Function(sbdf="0000:00:1d.0", class_code=0x0C0320)
CARD = Function(sbdf="0000:02:00.0")
DENIED = Missing(MissingKind.DENIED, "Permission denied")
IOMMU_FAULT = (
    b"AMD-Vi: Event logged [IO_PAGE_FAULT device=00:0b.0 domain=0x0003 address=0x9a001000 "
    b"flags=0x0050]\n"
)
VTD_FAULT = (
    b"DMAR: [DMA Read NO_PASID] Request device [00:1d.0] fault addr 0x7b801000 [fault reason 0x06] "
    b"PTE Read access is not set\n"
)


def _of(made: FakeHost, name: str, release: Numbers = None) -> list[Finding]:
    inventory: Inventory = take_inventory(join(collect(made)), as_release(release))
    return [one for one in check(inventory).findings if one.rule.id == name]


def _with_unread_bridge(content: bytes) -> FakeHost:
    bridge = Function(sbdf="0000:00:1c.0", class_code=0x060400)
    made = host_of(content, (bridge, EHCI, CARD))
    for path in [path for path in made.files if path.endswith("1c.0/config")]:
        made.files[path] = DENIED
    return made


# A DMAR ------------------------------------------------------------------------------------


def test_behind_a_bridge_of_unknown_buses_no_device_certainly_lacks_a_unit() -> None:
    units = table(drhd(0xFED91000, scope(2, 0, (0x1C, 0)), scope(1, 0, (0x1D, 0))))
    read = host_of(units, (EHCI, CARD))

    assert found(_with_unread_bridge(units), "device-without-unit") == []
    assert found(read, "device-without-unit")


def test_behind_a_bridge_of_unknown_buses_a_device_may_be_present() -> None:
    behind = scope(1, 0, (0x1C, 0), (0, 0))

    for scopes in ((behind, GONE), (behind, GONE, USB)):
        content = table(UNIT, rmrr(BASE, LIMIT, *scopes))
        assert found(_with_unread_bridge(content), "rmrr-absent-shares") == []


def test_nobody_reads_the_scope_of_an_atsr_with_all_ports(worded: Worded) -> None:
    wrong = scope(2, 0, (0x1D, 0))
    unread = only(host(atsr(wrong, flags=1)), "scope-type-mismatch")

    assert only(host(atsr(wrong)), "scope-type-mismatch").severity is Severity.CRITICAL
    assert unread.severity is Severity.WARNING
    worded(unread.xen)
    worded(unread.linux)


def test_a_bridge_without_a_bus_is_called_a_bridge(worded: Worded) -> None:
    bridge = Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=0)
    path = rmrr(BASE, LIMIT, USB, scope(1, 0, (0x1C, 0), (0, 0)))

    worded(only(host(path, functions=(bridge, EHCI)), "scope-path-not-bridge").hit.message)


@pytest.mark.parametrize(("release", "below"), [((4, 14), True), ((4, 17), False)], ids=str)
def test_a_region_without_pages_is_in_the_list_of_old_releases_only(
    release: Numbers, worded: Worded, *, below: bool
) -> None:
    made = host(rmrr(0xE0000, 0xE0000, USB))
    assert taken(made, release).regions[0].xen.listed is below

    worded(only(made, "rmrr-no-page", release).xen)
    hits = found(made, "rmrr-below-1mib", release)
    assert bool(hits) is below
    worded("\n".join(hit.xen for hit in hits))


@pytest.mark.parametrize("options", ["intel_iommu=on", "intel_iommu=on iommu=pt"])
def test_an_address_that_linux_translates_need_not_be_in_a_region(
    options: str, worded: Worded
) -> None:
    made = host(rmrr(BASE, LIMIT, USB))
    made.files["/proc/cmdline"] = f"{options}\n".encode()
    made.calls["boot-log"] = VTD_FAULT
    fault = only(made, "dma-fault-logged")

    assert ("iommu=pt" in fault.advice) is ("iommu=pt" not in options)
    worded(fault.advice)


def _dom0(made: FakeHost, listed: str | None) -> FakeHost:
    """Make `made` a dom0 whose Xen lists `listed`; None: its list was not read."""
    made.files |= {"/sys/hypervisor/type": b"xen\n", "/proc/xen/capabilities": b"control_d\n"}
    made.files |= {
        f"/sys/hypervisor/version/{name}": text
        for name, text in (("major", b"4\n"), ("minor", b"20\n"), ("extra", b".1\n"))
    }
    if listed is not None:
        made.calls["xen-rdm"] = f'{{"entries": [{listed}]}}'.encode()
    return made


@pytest.mark.parametrize(
    ("listed", "unknown"), [(None, True), ("[507920, 16]", False)], ids=["not read", "listed"]
)
def test_in_dom0_a_region_in_a_hole_of_the_map_may_be_in_ram(
    listed: str | None, worded: Worded, *, unknown: bool
) -> None:
    """The region 0x7c010000-0x7c01ffff is in no entry; dom0's map has only dom0's own RAM."""
    made = _dom0(host(rmrr(0x7C010000, 0x7C01FFFF, USB)), listed)
    one = only(made, "rmrr-not-reserved", (4, 20, 1))

    assert one.xen.startswith("Unknown") is unknown
    worded(one.xen)


@pytest.mark.parametrize(
    ("rest", "ids"),
    [
        ("Reserved", set()),
        ("ACPI Non-volatile Storage", {"rmrr-not-reserved"}),
        (None, {"rmrr-not-reserved"}),
        ("System RAM", {"rmrr-in-ram"}),
    ],
    ids=str,
)
def test_page_0_of_unknown_type_does_not_hide_the_rest_of_a_region(
    rest: str | None, ids: set[str]
) -> None:
    """The region 0x0-0xffff, with what /proc/iomem has behind page 0, which Linux reserves itself."""
    made = fake_host([EHCI], {"DMAR": table(UNIT, rmrr(0, 0xFFFF, USB))})
    behind = () if rest is None else (f"0x1000 0xffff {rest}",)
    add_memory_map(made, ("0x0 0xfff Reserved by Linux", *behind, "0x100000 0x7bffffff System RAM"))

    names = {one.rule.id for one in check(take_inventory(join(collect(made)))).findings}

    assert names & {"rmrr-not-reserved", "rmrr-in-ram"} == ids


@pytest.mark.parametrize(("release", "too_many"), [((4, 14), True), ((4, 17), False)], ids=str)
def test_a_region_without_pages_takes_no_place_in_the_map_of_a_guest(
    release: Numbers, *, too_many: bool
) -> None:
    """127 regions of one byte at a page: from Xen 4.16 on, it lists none of them."""
    bases = (BASE + at * 0x1000 for at in range(127))
    made = host(*(rmrr(base, base, USB) for base in bases))

    assert bool(found(made, "rmrr-too-many", release)) is too_many


def test_a_fault_is_in_the_region_that_names_the_device(worded: Worded) -> None:
    """Two regions have the address; Linux accepts both, and the second names 00:1d.0."""
    other = scope(1, 0, (0x1A, 0))
    made = host(rmrr(BASE, LIMIT, other), rmrr(BASE, LIMIT, USB))
    made.calls["boot-log"] = VTD_FAULT

    worded(only(made, "dma-fault-logged").hit.message, "region 2, which names the device")


# An IVRS -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "severity"),
    [((), Severity.WARNING), (((0x7C000, 0x28),), Severity.INFO)],
    ids=["not listed", "listed"],
)
def test_in_dom0_an_ivmd_in_a_hole_of_the_map_may_be_in_ram(
    listed: tuple[tuple[int, int], ...], severity: Severity, worded: Worded
) -> None:
    inventory = with_list(of(ivmd(HOLE, 0x28000, flags=7, device=0x0100)), *listed)
    (one,) = [one for one in check(inventory).findings if one.rule.id == "ivmd-not-reserved"]

    assert one.severity is severity
    worded(one.xen)
    worded(one.advice)
    assert ("No action" in one.advice) is bool(listed)


UNREAD = "0x0 0xfff Reserved by Linux"


@pytest.mark.parametrize(
    ("behind", "length", "ids", "unknown"),
    [
        ("0x1000 0xfffff Reserved", 1, {"ivmd-at-zero"}, True),
        ("0x1000 0xfffff Reserved", 0x2000, {"ivmd-at-zero"}, True),
        ("0x1000 0xfffff ACPI Tables", 0x2000, {"ivmd-at-zero", "ivmd-in-nvs"}, True),
        ("0x100000 0x1fffff Reserved", 0x2000, {"ivmd-at-zero", "ivmd-not-reserved"}, True),
        ("0x1000 0xfffff System RAM", 0x2000, {"ivmd-at-zero"}, False),
    ],
    ids=["page 0", "and reserved", "and ACPI", "and a hole", "and RAM"],
)
def test_an_ivmd_over_page_0_of_unknown_type_may_be_in_ram(
    behind: str, length: int, ids: set[str], worded: Worded, *, unknown: bool
) -> None:
    """No two findings of the region contradict each other."""
    of_table = ivrs(IVHD, ivmd(0, length, flags=7, device=0x0100))
    inventory = take_inventory(amd_host(of_table, memory=(UNREAD, behind)), as_release((4, 20, 1)))

    found_here = [one for one in check(inventory).findings if one.rule.id != "ivmd-length-tiny"]

    assert {one.rule.id for one in found_here} == ids
    assert {one.xen.startswith("Unknown") for one in found_here} == {unknown}
    worded(found_here[0].xen)


@pytest.mark.parametrize(
    ("first", "severity"),
    [
        ("", Severity.CRITICAL),
        ("[mem 0x0000000000000000-0x000000000009fbff] usable", Severity.CRITICAL),
        ("[mem 0x0000000000000000-0x000000000009fbff] reserved", Severity.ERROR),
    ],
)
def test_a_map_that_lacks_its_beginning_does_not_show_that_page_0_is_not_ram(
    first: str, severity: Severity
) -> None:
    content = ivrs(ivhd(*ENTRIES), ivhd(*ENTRIES, kind=0x11), ivmd(0, 1, device=0x0100))
    made = fake_host([Function(sbdf="0000:01:00.0")], {"IVRS": content})
    lines = [first, "[mem 0x0000000000100000-0x000000007fffffff] usable"]
    made.calls["boot-log"] = "".join(f"BIOS-e820: {line}\n" for line in lines if line).encode()
    (one,) = _of(made, "ivmd-at-zero", (4, 19, 1))

    assert one.severity is severity


@pytest.mark.parametrize("kernel", ["4.19.0-generic", "6.1.0-9-amd64", "6.12.1"])
def test_old_kernels_do_not_check_what_vfio_maps(kernel: str, worded: Worded) -> None:
    wide = ivmd(0x9A000000, 0x28000, kind=0x22, device=0, auxiliary=0xFFF, flags=7)
    functions = [Function(sbdf="0000:01:00.0"), CARD]
    made = fake_host(functions, {"IVRS": ivrs(ivhd(*ENTRIES), wide)})
    made.files["/proc/sys/kernel/osrelease"] = f"{kernel}\n".encode()
    (one,) = _of(made, "ivmd-range-wide")

    assert ("EINVAL" in one.linux) is kernel.startswith("6.1.")
    worded(one.linux)


def test_a_range_of_ids_names_a_device_that_is_not_present() -> None:
    wide = ivmd(0x9A000000, 0x28000, kind=0x22, device=0, auxiliary=0xFFF, flags=7)
    content = ivrs(ivhd(*ENTRIES), wide)
    made = fake_host([Function(sbdf="0000:01:00.0"), CARD], {"IVRS": content})
    made.calls["boot-log"] = IOMMU_FAULT
    (one,) = _of(made, "amd-dma-fault-logged")

    assert "in region 1, which names the device" in one.hit.message


@pytest.mark.parametrize(
    ("number", "listed"), [(0x0300, True), (0x0001, False)], ids=["with IOMMU", "without"]
)
def test_xen_lists_no_region_of_an_absent_device_without_an_iommu(
    number: int, worded: Worded, *, listed: bool
) -> None:
    """No function is at 03:00.0 and 00:00.1; the IVHD block has 00:00.3 and later."""
    inventory = checked(ivrs(IVHD, ivmd(0x9A000000, 0x1000, flags=7, device=number)), "4.20.1")
    (one,) = [one for one in check(inventory).findings if one.rule.id == "ivmd-absent-device"]

    assert inventory.all_regions[0].xen.listed is listed
    worded(one.xen)


# A table with the name of another ----------------------------------------------------------

_DMAR = table(UNIT, rmrr(BASE, LIMIT, USB))
_IVRS = ivrs(ivhd(*ENTRIES), ivmd(0x9A000000, 0x28000))


@pytest.mark.parametrize("name", ["DMAR", "RMAD", "IVRS"])
@pytest.mark.parametrize(
    ("content", "amd"),
    [
        pytest.param(_IVRS, True, id="IVRS"),
        pytest.param(_DMAR, False, id="DMAR"),
        pytest.param(table(UNIT, structure(1, bytes(4))), False, id="a short structure"),
        pytest.param(table(UNIT, structure(1, bytes(4), length=0)), False, id="a length of 0"),
    ],
)
def test_the_content_of_a_table_decides_its_rules(content: bytes, name: str, *, amd: bool) -> None:
    made = fake_host([EHCI], {name: content})
    add_memory_map(made, ("0x0 0x9fbff System RAM",))
    found_here = check(take_inventory(join(collect(made))))
    rules = [one.rule.id for one in found_here.findings]

    assert found_here.decoded
    assert all(name.startswith(("iv", "amd-")) for name in rules) or not amd
    assert amd or not any(name.startswith("ivmd-") for name in rules)


@pytest.mark.parametrize(
    ("name", "rule"), [("DMAR", "table-unreadable"), ("IVRS", "ivrs-unreadable")]
)
@pytest.mark.parametrize("content", [b"XXXX" + _DMAR[4:], b"IVR", bytes(64)])
def test_a_table_of_another_signature_is_a_damaged_one_of_its_files_name(
    content: bytes, name: str, rule: str
) -> None:
    made = fake_host([EHCI], {name: content})

    assert [one.rule.id for one in check(taken(made)).findings] == [rule]
