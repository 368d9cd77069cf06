"""The group of a device under Linux: who is in the way, and who only seems to be."""

from dataclasses import replace

import pytest

from dmaragent.passthrough.linux_group import NEW_RULE, OLD_RULE
from dmaragent.passthrough.model import Can, Case
from dmaragent.readings import Missing, MissingKind
from support.explained import HIGH, MATE, NIC, USB, USB_SCOPE, cases, grouped, made, told
from support.hosts import FakeHost, Function
from support.tables import rmrr, scope
from support.wording import Worded

PORT = Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2, driver="pcieport")


def _group(host: FakeHost, device: str = "00:1d.0") -> Case:
    return next(one for one in told(host, device).linux.cases if one.title == "group")


def _with_mate(mate: Function) -> FakeHost:
    return grouped(made(HIGH, functions=[NIC, USB, mate]), g4=["0000:00:1d.0", mate.sbdf])


def test_a_bridge_of_the_group_keeps_its_driver(worded: Worded) -> None:
    host = _with_mate(PORT)

    bind = next(one for one in told(host, "00:1d.0").remedies if one.title.startswith("Bind"))

    assert _group(host).can is Can.YES
    worded(_group(host).explanation, "0000:00:1c.0")
    assert not any("0000:00:1c.0" in line for line in bind.lines)
    worded(bind.explanation)


@pytest.mark.parametrize(
    ("driver", "can"),
    [
        (None, Can.YES),
        ("pci-stub", Can.YES),
        ("vfio-pci", Can.YES),
        ("mlx5_vfio_pci", Can.YES),
        ("pciback", Can.CONDITIONS),
        ("xhci_hcd", Can.CONDITIONS),
    ],
)
def test_vfio_puts_up_with_no_driver_with_pci_stub_and_with_its_own(
    driver: str | None, can: Can
) -> None:
    assert _group(_with_mate(replace(MATE, driver=driver))).can is can


@pytest.mark.parametrize(
    ("driver", "bound"),
    [("pci-stub", False), ("vfio-pci", False), (None, True), ("ehci-pci", True)],
)
def test_the_lines_bind_what_a_host_driver_has_or_could_take(
    driver: str | None,
    bound: bool,  # noqa: FBT001
) -> None:
    steps = told(_with_mate(replace(MATE, driver=driver)), "00:1d.0").remedies

    bind = next(one for one in steps if one.title.startswith("Bind"))
    assert any("0000:00:1a.0" in line for line in bind.lines) is bound


def test_a_bridge_of_unknown_driver_is_no_device_to_bind() -> None:
    host = _with_mate(PORT)
    denied = Missing(MissingKind.DENIED, "Permission denied")
    host.links["/sys/devices/pci0000:00/0000:00:1c.0/driver"] = denied

    assert _group(host).can is Can.YES
    assert not any("0000:00:1c.0" in line for one in told(host).remedies for line in one.lines)


@pytest.mark.parametrize(
    ("driver", "can"), [(None, Can.NO), ("ixgbe", Can.NO), ("vfio-pci", Can.YES)]
)
def test_a_physical_function_in_the_group_is_in_the_way_unless_it_is_vfios(
    driver: str | None, can: Can
) -> None:
    virtual = Function(sbdf="0000:00:19.1", physical_function=NIC.sbdf)
    host = made(functions=[replace(NIC, driver=driver), virtual])

    assert _group(grouped(host, g1=[NIC.sbdf, virtual.sbdf]), "00:19.1").can is can


def test_a_physical_function_of_unknown_driver_may_be_vfios(worded: Worded) -> None:
    virtual = Function(sbdf="0000:00:19.1", physical_function=NIC.sbdf)
    host = made(functions=[replace(NIC, driver=None), virtual])
    denied = Missing(MissingKind.DENIED, "Permission denied")
    host.links["/sys/devices/pci0000:00/0000:00:19.0/driver"] = denied

    group = _group(grouped(host, g1=[NIC.sbdf, virtual.sbdf]), "00:19.1")

    assert group.can is Can.CONDITIONS
    worded(group.explanation, NIC.sbdf)


def test_a_device_may_be_in_a_group_whose_devices_could_not_be_read() -> None:
    host = grouped(made(), g1=[USB.sbdf])
    assert cases(told(host).linux)["group"] is Can.NO

    host = grouped(made(), g1=[USB.sbdf], g2=[])
    assert "group" not in cases(told(host).linux)


def test_two_usb_controllers_of_one_region_and_group_do_not_lock_each_other(worded: Worded) -> None:
    both = rmrr(0xAD800000, 0xAD80FFFF, USB_SCOPE, scope(1, 0, (0x1A, 0)))
    host = grouped(made(both, kernel="6.1.0"), g4=["0000:00:1d.0", "0000:00:1a.0"])

    assert told(host, "00:1d.0").linux.can is Can.YES
    worded(_group(host).explanation)


@pytest.mark.parametrize(
    ("kernel", "error"),
    [
        ("5.4.0", OLD_RULE.error),
        ("5.15.0-91-generic", OLD_RULE.error),
        ("6.5.13", OLD_RULE.error),
        ("6.6.0", NEW_RULE.error),
        ("6.12.0", NEW_RULE.error),
        ("5.14.0-427.el9.x86_64", NEW_RULE.error),  # whose number does not tell
        ("", NEW_RULE.error),
    ],
)
def test_a_locked_mate_is_refused_by_the_rule_of_the_kernel(kernel: str, error: str) -> None:
    host = grouped(made(HIGH, kernel=kernel), g4=["0000:00:19.0", "0000:00:1d.0"])

    rule = _group(host).rule

    assert rule is not None
    assert rule.error == error


def test_what_helps_a_locked_device_is_not_noted_of_its_mate_or_of_what_is_let_go(
    worded: Worded,
) -> None:
    host = grouped(made(HIGH, kernel="6.1.0"), g4=["0000:00:19.0", "0000:00:1d.0"])

    worded(told(host).notes)
    assert not any("relax_rmrr" in note for note in told(host, "00:1d.0").notes)
    free = made(rmrr(0xAD800000, 0xAD80FFFF, USB_SCOPE), kernel="6.1.0")
    assert not any("relax_rmrr" in note for note in told(free, "00:1d.0").notes)


# relax_rmrr -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        "intel_iommu=on iommu=pt,relax_rmrr",
        "intel_iommu=on relax_rmrr",
        "intel_iommu=on,relax-rmrr",
        "intel_iommu=on,no_relax_rmrr",
        "intel_iommu=on,relax_rmrr=1",  # not documented
        "amd_iommu=on,relax_rmrr",
    ],
)
def test_relax_rmrr_counts_as_a_word_of_intel_iommu_alone(options: str, worded: Worded) -> None:
    host = made(HIGH, kernel="6.5.13-6-pve", options=options)

    found = told(grouped(host, g1=["0000:00:19.0"]))

    assert found.linux.can is Can.NO
    worded(found.linux.explanation)


@pytest.mark.parametrize(
    "options",
    [
        "intel_iommu=on,relax_rmrr",
        "intel-iommu=on,relax_rmrr",  # the kernel reads - in a name as _
        "intel_iommu=relax_rmrr intel_iommu=on",
    ],
)
def test_relax_rmrr_counts_as_the_kernel_reads_it(options: str) -> None:
    host = made(HIGH, kernel="6.5.13-6-pve", options=options)

    assert told(grouped(host, g1=["0000:00:19.0"])).linux.can is Can.CONDITIONS


@pytest.mark.parametrize("groups", [True, False], ids=["in a group", "groups not collected"])
def test_whether_an_unknown_kernel_has_relax_rmrr_is_unknown(
    worded: Worded, *, groups: bool
) -> None:
    host = made(HIGH, options="intel_iommu=on,relax_rmrr")
    if groups:
        grouped(host, g1=["0000:00:19.0", "0000:00:1d.0"])

    found = told(host)

    assert found.linux.can is Can.UNKNOWN
    assert cases(found.linux)["relax_rmrr"] is Can.UNKNOWN
    worded(found.linux.explanation)
    assert not groups or told(host, "00:1d.0").linux.can is Can.UNKNOWN


def test_a_type_that_the_kernel_publishes_shows_that_relax_rmrr_has_no_effect() -> None:
    host = grouped(made(HIGH, options="intel_iommu=on,relax_rmrr"), g1=["0000:00:19.0"])
    published = b"0x00000000ad800000 0x00000000ad80ffff direct\n0xfee00000 0xfeefffff msi\n"
    host.files["/sys/kernel/iommu_groups/1/reserved_regions"] = published

    assert told(host).linux.can is Can.NO


def test_below_xen_relax_rmrr_of_a_kernel_that_has_it_decides_nothing(worded: Worded) -> None:
    host = made(HIGH, kernel="6.5.13-6-pve", options="intel_iommu=on,relax_rmrr")
    host.files["/sys/hypervisor/type"] = b"xen\n"
    host.files["/proc/xen/capabilities"] = b"control_d\n"

    found = told(host)

    assert (found.decides, found.linux.can) == (("xen",), Can.NOT_APPLICABLE)
    worded(found.linux.explanation)
    worded(found.notes)


@pytest.mark.parametrize(
    ("regions", "can"),
    [(b"0xfee00000 0xfeefffff msi\n", Can.CONDITIONS), (b"", Can.UNKNOWN)],
    ids=["published", "not read"],
)
def test_a_mate_that_is_not_among_the_functions_is_not_taken_for_harmless(
    regions: bytes, can: Can
) -> None:
    host = grouped(made(), g1=["0000:00:19.0", "0000:00:19.1"])
    host.files["/sys/kernel/iommu_groups/1/reserved_regions"] = regions

    assert told(host).linux.can is can
    assert _group(host, "00:19.0").can is Can.CONDITIONS


def test_a_virtual_function_whose_own_address_a_region_names_has_the_region() -> None:
    virtual = Function(sbdf="0000:00:19.1", physical_function=NIC.sbdf)
    both = rmrr(0xAD800000, 0xAD80FFFF, scope(1, 0, (0x19, 0)), scope(1, 0, (0x19, 1)))

    for region, has_case in ((HIGH, True), (both, False)):
        xen = told(made(region, functions=[NIC, virtual]), "00:19.1").xen
        assert ("virtual function" in cases(xen)) is has_case
