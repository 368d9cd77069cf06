"""A device's two verdicts, on hosts whose facts are stated here."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dmaragent.addresses import SBDF
from dmaragent.api import Question, ask_host
from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.inventory import take_inventory
from dmaragent.platforms.releases import Release
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.host_facts import facts_of
from dmaragent.policy.resolver import Stack, resolve
from dmaragent.policy.settings import Toolstack
from dmaragent.verdict import explain
from dmaragent.verdict.model import Can, Explanation, Safety
from dmaragent.verdict.vendor import slot_number
from dmaragent.verdict.xen import sample
from support.hosts import FakeHost, Function, fake_host
from support.machines import MACHINES
from support.tables import drhd, rmrr, scope, table

NIC = Function(sbdf="0000:00:19.0", driver="e1000e")
USB = Function(sbdf="0000:00:1d.0", class_code=0x0C0320, driver="ehci-pci")
MATE = Function(sbdf="0000:00:1a.0", class_code=0x0C0320)
UNIT = drhd(0xFED90000, flags=1)
NIC_SCOPE, USB_SCOPE = scope(1, 0, (0x19, 0)), scope(1, 0, (0x1D, 0))
HIGH = rmrr(0xAD800000, 0xAD80FFFF, NIC_SCOPE)


def made(*structures: bytes, functions: list[Function] | None = None, **files: str) -> FakeHost:
    host = fake_host(functions or [NIC, USB, MATE], {"DMAR": table(UNIT, *structures)})
    names = {"kernel": "/proc/sys/kernel/osrelease", "options": "/proc/cmdline"}
    dmi = "/sys/class/dmi/id/"
    for name, text in files.items():
        host.files[names.get(name, dmi + name)] = f"{text}\n".encode()
    return host


def grouped(host: FakeHost, **groups: list[str]) -> FakeHost:
    """Give the host these IOMMU groups, without regions of their own."""
    base = "/sys/kernel/iommu_groups"
    host.directories[base] = tuple(name.removeprefix("g") for name in groups)
    for name, devices in groups.items():
        number = name.removeprefix("g")
        host.directories[f"{base}/{number}/devices"] = tuple(devices)
        host.files[f"{base}/{number}/reserved_regions"] = b""
    return host


def told(host: FakeHost | Host, device: str = "00:19.0", xen: str = "4.17") -> Explanation:
    joined = join(collect(host)) if isinstance(host, FakeHost) else host
    release = Release.parse(xen)
    inventory = take_inventory(joined, release.series)
    stack = Stack(
        toolstack=Toolstack.XL,
        release=release,
        hypervisor=release,
        documented=False,
        origin="",
        evidence=None,
    )
    return explain(inventory, facts_of(inventory, release), stack, SBDF.parse(device))


def cases(side: object) -> dict[str, Can]:
    return {case.title: case.can for case in side.cases}  # type: ignore[attr-defined]


def test_without_a_region_both_say_yes_and_no_policy_is_told() -> None:
    found = told(made(rmrr(0xAD800000, 0xAD80FFFF, USB_SCOPE)))

    assert (found.xen.can, found.linux.can) == (Can.YES, Can.YES)
    assert found.toolstacks == ()
    assert "ties no region to it" in found.xen.said
    assert [one.title for one in found.steps] == [
        "Make it assignable",
        "Bind it to vfio-pci",
        "Pass it through",
    ]


def test_a_region_of_its_own_above_the_boundary_is_fine_for_xen_and_locked_for_linux() -> None:
    found = told(made(HIGH, kernel="6.1.0-13-amd64"))

    assert (found.xen.can, found.linux.can) == (Can.YES, Can.NO)
    assert cases(found.xen)["strict"] is Can.YES
    assert cases(found.linux) == {"Linux 3.17 to 6.5": Can.NO}
    assert found.linux.cases[0].message.startswith("Device is ineligible for IOMMU domain attach")


@pytest.mark.parametrize(
    ("kernel", "titles"),
    [
        ("3.16.0-4-amd64", ["Linux 3.16"]),
        ("3.17.0", ["Linux 3.17 to 6.5"]),
        ("6.5.13-6-pve", ["Linux 3.17 to 6.5", "relax_rmrr"]),
        ("6.2.16-13-pve", ["Linux 3.17 to 6.5", "relax_rmrr"]),
        ("6.2.16-12-pve", ["Linux 3.17 to 6.5"]),
        ("5.15.83-1-pve-relaxablermrr", ["Linux 3.17 to 6.5", "relax_rmrr"]),
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


def test_a_usb_controller_is_let_go_by_linux_and_not_by_xen() -> None:
    shared = rmrr(0xAD800000, 0xAD80FFFF, USB_SCOPE, scope(1, 0, (0x1A, 0)))

    found = told(made(shared), "00:1d.0")

    assert found.linux.can is Can.YES
    assert cases(found.linux) == {"relaxable by class": Can.YES}
    assert found.xen.can is Can.CONDITIONS
    assert "shared with 0000:00:1a.0" in found.xen.said
    assert cases(found.xen)["strict"] is Can.NO
    assert cases(found.xen)["relaxed"] is Can.YES
    shown = found.xen.cases[0]
    assert (shown.title, shown.rule and shown.rule.error) == ("shared", "EPERM")
    assert "disallowed to assign 0000:00:1d.0 with shared RMRR at ad800000" in shown.message


def test_an_absent_device_counts_as_sharing() -> None:
    found = told(made(rmrr(0xAD800000, 0xAD80FFFF, USB_SCOPE, scope(1, 0, (0x16, 7)))), "00:1d.0")

    assert "2 entries in its scope, though no other device of it answers" in found.xen.said


def test_a_region_below_one_mib_is_refused_strict_whatever_the_guest() -> None:
    found = told(made(rmrr(0xE8000, 0xE8FFF, NIC_SCOPE)))

    assert cases(found.xen)["strict"] is Can.NO
    assert found.xen.can is Can.CONDITIONS


def test_a_region_below_the_boundary_depends_on_the_guests_ram() -> None:
    found = told(made(rmrr(0x7B800000, 0x7B80FFFF, NIC_SCOPE)))

    assert cases(found.xen)["strict"] is Can.CONDITIONS
    step = next(one for one in found.steps if one.title.startswith("Keep the guest's RAM"))
    assert step.lines == ("rdm_mem_boundary = 1975",)  # the last MiB below 0x7b800000
    assert step.safety is Safety.SAFE


def test_a_bridge_scope_is_linux_alone() -> None:
    functions = [
        Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2),
        Function(sbdf="0000:02:00.0"),
    ]
    bridged = rmrr(0xAD800000, 0xAD80FFFF, scope(2, 0, (0x1C, 0)))

    found = told(made(bridged, functions=functions, kernel="6.12.0"), "02:00.0")

    assert found.xen.can is Can.CONDITIONS
    assert found.xen.said.startswith("assigned under any policy, but without region 1 ")
    assert cases(found.xen) == {"bridge scope": Can.CONDITIONS}
    step = next(one for one in found.steps if one.title == "Pass it through without its region")
    assert step.safety is Safety.RISK
    assert "names the bridge 0000:00:1c.0" in found.xen.cases[0].said
    assert found.linux.can is Can.NO


def test_vtd_switched_off_stops_every_device() -> None:
    found = told(made(HIGH, rmrr(0xAD800000, 0xAD80FFFF, USB_SCOPE)), "00:1a.0")

    assert found.xen.can is Can.NO
    assert "overlaps" in found.xen.said


def test_a_device_without_a_unit_is_refused() -> None:
    data = table(drhd(0xFED90000, USB_SCOPE), HIGH)

    found = told(fake_host([NIC, USB], {"DMAR": data}))

    assert found.xen.can is Can.NO
    assert found.xen.cases[0].rule is not None
    assert found.xen.cases[0].rule.error == "ENODEV"


@pytest.mark.parametrize(
    ("groups", "can", "said"),
    [
        ({"g4": ["0000:00:1d.0"]}, Can.YES, "alone in IOMMU group 4"),
        ({"g4": ["0000:00:1d.0", "0000:00:1a.0"]}, Can.YES, "none is in the way"),
        ({"g4": ["0000:00:19.0", "0000:00:1d.0"]}, Can.NO, "holds 0000:00:19.0, locked"),
    ],
)
def test_the_group_goes_whole(groups: dict[str, list[str]], can: Can, said: str) -> None:
    host = grouped(made(HIGH, kernel="6.1.0"), **groups)

    found = told(host, "00:1d.0")

    assert found.linux.can is can
    assert said in found.linux.cases[-1].said
    assert found.decides == ("linux",)


def test_a_group_mate_with_a_host_driver_must_come_along() -> None:
    busy = replace(MATE, driver="xhci_hcd")
    host = grouped(made(HIGH, functions=[NIC, USB, busy]), g4=["0000:00:1d.0", "0000:00:1a.0"])

    found = told(host, "00:1d.0")

    assert found.linux.can is Can.CONDITIONS
    assert "0000:00:1a.0" in found.linux.cases[-1].said


def test_a_virtual_function_is_offered_and_has_no_region() -> None:
    nic = replace(NIC, total_vfs=7)
    virtual = Function(sbdf="0000:00:19.1", physical_function="0000:00:19.0")
    host = made(HIGH, functions=[nic, virtual], kernel="6.12.0")

    step = next(one for one in told(host).steps if "virtual function" in one.title)

    assert "There are some: 0000:00:19.1" in step.said
    assert step.lines == ()
    assert told(host, "00:19.1").linux.can is Can.YES


def _below_a_bridge(**files: str) -> FakeHost:
    functions = [
        Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2),
        Function(sbdf="0000:02:00.0", total_vfs=7, driver="ixgbe"),
        Function(sbdf="0000:02:10.0", physical_function="0000:02:00.0"),
    ]
    bridged = rmrr(0xAD800000, 0xAD80FFFF, scope(2, 0, (0x1C, 0)))
    return made(bridged, functions=functions, **files)


def test_below_a_bridge_that_a_region_names_a_virtual_function_is_no_way_out() -> None:
    host = _below_a_bridge(kernel="6.12.0")

    virtual = told(host, "02:10.0")

    assert virtual.linux.can is Can.NO
    assert "virtual function" not in cases(virtual.linux)
    assert not any("virtual function" in step.title for step in told(host, "02:00.0").steps)


@pytest.mark.parametrize(("kernel", "can"), [("5.2.0", Can.CONDITIONS), ("5.3.0", Can.NO)])
def test_regions_of_bridges_hold_what_is_below_since_5_3(kernel: str, can: Can) -> None:
    assert told(_below_a_bridge(kernel=kernel), "02:00.0").linux.can is can


@pytest.mark.parametrize(("kernel", "can"), [("3.19.0", Can.CONDITIONS), ("4.9.0", Can.YES)])
def test_display_devices_were_let_go_later_than_usb(kernel: str, can: Can) -> None:
    display = Function(sbdf="0000:00:02.0", class_code=0x030000, driver="i915")
    host = made(
        rmrr(0xAD800000, 0xAD80FFFF, scope(1, 0, (2, 0))), functions=[display], kernel=kernel
    )

    assert told(host, "00:02.0").linux.can is can


def test_before_3_17_a_locked_mate_is_in_nobodys_way() -> None:
    host = grouped(made(HIGH, kernel="3.16.0"), g4=["0000:00:19.0", "0000:00:1d.0"])

    assert told(host, "00:1d.0").linux.can is Can.CONDITIONS  # the mate has a host driver
    bind = next(one for one in told(host, "00:19.0").steps if one.title.startswith("Bind"))
    assert bind.safety is Safety.RISK


@pytest.mark.parametrize(
    ("code", "xen"),
    [(0x060000, Can.NO), (0x060100, Can.UNKNOWN)],
    ids=["host bridge", "ISA bridge"],
)
def test_what_is_chipset_is_not_offered(code: int, xen: Can) -> None:
    found = told(made(HIGH, functions=[Function(sbdf="0000:00:00.0", class_code=code)]), "00:00.0")

    assert (found.xen.can, found.linux.can, found.steps) == (xen, Can.UNKNOWN, ())


def test_what_is_not_known_of_sharing_is_not_called_refused() -> None:
    asked = ask_host(str(MACHINES / "synthetic-pvh-dom0"), Question())

    found = explain(asked.inventory, asked.facts, asked.stack, SBDF.parse("00:19.0"))

    assert cases(found.xen)["strict"] is Can.UNKNOWN
    assert found.xen.can is Can.UNKNOWN
    assert "relaxed it is assigned, at a risk" in found.xen.said


def test_a_group_that_another_device_locks_has_a_next_step() -> None:
    host = grouped(made(HIGH, kernel="6.1.0"), g4=["0000:00:19.0", "0000:00:1d.0"])

    step = next(one for one in told(host, "00:1d.0").steps)

    assert step.lines == ("dmaragent explain 0000:00:19.0",)


def test_the_rest_of_the_group_is_bound_too() -> None:
    busy = replace(MATE, driver="xhci_hcd")
    host = grouped(made(HIGH, functions=[NIC, USB, busy]), g4=["0000:00:1d.0", "0000:00:1a.0"])

    bind = next(one for one in told(host, "00:1d.0").steps if one.title.startswith("Bind"))

    assert bind.lines[0] == "modprobe vfio-pci"
    assert "echo vfio-pci > /sys/bus/pci/devices/0000:00:1a.0/driver_override" in bind.lines


def test_regions_left_out_of_a_sentence_are_counted() -> None:
    regions = [rmrr(base << 20, (base << 20) + 0xFFF, NIC_SCOPE) for base in range(2700, 2705)]

    assert " and 2 more must stay mapped" in told(made(*regions)).linux.cases[0].said


def test_regions_below_one_mib_are_said_to_stay_in_the_guests_ram() -> None:
    low, high = rmrr(0xE8000, 0xE8FFF, NIC_SCOPE), rmrr(0x7B800000, 0x7B80FFFF, NIC_SCOPE)

    step = next(one for one in told(made(low, high)).steps if one.title.startswith("Relax"))

    assert "below 1 MiB: region 1 (0xe8000-0xe8fff)" in step.said


def test_a_virtual_function_is_made_where_there_is_none() -> None:
    host = made(HIGH, functions=[replace(NIC, total_vfs=7)], kernel="6.12.0")

    step = next(one for one in told(host).steps if "virtual function" in one.title)

    assert step.lines == ("echo 1 > /sys/bus/pci/devices/0000:00:19.0/sriov_numvfs",)


def test_a_locked_device_alone_in_its_group_is_not_its_own_mate() -> None:
    host = grouped(made(HIGH, kernel="6.1.0"), g4=["0000:00:19.0"])

    assert "alone in IOMMU group 4" in told(host).linux.cases[-1].said
    host = grouped(made(HIGH, kernel="6.1.0"), g4=["0000:00:19.0", "0000:00:1a.0"])
    assert "shares IOMMU group 4 with 0000:00:1a.0" in told(host).linux.cases[-1].said


def test_a_kernel_without_groups_does_not_use_the_iommu() -> None:
    found = told(grouped(made(HIGH, kernel="6.1.0")))

    assert found.linux.can is Can.NO
    assert "does not use the IOMMU (intel_iommu=on?)" in found.linux.said


def test_a_kernel_that_has_the_region_relaxable_is_believed_and_the_risk_said() -> None:
    host = grouped(made(HIGH, kernel="6.1.0"), g4=["0000:00:19.0"])
    regions = b"0x00000000ad800000 0x00000000ad80ffff direct-relaxable\n"
    host.files["/sys/kernel/iommu_groups/4/reserved_regions"] = regions

    found = told(host)

    assert found.linux.can is Can.YES
    assert found.linux.said == "yes: its regions are relaxable to this kernel, at a risk"
    assert found.linux.cases[0].title == "relax_rmrr"


def test_proxmox_with_the_option_lets_it_go() -> None:
    host = made(HIGH, kernel="6.5.13-6-pve", options="intel_iommu=on,relax_rmrr")

    found = told(grouped(host, g1=["0000:00:19.0"]))

    assert found.linux.can is Can.CONDITIONS
    assert found.linux.said == "yes, at a risk: relax_rmrr lets every region go"


def test_xens_way_is_not_offered_where_linux_decides() -> None:
    low = rmrr(0x7B800000, 0x7B80FFFF, USB_SCOPE)  # on conditions under Xen, let go by Linux
    host = grouped(made(low, kernel="6.1.0"), g4=["0000:00:1d.0"])

    found = told(host, "00:1d.0")

    assert [step.title for step in found.steps] == ["Bind it to vfio-pci"]
    assert found.toolstacks == ()


def test_each_toolstack_gives_its_own_policy() -> None:
    found = told(made(rmrr(0xAD800000, 0xAD80FFFF, USB_SCOPE, scope(1, 0, (0x1A, 0)))), "00:1d.0")

    assert [(one.toolstack, one.policy, one.can) for one in found.toolstacks] == [
        ("xl", "strict", Can.NO),
        ("libvirt", "strict", Can.NO),
        ("Qubes", "strict", Can.NO),
        ("XAPI", "relaxed", Can.CONDITIONS),
    ]


def test_xapi_assigns_a_region_of_one_device_alone() -> None:
    found = told(made(rmrr(0x7B800000, 0x7B80FFFF, NIC_SCOPE)))

    assert (found.toolstacks[3].toolstack, found.toolstacks[3].can) == ("XAPI", Can.YES)


def test_vanilla_kernels_do_not_know_relax_rmrr() -> None:
    host = made(HIGH, kernel="6.1.0", options="intel_iommu=on,relax_rmrr")

    found = told(grouped(host, g1=["0000:00:19.0"]))

    assert found.linux.can is Can.NO
    case = next(one for one in found.linux.cases if one.title == "relax_rmrr")
    assert case.message == "DMAR: Unknown option - 'relax_rmrr'"


def test_only_options_that_this_device_needs_are_suggested() -> None:
    options = (
        "intel_iommu=on pcie_acs_override=downstream vfio_iommu_type1.allow_unsafe_interrupts=1"
    )
    host = made(HIGH, kernel="6.1.0", options=options)

    found = told(grouped(host, g1=["0000:00:19.0"]))

    notes = " ".join(found.notes)
    assert "'pcie_acs_override=downstream' splits groups" in notes
    assert "allow_unsafe_interrupts=1' is for machines without interrupt remapping" in notes
    assert not any("acs" in line for step in found.steps for line in step.lines)


def test_dom0s_kernel_options_are_said_to_do_nothing() -> None:
    host = made(HIGH, kernel="6.1.0", options="intel_iommu=on,relax_rmrr")
    host.files["/sys/hypervisor/type"] = b"xen\n"
    host.files["/proc/xen/capabilities"] = b"control_d\n"

    found = told(host)

    assert found.decides == ("xen",)
    assert found.linux.can is Can.NOT_APPLICABLE
    assert "no option or patch of dom0's kernel changes what it does" in found.linux.said
    assert "'intel_iommu=on,relax_rmrr' on dom0's command line does nothing" in " ".join(
        found.notes
    )
    assert not any(step.side == "Linux" for step in found.steps)


# HPE ------------------------------------------------------------------------------------


def _hpe(**files: str) -> FakeHost:
    return made(HIGH, functions=[NIC], kernel="6.1.0", **files)


def test_hpe_servers_get_a_file_for_the_physical_slot(tmp_path: Path) -> None:
    host = _hpe(sys_vendor="HPE", product_name="ProLiant DL380 Gen9")
    host.directories["/sys/bus/pci/slots"] = ("3",)
    host.files["/sys/bus/pci/slots/3/address"] = b"0000:00:19\n"

    step = next(one for one in told(host).steps if one.safety is Safety.FIRMWARE)

    assert "physical slot 3" in step.title
    assert "does not cover embedded NICs" in step.said
    pasted = "\n".join(f"       {line}" for line in step.lines[:3])  # as it is printed
    subprocess.run(["sh", "-c", pasted], cwd=tmp_path, check=True)
    assert (tmp_path / "exclude.dat").read_text().split("\n") == [
        "<Conrep>",
        '<Section name="RMRDS_Slot3" helptext=".">Endpoints_Excluded</Section>',
        "</Conrep>",
        "",
    ]
    assert step.lines[3] == "conrep -l -x conrep_rmrds.xml -f exclude.dat"


@pytest.mark.parametrize(
    ("vendor", "model"),
    [("HP", "HP Compaq 6730b"), ("Dell Inc.", "PowerEdge R820"), ("QEMU", "ProLiant look-alike")],
)
def test_conrep_is_for_hpe_servers_alone(vendor: str, model: str) -> None:
    found = told(_hpe(sys_vendor=vendor, product_name=model))

    assert not any("conrep" in line for step in found.steps for line in step.lines)
    assert any("firmware setup" in step.said for step in found.steps)


@pytest.mark.parametrize(
    "model", ["ProLiant MicroServer Gen8", "ProLiant DL380 G7", "ProLiant DL380 Gen10"]
)
def test_conreps_lines_are_for_the_models_it_is_known_for(model: str) -> None:
    host = _hpe(sys_vendor="HPE", product_name=model)
    host.directories["/sys/bus/pci/slots"] = ("3",)
    host.files["/sys/bus/pci/slots/3/address"] = b"0000:00:19\n"

    step = next(one for one in told(host).steps if one.safety is Safety.FIRMWARE)

    assert step.lines == ()
    assert model in step.said


def test_an_embedded_device_of_an_hpe_server_has_no_switch() -> None:
    asked = ask_host(str(MACHINES / "hp-dl380e-gen8"), Question())

    found = explain(asked.inventory, asked.facts, asked.stack, SBDF.parse("03:00.0"))

    step = next(one for one in found.steps if one.safety is Safety.FIRMWARE)
    assert (step.title, step.lines) == ("HPE's setup: it is in no slot", ())


def test_an_hpe_slot_that_is_not_known_is_said_to_be() -> None:
    found = told(_hpe(sys_vendor="HP", product_name="ProLiant DL360p Gen8"))

    step = next(one for one in found.steps if one.safety is Safety.FIRMWARE)
    assert step.lines == ()
    assert "physical slot of 0000:00:19.0 is not known" in step.said


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("0", None),
        ("3", 3),
        ("3-1", 3),
        ("PCI-E Slot 12", 12),
        ("PCIe Slot 4", 4),
        ("M2_1", None),
        (None, None),
    ],
)
def test_slot_numbers_are_read_from_kernel_and_smbios_names(
    name: str | None, number: int | None
) -> None:
    assert slot_number(name) == number


# The same as resolve --------------------------------------------------------------------


@pytest.mark.parametrize("machine", ["hp-dl380e-gen8", "lenovo-laptop", "xen-pv-dom0", "dell-r820"])
def test_the_cases_are_what_resolving_such_a_guest_says(machine: str) -> None:
    asked = ask_host(str(MACHINES / machine), Question())
    words = {Verdict.STARTS: {Can.YES}, Verdict.REFUSED: {Can.NO, Can.CONDITIONS}}
    seen = 0
    for sbdf, function in asked.host.topology.known.items():
        found = explain(asked.inventory, asked.facts, asked.stack, sbdf)
        for case in found.xen.cases:
            if case.title not in ("strict", "relaxed") or function.is_bridge:
                continue
            subject = _Asked(sbdf)
            verdict = resolve(sample(subject, case.title), asked.facts, asked.stack).verdict  # type: ignore[arg-type]
            assert case.can in words[verdict], (sbdf, case)
            seen += 1
    assert seen


class _Asked:
    def __init__(self, sbdf: SBDF) -> None:
        self.sbdf = sbdf
