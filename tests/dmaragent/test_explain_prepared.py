"""What is left to do for a device: IOMMU options, drivers it is bound to, virtual functions."""

from dataclasses import replace

import pytest

from dmaragent.answers.explain import Explanation
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.options import (
    UnusedCause,
    iommu_asked_for,
    iommu_off_option,
    why_iommu_unused,
)
from dmaragent.linux.vfio import is_vfio_driver
from dmaragent.passthrough.model import Can
from dmaragent.remedies.remedy import DeviceRemedy, Safety
from support.explained import HIGH, MATE, NIC, UNIT, USB, bare, cases, grouped, made, told
from support.hosts import FakeHost, Function
from support.tables import patched, resummed, rmrr, scope, table
from support.wording import Worded


@pytest.mark.parametrize(
    ("line", "vendor", "option", "replacement"),
    [
        ("intel_iommu=off", "intel", "intel_iommu=off", "intel_iommu=on"),
        ("intel_iommu=on acpi=off", "intel", "acpi=off", ""),
        ("intel_iommu=on intel_iommu=off", "intel", "intel_iommu=off", "intel_iommu=on"),
        ("intel_iommu=off intel_iommu=on", "intel", None, None),
        ("intel_iommu=on,sm_off", "intel", None, None),
        ("intel_iommu=sm_on,off", "intel", "intel_iommu=sm_on,off", "intel_iommu=on,sm_on"),
        ("intel_iommu=on,off", "intel", "intel_iommu=on,off", "intel_iommu=on"),
        ("intel_iommu=,off,,sm_on", "intel", "intel_iommu=,off,,sm_on", "intel_iommu=on,sm_on"),
        ("intel_iommu=off,on", "intel", None, None),
        ("intel-iommu=off", "intel", "intel-iommu=off", "intel_iommu=on"),
        ("intel_iommu=igfx_off", "intel", None, None),
        ("iommu=pt", "intel", None, None),
        ("iommu.passthrough=1", "intel", None, None),
        ("iommu=off", "intel", "iommu=off", ""),
        ("iommu=pt,off intel_iommu=on", "intel", "iommu=pt,off", "iommu=pt"),
        ("amd_iommu=off", "intel", None, None),
        ("amd_iommu=off", "amd", "amd_iommu=off", ""),
        ("amd_iommu=off amd_iommu=on", "amd", "amd_iommu=off", ""),
        ("amd_iommu=pgtbl_v2,off", "amd", "amd_iommu=pgtbl_v2,off", "amd_iommu=pgtbl_v2"),
        ("intel_iommu=off", "amd", None, None),
        ("iommu=off", "amd", "iommu=off", ""),
        ("iommu=off", "arm", None, None),
        ("", "intel", None, None),
    ],
)
def test_the_option_that_switches_the_iommu_off_is_found(
    line: str, vendor: str, option: str | None, replacement: str | None
) -> None:
    found = iommu_off_option(line.split(), IommuVendor(vendor))

    assert (found and found.option) == option
    assert (found and found.replacement) == replacement


@pytest.mark.parametrize(
    ("line", "vendor", "opted_out", "cause", "option"),
    [
        (None, "intel", False, UnusedCause.OPTIONS_UNKNOWN, ""),
        ("", "intel", False, UnusedCause.NOT_SWITCHED_ON, ""),
        ("", "unknown", False, UnusedCause.NOT_SWITCHED_ON, ""),
        ("intel_iommu=sm_on", "intel", False, UnusedCause.NOT_SWITCHED_ON, ""),
        ("intel_iommu=on", "intel", False, UnusedCause.ON_WITHOUT_EFFECT, "intel_iommu=on"),
        ("intel_iommu=on,sm_on x", "intel", False, UnusedCause.ON_WITHOUT_EFFECT, None),
        ("intel_iommu=off", "intel", False, UnusedCause.SWITCHED_OFF, "intel_iommu=off"),
        ("intel_iommu=off", "intel", True, UnusedCause.FIRMWARE_OPTS_OUT, ""),
        (None, "intel", True, UnusedCause.FIRMWARE_OPTS_OUT, ""),
        (None, "amd", False, UnusedCause.AMD_FIRMWARE, ""),
        ("intel_iommu=on", "amd", False, UnusedCause.AMD_FIRMWARE, ""),
        ("iommu=off", "amd", False, UnusedCause.SWITCHED_OFF, "iommu=off"),
        (None, "arm", False, UnusedCause.NO_SMMU, ""),
        ("iommu=off", "arm", False, UnusedCause.NO_SMMU, ""),
    ],
)
def test_the_cause_of_an_unused_iommu_is_found(
    line: str | None, vendor: str, cause: UnusedCause, option: str | None, *, opted_out: bool
) -> None:
    words = None if line is None else line.split()

    found = why_iommu_unused(words, IommuVendor(vendor), opted_out=opted_out)
    assert (found.cause, found.option) == (
        cause,
        (line or "").split()[0] if option is None else option,
    )


@pytest.mark.parametrize(
    ("line", "earlier"),
    [
        ("intel_iommu=off", ""),
        ("intel_iommu=on intel_iommu=off", "intel_iommu=on"),
        ("intel_iommu=on,off", ""),
        ("intel_iommu=on intel_iommu=on,off", ""),
    ],
)
def test_an_option_is_not_earlier_than_itself(line: str, earlier: str) -> None:
    found = iommu_off_option(line.split(), IommuVendor.INTEL)

    assert found is not None
    assert found.earlier == earlier


def _linux_step(explanation: Explanation, safety: Safety = Safety.NEEDED) -> DeviceRemedy:
    return next(one for one in explanation.remedies if one.side == "Linux" and one.safety is safety)


OPTED_OUT = resummed(patched(table(UNIT, HIGH), [(37, b"\x09")]))


def _opting_out(kernel: str, options: str) -> FakeHost:
    host = made(kernel=kernel, options=options)
    host.files["/sys/firmware/acpi/tables/DMAR"] = OPTED_OUT
    return host


def test_since_7_3_a_flag_of_the_table_switches_the_iommu_off_whatever_the_options() -> None:
    explanation = told(_opting_out("7.3.1-amd64", "intel_iommu=on"), "00:1d.0")

    assert explanation.linux.can is Can.NO
    assert "REMAP_OPT_OUT" in explanation.linux.explanation
    step = _linux_step(explanation)
    assert not step.lines
    assert "REMAP_OPT_OUT" in step.explanation


@pytest.mark.parametrize("kernel", ["7.2.13-amd64", "6.12.1"])
def test_older_kernels_do_not_read_that_flag(kernel: str) -> None:
    explanation = told(_opting_out(kernel, "intel_iommu=on"), "00:1d.0")

    assert (
        explanation.linux
        == told(made(HIGH, kernel=kernel, options="intel_iommu=on"), "00:1d.0").linux
    )


def test_a_kernel_with_groups_uses_the_iommu_although_the_flag_is_set() -> None:
    host = grouped(_opting_out("7.3.1-amd64", "intel_iommu=on"), g1=["0000:00:1d.0"])

    assert "REMAP_OPT_OUT" not in told(host, "00:1d.0").linux.explanation


def test_intel_iommu_off_is_said_as_that_and_replaced(worded: Worded) -> None:
    host = grouped(made(HIGH, kernel="6.1.0", options="quiet intel_iommu=on intel_iommu=off"))

    explanation = told(host, "00:1d.0")

    assert explanation.linux.can is Can.NO
    worded(explanation.linux.explanation, "intel_iommu=off", "intel_iommu=on")
    step = _linux_step(explanation)
    assert step.lines == ("intel_iommu=on",)
    assert "firmware setup" not in step.explanation
    assert "/etc/default/grub" in step.explanation


def test_an_iommu_that_is_asked_for_and_unused_is_sought_elsewhere(worded: Worded) -> None:
    explanation = told(grouped(made(HIGH, kernel="6.1.0", options="intel_iommu=on")), "00:1d.0")

    worded(explanation.linux.explanation, "intel_iommu=on")
    worded(_linux_step(explanation).explanation)


def test_the_option_counts_where_the_groups_were_not_collected() -> None:
    host = made(HIGH, kernel="6.1.0", options="intel_iommu=off")

    assert told(host, "00:1d.0").linux.can is Can.NO


@pytest.mark.parametrize("driver", ["vfio-pci", "mlx5_vfio_pci", "nvgrace_gpu_vfio_pci"])
def test_nothing_is_left_to_do_for_a_device_that_vfio_has(driver: str, worded: Worded) -> None:
    usb = replace(USB, driver=driver)
    host = grouped(made(functions=[usb], kernel="6.1.0"), g4=["0000:00:1d.0"])

    steps = told(host, "00:1d.0").remedies

    worded([step.title for step in steps])
    assert not steps[0].lines


def test_the_rest_of_the_group_is_bound_where_the_device_is() -> None:
    usb, mate = replace(USB, driver="vfio-pci"), replace(MATE, driver="xhci_hcd")
    host = grouped(made(functions=[usb, mate], kernel="6.1.0"), g4=["0000:00:1d.0", "0000:00:1a.0"])

    step = _linux_step(told(host, "00:1d.0"))

    assert any("0000:00:1a.0" in line for line in step.lines)
    assert not any("0000:00:1d.0" in line for line in step.lines)


def test_pci_stub_takes_nothing_more_from_the_host(worded: Worded) -> None:
    usb = replace(USB, driver="pci-stub")
    step = _linux_step(told(grouped(made(functions=[usb]), g4=["0000:00:1d.0"]), "00:1d.0"))

    worded(step.explanation)
    assert step.lines


@pytest.mark.parametrize(
    ("driver", "vfio"),
    [("vfio-pci", True), ("xe_vfio_pci", True), ("vfio_pci", True), ("igb_uio", False)],
)
def test_variants_of_vfio_pci_are_told_by_their_names(driver: str, *, vfio: bool) -> None:
    assert is_vfio_driver(driver) is vfio


def test_an_unknown_driver_is_said_to_be_unknown() -> None:
    host = FakeHost(complete=("/sys/firmware/acpi/",))
    known = made(functions=[USB])
    host.files, host.directories, host.calls = known.files, known.directories, known.calls

    step = _linux_step(told(grouped(host, g1=["0000:00:1d.0"]), "00:1d.0"))

    assert "unknown" in step.explanation
    assert any(line.startswith("[ ! -e ") for line in step.lines)


@pytest.mark.parametrize("count", [2, 5, 6, 8, 12, 30])
def test_every_device_of_a_group_is_in_the_lines_to_paste(count: int) -> None:
    mates = [Function(sbdf=f"0000:05:{number:02x}.0", driver="ahci") for number in range(count)]
    devices = ["0000:00:1d.0", *(mate.sbdf for mate in mates)]
    host = grouped(made(functions=[USB, *mates]), g4=devices)

    lines = _linux_step(told(host, "00:1d.0")).lines

    assert all(any(device in line for line in lines) for device in devices)
    assert max(map(len, lines)) < 75


def test_a_physical_function_with_virtual_ones_loses_them_first() -> None:
    physical = replace(USB, total_vfs=7, driver="ixgbe")
    virtual = Function(sbdf="0000:00:1d.1", physical_function="0000:00:1d.0", driver="vfio-pci")
    host = grouped(made(functions=[physical, virtual]), g4=["0000:00:1d.0"], g5=["0000:00:1d.1"])

    explanation = told(host, "00:1d.0")

    assert explanation.linux.can is Can.CONDITIONS
    case = next(one for one in explanation.linux.cases if one.title == "virtual functions exist")
    assert case.message == "Cannot bind to PF with SR-IOV enabled"
    assert explanation.remedies[0].lines == (
        "echo 0 > /sys/bus/pci/devices/0000:00:1d.0/sriov_numvfs",
    )
    assert "0000:00:1d.1" in explanation.remedies[0].explanation
    assert told(host, "00:1d.1").linux.can is Can.YES


def test_its_own_virtual_functions_in_its_group_are_no_other_devices() -> None:
    physical = replace(USB, total_vfs=7, driver="ixgbe")
    virtual = Function(sbdf="0000:00:1d.1", physical_function="0000:00:1d.0", driver="iavf")
    other = replace(MATE, driver="xhci_hcd")
    own = ["0000:00:1d.0", "0000:00:1d.1"]
    host = made(functions=[physical, virtual, other], kernel="6.1.0")

    explanation = told(grouped(host, g4=own), "00:1d.0")
    assert cases(explanation.linux)["group"] is Can.YES
    assert not any("iavf" in line or "1d.1" in line for line in _linux_step(explanation).lines)
    (alone,) = (one for one in explanation.linux.cases if one.title == "group")
    by_itself = told(grouped(host, g4=own[:1]), "00:1d.0").linux.cases
    assert all(one.explanation != alone.explanation for one in by_itself if one.title == "group")
    explanation = told(grouped(host, g4=[*own, "0000:00:1a.0"]), "00:1d.0")
    assert cases(explanation.linux)["group"] is Can.CONDITIONS
    (case,) = (one for one in explanation.linux.cases if one.title == "group")
    assert "0000:00:1a.0" in case.explanation
    assert "0000:00:1d.1" not in case.explanation


def test_xen_ties_no_region_to_a_virtual_function_of_a_device_with_one() -> None:
    virtual = Function(sbdf="0000:00:19.1", physical_function="0000:00:19.0")

    explanation = told(made(HIGH, functions=[NIC, virtual]), "00:19.1")

    assert explanation.xen.can is Can.YES
    assert "0000:00:19.0" in explanation.xen.cases[0].explanation
    assert list(cases(explanation.xen)) == ["virtual function"]


def test_of_a_table_alone_the_sharers_presence_is_unknown(worded: Worded) -> None:
    shared = rmrr(0xBF458000, 0xBF46FFFF, scope(1, 0, (0x1A, 0)), scope(1, 0, (0x1D, 0)))

    explanation = told(bare(shared), "00:1d.0")

    assert "shared with 0000:00:1a.0" in explanation.xen.explanation
    worded(explanation.xen.explanation)


def test_of_a_host_whose_functions_are_known_an_absent_sharer_is_said_to_be_absent(
    worded: Worded,
) -> None:
    shared = rmrr(0xBF458000, 0xBF46FFFF, scope(1, 0, (0x1B, 0)), scope(1, 0, (0x1D, 0)))

    worded(told(made(shared), "00:1d.0").xen.explanation)


def test_a_virtual_function_in_the_group_of_its_physical_one_is_not_passed() -> None:
    virtual = Function(sbdf="0000:00:1d.1", physical_function="0000:00:1d.0")
    groups = {"g4": ["0000:00:1d.0", "0000:00:1d.1"]}

    explanation = told(grouped(made(functions=[USB, virtual]), **groups), "00:1d.1")

    assert explanation.linux.can is Can.NO
    assert "physical function" in explanation.linux.explanation
    assert all(step.side != "Linux" for step in explanation.remedies)
    assert any("0000:00:1d.0" in note for note in explanation.notes)


def test_without_any_option_the_kernels_default_is_named(worded: Worded) -> None:
    explanation = told(grouped(made(HIGH, kernel="6.1.0", options="quiet iommu=pt")), "00:1d.0")

    worded(explanation.linux.explanation, "intel_iommu=on")
    assert "CONFIG_INTEL_IOMMU_DEFAULT_ON" in _linux_step(explanation).explanation


def test_a_device_in_no_group_of_a_host_with_groups_is_not_passed(worded: Worded) -> None:
    explanation = told(grouped(made(functions=[USB, MATE]), g4=["0000:00:1a.0"]), "00:1d.0")

    assert explanation.linux.can is Can.NO
    worded(explanation.linux.explanation)
    assert all(step.side != "Linux" for step in explanation.remedies)


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("quiet intel_iommu=on", "intel_iommu=on"),
        ("intel-iommu=sm_on,on", "intel-iommu=sm_on,on"),
        ("intel_iommu=only", "intel_iommu=only"),  # the kernel compares with strncmp
        ("intel_iommu=on intel_iommu=on,igfx_off", "intel_iommu=on,igfx_off"),
        ("intel_iommu=sm_on", ""),
        ("amd_iommu=on iommu=on", ""),
    ],
)
def test_what_switches_intels_iommu_on_is_read_as_the_kernel_does(line: str, asked: str) -> None:
    assert iommu_asked_for(line.split()) == asked
