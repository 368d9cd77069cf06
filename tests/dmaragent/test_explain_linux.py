"""Linux's verdict on a device: kernels, groups, classes, options, virtual functions."""

from dataclasses import replace

import pytest

from dmaragent.answers.explain import verdict_code
from dmaragent.passthrough.model import Can
from dmaragent.remedies.remedy import Safety
from support.explained import HIGH, MATE, NIC, NIC_SCOPE, USB, cases, grouped, made, told
from support.hosts import FakeHost, Function
from support.tables import rmrr, scope
from support.wording import Worded


@pytest.mark.parametrize(
    ("kernel", "titles"),
    [
        ("3.16.0-4-amd64", ["Linux 3.16"]),
        ("3.17.0", ["Linux 3.17 to 6.5"]),
        ("6.5.13-6-pve", ["Linux 3.17 to 6.5", "relax_rmrr"]),
        ("6.2.16-13-pve", ["Linux 3.17 to 6.5", "relax_rmrr"]),
        ("6.2.16-12-pve", ["Linux 3.17 to 6.5"]),
        ("6.2.16-20-bpo11-pve", ["Linux 3.17 to 6.5", "relax_rmrr"]),
        ("6.14.8-2-bpo12-pve", ["Linux 6.6 and later", "relax_rmrr"]),
        ("6.2.16-12-bpo11-pve", ["Linux 3.17 to 6.5"]),
        ("5.15.83-1-pve-relaxablermrr", ["Linux 3.17 to 6.5", "relax_rmrr"]),
        (f"6.5.13-{'9' * 50}-pve", ["Linux 3.17 to 6.5"]),
        (f"6.5.13-{'9' * 5000}-pve", ["Linux 6.6 and later", "Linux 3.17 to 6.5"]),  # none has it
        ("3.10.0-957.el7.x86_64", ["Linux 6.6 and later", "Linux 3.17 to 6.5"]),
        ("6.6.0", ["Linux 6.6 and later"]),
        ("7.0.1", ["Linux 6.6 and later"]),
    ],
)
def test_the_kernel_decides_which_refusal_a_locked_device_meets(
    kernel: str, titles: list[str]
) -> None:
    found = told(made(HIGH, kernel=kernel))

    assert list(cases(found.linux)) == titles


def test_an_unknown_kernel_gets_both_wordings() -> None:
    messages = [case.message for case in told(made(HIGH)).linux.cases]

    assert messages[0].startswith("Firmware has requested this device have a 1:1 IOMMU mapping")
    assert messages[1].startswith("Device is ineligible for IOMMU domain attach")


@pytest.mark.parametrize(
    ("groups", "can"),
    [
        ({"g4": ["0000:00:1d.0"]}, Can.YES),
        ({"g4": ["0000:00:1d.0", "0000:00:1a.0"]}, Can.YES),
        ({"g4": ["0000:00:19.0", "0000:00:1d.0"]}, Can.NO),
    ],
)
def test_the_group_goes_whole(groups: dict[str, list[str]], can: Can, worded: Worded) -> None:
    host = grouped(made(HIGH, kernel="6.1.0"), **groups)

    found = told(host, "00:1d.0")

    assert found.linux.can is can
    worded(found.linux.cases[-1].explanation)
    assert found.decides == ("linux",)


def test_a_group_mate_with_a_host_driver_must_come_along() -> None:
    busy = replace(MATE, driver="xhci_hcd")
    host = grouped(made(HIGH, functions=[NIC, USB, busy]), g4=["0000:00:1d.0", "0000:00:1a.0"])

    found = told(host, "00:1d.0")

    assert found.linux.can is Can.CONDITIONS
    assert "0000:00:1a.0" in found.linux.cases[-1].explanation


def test_a_virtual_function_is_offered_and_has_no_region(worded: Worded) -> None:
    nic = replace(NIC, total_vfs=7)
    virtual = Function(sbdf="0000:00:19.1", physical_function="0000:00:19.0")
    host = made(HIGH, functions=[nic, virtual], kernel="6.12.0")
    host = grouped(host, g1=["0000:00:19.0"], g2=["0000:00:19.1"])

    step = next(one for one in told(host).remedies if "virtual function" in one.title)

    worded(step.explanation, "0000:00:19.1")
    assert step.lines == ()
    assert told(host, "00:19.1").linux.can is Can.YES


@pytest.mark.parametrize(("groups", "offered"), [(["g4"], False), (["g4", "g5"], True)])
def test_a_virtual_function_in_the_group_of_its_physical_one_is_no_way_out(
    groups: list[str],
    offered: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    nic = replace(NIC, total_vfs=7)
    virtual = Function(sbdf="0000:00:19.1", physical_function="0000:00:19.0")
    devices: dict[str, list[str]] = {name: [] for name in groups}
    devices["g4"].append(nic.sbdf)
    devices[groups[-1]].append(virtual.sbdf)
    host = grouped(made(HIGH, functions=[nic, virtual], kernel="6.12.0"), **devices)

    assert any("virtual function" in step.title for step in told(host).remedies) is offered


def _below_a_bridge(**files: str) -> FakeHost:
    functions = [
        Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2),
        Function(sbdf="0000:02:00.0", total_vfs=7, driver="ixgbe"),
        Function(sbdf="0000:02:10.0", physical_function="0000:02:00.0"),
    ]
    bridged = rmrr(0xAD800000, 0xAD80FFFF, scope(2, 0, (0x1C, 0)))
    groups = {"g1": ["0000:00:1c.0"], "g2": ["0000:02:00.0"], "g3": ["0000:02:10.0"]}
    return grouped(made(bridged, functions=functions, **files), **groups)


def test_below_a_bridge_that_a_region_names_a_virtual_function_is_no_way_out() -> None:
    host = _below_a_bridge(kernel="6.12.0")

    virtual = told(host, "02:10.0")

    assert virtual.linux.can is Can.NO
    assert "virtual function" not in cases(virtual.linux)
    assert not any("virtual function" in step.title for step in told(host, "02:00.0").remedies)


@pytest.mark.parametrize(("kernel", "can"), [("5.2.0", Can.CONDITIONS), ("5.3.0", Can.NO)])
def test_regions_of_bridges_hold_what_is_below_since_5_3(kernel: str, can: Can) -> None:
    assert told(_below_a_bridge(kernel=kernel), "02:00.0").linux.can is can


@pytest.mark.parametrize(("kernel", "can"), [("3.19.0", Can.CONDITIONS), ("4.9.0", Can.YES)])
def test_display_devices_were_let_go_later_than_usb(kernel: str, can: Can) -> None:
    display = Function(sbdf="0000:00:02.0", class_code=0x030000, driver="i915")
    host = made(
        rmrr(0xAD800000, 0xAD80FFFF, scope(1, 0, (2, 0))), functions=[display], kernel=kernel
    )

    assert told(grouped(host, g1=["0000:00:02.0"]), "00:02.0").linux.can is can


def test_before_3_17_a_locked_mate_is_in_nobodys_way() -> None:
    host = grouped(made(HIGH, kernel="3.16.0"), g4=["0000:00:19.0", "0000:00:1d.0"])

    assert told(host, "00:1d.0").linux.can is Can.CONDITIONS  # the mate has a host driver
    bind = next(one for one in told(host, "00:19.0").remedies if one.title.startswith("Bind"))
    assert bind.safety is Safety.RISK


def test_a_group_that_another_device_locks_has_a_next_step() -> None:
    host = grouped(made(HIGH, kernel="6.1.0"), g4=["0000:00:19.0", "0000:00:1d.0"])

    step = next(one for one in told(host, "00:1d.0").remedies)

    assert step.lines == ("dmaragent explain 0000:00:19.0",)


def test_the_rest_of_the_group_is_bound_too() -> None:
    busy = replace(MATE, driver="xhci_hcd")
    host = grouped(made(HIGH, functions=[NIC, USB, busy]), g4=["0000:00:1d.0", "0000:00:1a.0"])

    bind = next(one for one in told(host, "00:1d.0").remedies if one.title.startswith("Bind"))

    assert bind.lines[0] == "modprobe vfio-pci"
    assert "echo vfio-pci > /sys/bus/pci/devices/0000:00:1a.0/driver_override" in bind.lines


def test_regions_left_out_of_a_sentence_are_counted(worded: Worded) -> None:
    regions = [rmrr(base << 20, (base << 20) + 0xFFF, NIC_SCOPE) for base in range(2700, 2705)]

    worded(told(made(*regions)).linux.cases[0].explanation)


def test_a_virtual_function_is_made_where_there_is_none() -> None:
    host = made(HIGH, functions=[replace(NIC, total_vfs=7)], kernel="6.12.0")

    step = next(one for one in told(host).remedies if "virtual function" in one.title)

    assert step.lines == ("echo 1 > /sys/bus/pci/devices/0000:00:19.0/sriov_numvfs",)


def test_a_locked_device_alone_in_its_group_is_not_its_own_mate(worded: Worded) -> None:
    host = grouped(made(HIGH, kernel="6.1.0"), g4=["0000:00:19.0"])

    worded(told(host).linux.cases[-1].explanation)
    host = grouped(made(HIGH, kernel="6.1.0"), g4=["0000:00:19.0", "0000:00:1a.0"])
    worded(told(host).linux.cases[-1].explanation, "0000:00:1a.0")


def test_a_kernel_without_groups_does_not_use_the_iommu(worded: Worded) -> None:
    found = told(grouped(made(HIGH, kernel="6.1.0")))

    assert found.linux.can is Can.NO
    worded(found.linux.explanation, "intel_iommu=on?")


def test_a_kernel_that_has_the_region_relaxable_is_believed_and_the_risk_said(
    worded: Worded,
) -> None:
    host = grouped(made(HIGH, kernel="6.1.0"), g4=["0000:00:19.0"])
    regions = b"0x00000000ad800000 0x00000000ad80ffff direct-relaxable\n"
    host.files["/sys/kernel/iommu_groups/4/reserved_regions"] = regions

    found = told(host)

    assert found.linux.can is Can.YES
    worded(found.linux.explanation)
    assert found.linux.cases[0].title == "relax_rmrr"


def test_proxmox_with_the_option_lets_it_go(worded: Worded) -> None:
    host = made(HIGH, kernel="6.5.13-6-pve", options="intel_iommu=on,relax_rmrr")

    found = told(grouped(host, g1=["0000:00:19.0"]))

    assert found.linux.can is Can.CONDITIONS
    worded(found.linux.explanation)


def test_vanilla_kernels_do_not_know_relax_rmrr() -> None:
    host = made(HIGH, kernel="6.1.0", options="intel_iommu=on,relax_rmrr")

    found = told(grouped(host, g1=["0000:00:19.0"]))

    assert found.linux.can is Can.NO
    case = next(one for one in found.linux.cases if one.title == "relax_rmrr")
    assert case.message == "DMAR: Unknown option - 'relax_rmrr'"


def test_only_options_that_this_device_needs_are_suggested(worded: Worded) -> None:
    options = (
        "intel_iommu=on pcie_acs_override=downstream vfio_iommu_type1.allow_unsafe_interrupts=1"
    )
    host = made(HIGH, kernel="6.1.0", options=options)

    found = told(grouped(host, g1=["0000:00:19.0"]))

    notes = " ".join(found.notes)
    worded(notes, "pcie_acs_override=downstream", "allow_unsafe_interrupts=1")
    assert not any("acs" in line for step in found.remedies for line in step.lines)


def test_dom0s_kernel_options_are_said_to_do_nothing(worded: Worded) -> None:
    host = made(HIGH, kernel="6.1.0", options="intel_iommu=on,relax_rmrr")
    host.files["/sys/hypervisor/type"] = b"xen\n"
    host.files["/proc/xen/capabilities"] = b"control_d\n"

    found = told(host)

    assert found.decides == ("xen",)
    assert found.linux.can is Can.NOT_APPLICABLE
    worded(found.linux.explanation)
    worded(found.notes, "intel_iommu=on")
    assert not any(step.side == "Linux" for step in found.remedies)


# relax_rmrr against the kernel's type, and in the group --------------------------------------


@pytest.mark.parametrize(
    ("published", "can"),
    [("", Can.CONDITIONS), ("0xad800000 0xad80ffff direct\n0xfee00000 0xfeefffff msi\n", Can.NO)],
)
def test_a_type_of_the_kernel_refutes_relax_rmrr(published: str, can: Can) -> None:
    host = made(HIGH, kernel="6.8.12-9-pve", options="intel_iommu=on,relax_rmrr")
    grouped(host, g1=["0000:00:19.0"])
    host.files["/sys/kernel/iommu_groups/1/reserved_regions"] = published.encode()

    assert told(host).linux.can is can


def test_relax_rmrr_lets_the_whole_group_go_with_the_same_risk(worded: Worded) -> None:
    mate = Function(sbdf="0000:00:19.1", driver="vfio-pci")
    host = made(
        HIGH,
        functions=[NIC, mate],
        kernel="6.8.12-9-pve",
        options="intel_iommu=on,relax_rmrr",
    )
    grouped(host, g1=["0000:00:19.0", "0000:00:19.1"])

    own, beside = told(host).linux, told(host, "00:19.1").linux

    assert (own.can, own.risk) == (beside.can, beside.risk) == (Can.CONDITIONS, True)
    worded([beside.explanation, beside.cases[0].explanation], "0000:00:19.0")


@pytest.mark.parametrize(("kernel", "can"), [("4.19.0", Can.CONDITIONS), ("5.3.0", Can.NO)])
def test_a_mate_behind_a_bridge_that_a_region_names_is_in_the_way_since_5_3(
    kernel: str, can: Can
) -> None:
    port = Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2, subordinate_bus=2)
    behind = [Function(sbdf="0000:02:00.0"), Function(sbdf="0000:02:01.0")]
    named = rmrr(0xAD800000, 0xAD80FFFF, scope(2, 0, (0x1C, 0)))
    host = made(named, functions=[port, *behind], kernel=kernel)
    grouped(host, g1=["0000:00:1c.0"], g2=["0000:02:00.0", "0000:02:01.0"])

    linux = told(host, "02:00.0").linux

    assert linux.can is can
    assert cases(linux)["group"] is (Can.NO if can is Can.NO else Can.YES)


def test_allowed_with_risk_is_not_allowed_for_the_exit_code() -> None:
    host = grouped(made(HIGH, kernel="6.1.0"), g4=["0000:00:19.0"])
    regions = b"0x00000000ad800000 0x00000000ad80ffff direct-relaxable\n"
    host.files["/sys/kernel/iommu_groups/4/reserved_regions"] = regions

    found = told(host)

    assert [(side.can, side.risk) for side in found.deciding] == [(Can.YES, True)]
    assert verdict_code((side.can, side.risk) for side in found.deciding) == 1


@pytest.mark.parametrize(
    ("deciding", "code"),
    [
        ([(Can.YES, False)], 0),
        ([(Can.YES, True)], 1),
        ([(Can.YES, False), (Can.UNKNOWN, False)], 2),
        ([(Can.YES, True), (Can.UNKNOWN, False)], 1),
        ([(Can.UNKNOWN, False), (Can.NO, False)], 1),
        ([(Can.CONDITIONS, True)], 1),
        ([(Can.NOT_APPLICABLE, False)], 0),
    ],
)
def test_the_exit_code_is_that_of_the_worse_verdict(
    deciding: list[tuple[Can, bool]], code: int
) -> None:
    assert verdict_code(deciding) == code


@pytest.mark.parametrize("kernel", ["3.16.0-4-amd64", "4.19.0"])
def test_a_kernel_that_checks_no_region_allows_the_device_with_risk(
    kernel: str, worded: Worded
) -> None:
    """VFIO does not map the region: DMA of the firmware there can reach guest RAM."""
    port = Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2, subordinate_bus=2)
    card = Function(sbdf="0000:02:00.0")
    behind = rmrr(0xAD800000, 0xAD80FFFF, scope(2, 0, (0x1C, 0)))
    named = rmrr(0xAD800000, 0xAD80FFFF, NIC_SCOPE)
    host = made(behind, functions=[port, card], kernel=kernel)
    found = [told(grouped(host, g1=[port.sbdf], g2=[card.sbdf]), "02:00.0").linux]
    if kernel.startswith("3."):
        host = made(named, kernel=kernel)
        found.append(told(grouped(host, g1=["0000:00:19.0"])).linux)

    assert {(linux.can, linux.risk) for linux in found} == {(Can.CONDITIONS, True)}
    worded(found[0].explanation)
    worded(found[0].cases[0].explanation)
