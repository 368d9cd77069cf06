"""The reserved regions that Linux publishes for a group decide, whatever the table."""

import pytest

from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.iommu.kinds import AbsenceKind
from dmaragent.passthrough.model import Can
from dmaragent.policy.decisions import Verdict
from dmaragent.readings import Missing, MissingKind
from dmaragent.remedies.remedy import Safety
from support import kvm
from support.explained import HIGH, MATE, NIC, UNIT, USB, cases, grouped, made, told
from support.hosts import FakeHost, Function, fake_host
from support.tables import rmrr, scope, table
from support.wording import Worded

_MSI = "0x00000000fee00000 0x00000000feefffff msi\n"
_HT = "0x000000fd00000000 0x000000ffffffffff reserved\n"
_DIRECT = "0x00000000a0000000 0x00000000afffffff direct\n"
_RELAXABLE = "0x00000000a0000000 0x00000000afffffff direct-relaxable\n"
_RESERVED = "0x0000000020000000 0x0000000020ffffff reserved\n"
_NVME = Function(sbdf="0000:01:00.0", class_code=0x010802, driver="nvme")
_INTEL_WORDS = ("vt-d", "intel_iommu", "relax_rmrr", "conrep", "dmar ", "rmrr")


def _publishing(regions: str, table: str, kernel: str | None, *mates: str) -> FakeHost:
    """Make a host of this table's vendor with the NVMe disk in group 12, and what it publishes."""
    others = [Function(sbdf=mate, driver="vfio-pci") for mate in mates]
    host = fake_host([_NVME, *others], {table: table.encode()} if table else {})
    grouped(host, g12=["0000:01:00.0", *mates])
    host.files["/sys/kernel/iommu_groups/12/reserved_regions"] = regions.encode()
    if kernel is not None:
        host.files["/proc/sys/kernel/osrelease"] = f"{kernel}\n".encode()
    return host


@pytest.mark.parametrize(
    ("regions", "table", "kernel", "can"),
    [
        (_DIRECT, "IVRS", "6.8.12-4-pve", Can.NO),
        (_DIRECT, "IVRS", "6.6.0", Can.NO),
        (_DIRECT, "IVRS", "6.5.13-6-pve", Can.CONDITIONS),
        (_DIRECT, "IVRS", "5.3.0", Can.CONDITIONS),
        (_DIRECT, "IVRS", None, Can.UNKNOWN),
        (_DIRECT, "IVRS", "5.14.0-427.13.1.el9_4.x86_64", Can.UNKNOWN),
        (_DIRECT, "IORT", "6.12.0", Can.NO),
        (_DIRECT, "IORT", "6.1.0", Can.CONDITIONS),
        (_DIRECT, "", "6.1.0", Can.CONDITIONS),
        (_DIRECT, "", "6.12.0", Can.NO),
        (_RELAXABLE, "IVRS", "6.12.0", Can.YES),
        (_RELAXABLE, "IORT", "6.12.0", Can.YES),
        (_RESERVED, "IVRS", "6.12.0", Can.CONDITIONS),
        ("0x1000 0x1fff newer\n", "IVRS", "6.12.0", Can.UNKNOWN),
        ("", "IVRS", "6.12.0", Can.UNKNOWN),
        (_MSI, "IVRS", "6.12.0", Can.YES),
    ],
)
def test_type_and_release_decide_without_a_dmar_table(
    regions: str, table: str, kernel: str | None, can: Can
) -> None:
    host = _publishing(regions and regions + _MSI + _HT, table, kernel)

    assert told(host, "01:00.0").linux.can is can


def test_without_a_table_the_range_of_hypertransport_shows_the_vendor() -> None:
    assert told(_publishing(_DIRECT + _MSI, "", "6.1.0"), "01:00.0").linux.can is Can.UNKNOWN


def test_the_answer_names_range_group_type_and_message(worded: Worded) -> None:
    linux = told(_publishing(_DIRECT + _MSI + _HT, "IVRS", "6.8.12"), "01:00.0").linux

    worded(linux.explanation, "0xa0000000-0xafffffff", "12")
    assert linux.cases[0].message.startswith("Firmware has requested this device have a 1:1")
    assert linux.cases[0].rule is not None
    assert linux.cases[0].rule.error == "EINVAL"


def test_an_unknown_release_gets_a_case_for_each_span(worded: Worded) -> None:
    linux = told(_publishing(_DIRECT, "IVRS", None), "01:00.0").linux

    worded(list(cases(linux))[:3], "6.6", "5.4", "4.11")


def test_intel_refuses_by_its_own_check_before_6_6_with_the_table_unreadable() -> None:
    host = _publishing(_DIRECT, "", "6.1.0")
    host.files["/proc/cpuinfo"] = b"vendor_id\t: GenuineIntel\n"

    linux = told(host, "01:00.0").linux

    assert linux.can is Can.NO
    assert linux.cases[0].rule is not None
    assert linux.cases[0].rule.error == "EPERM"


@pytest.mark.parametrize("table", ["IVRS", "IORT"])
@pytest.mark.parametrize("regions", [_DIRECT, _MSI])
def test_nothing_of_vt_d_is_said_of_amd_and_arm(table: str, regions: str) -> None:
    host = _publishing(regions, table, "6.8.12")
    host.files["/sys/class/dmi/id/sys_vendor"] = b"HPE\n"
    host.files["/sys/class/dmi/id/product_name"] = b"ProLiant DL385 Gen9\n"

    explanation = told(host, "01:00.0")
    words = " ".join(
        [
            explanation.linux.explanation,
            explanation.xen.explanation,
            *(case.explanation for case in explanation.linux.cases),
            *(
                f"{step.title} {step.explanation} {' '.join(step.lines)}"
                for step in explanation.remedies
            ),
            *explanation.notes,
        ]
    ).lower()

    assert [word for word in _INTEL_WORDS if word in words] == []


def test_arms_table_is_named_and_not_decoded() -> None:
    explanation = told(_publishing(_DIRECT, "IORT", "6.8.12"), "01:00.0")

    assert any("RMR" in note and "not decode" in note for note in explanation.notes)
    assert any(step.safety is Safety.FIRMWARE for step in explanation.remedies)


def test_of_a_group_of_several_it_is_said_that_the_list_is_the_groups(worded: Worded) -> None:
    host = _publishing(_DIRECT, "IVRS", "6.8.12", "0000:01:00.1")

    worded(told(host, "01:00.0").linux.cases[0].explanation, "0xa0000000-0xafffffff")
    assert told(host, "01:00.1").linux.can is Can.NO


def test_what_linux_publishes_beyond_the_table_blocks_on_intel_too(worded: Worded) -> None:
    host = grouped(made(HIGH, kernel="6.12.0"), g4=["0000:00:1a.0"])
    host.files["/sys/kernel/iommu_groups/4/reserved_regions"] = (_DIRECT + _MSI).encode()

    linux = told(host, "00:1a.0").linux

    assert linux.can is Can.NO
    worded(linux.explanation, "0xa0000000-0xafffffff")


def test_a_region_of_the_table_that_linux_does_not_publish_holds_no_device() -> None:
    host = grouped(made(HIGH, kernel="6.12.0"), g4=["0000:00:19.0"])
    path = "/sys/kernel/iommu_groups/4/reserved_regions"

    assert told(host).linux.can is Can.NO  # an empty file was cut: the table predicts
    host.files[path] = _MSI.encode()
    assert told(host).linux.can is Can.YES


def test_a_region_of_the_table_is_told_once_where_linux_publishes_it_too(worded: Worded) -> None:
    functions = [NIC, USB, MATE]
    host = grouped(made(HIGH, functions=functions, kernel="6.12.0"), g4=["0000:00:19.0"])
    regions = "0x00000000ad800000 0x00000000ad80ffff direct\n"
    host.files["/sys/kernel/iommu_groups/4/reserved_regions"] = (regions + _MSI).encode()

    worded(list(cases(told(host).linux)), "6.6")


def test_a_table_that_needs_root_leaves_linuxs_own_word() -> None:
    denied = Missing(MissingKind.DENIED, "Permission denied")
    host = _publishing(_DIRECT + _MSI, "DMAR", "6.12.0")
    host.files["/sys/firmware/acpi/tables/DMAR"] = denied

    explanation = told(host, "01:00.0")

    assert explanation.linux.can is Can.NO
    assert "0xa0000000-0xafffffff (direct)" in explanation.linux.explanation
    host.files["/sys/kernel/iommu_groups/12/reserved_regions"] = _MSI.encode()
    assert told(host, "01:00.0").linux.can is Can.YES
    host.files["/sys/kernel/iommu_groups/12/reserved_regions"] = denied
    assert told(host, "01:00.0").linux.can is Can.UNKNOWN


def test_an_intel_host_with_groups_has_vt_d_on_whatever_a_copy_lacks() -> None:
    host = _publishing(_MSI, "", "6.12.0")
    host.directories["/sys/firmware/acpi/tables"] = ("APIC", "FACP")
    host.files["/proc/cpuinfo"] = b"vendor_id\t: GenuineIntel\nflags\t\t: vmx\n"

    absence = take_inventory(join(collect(host))).absence

    assert absence is not None
    assert absence.kind is AbsenceKind.NOT_COLLECTED


# Kernels without the type direct-relaxable ---------------------------------------------------

_XHCI = Function(sbdf="0000:01:00.0", class_code=0x0C0330, driver="vfio-pci")
_OWN = rmrr(0xA0000000, 0xAFFFFFFF, scope(1, 1, (0, 0)))


def _usb_publishing_direct(kernel: str | None, *mates: Function, dmar: bool = True) -> FakeHost:
    """Make a host on Intel whose USB controller is in a group with a ``direct`` region."""
    host = fake_host([_XHCI, *mates], {"DMAR": table(UNIT, _OWN)})
    if not dmar:
        host.files["/sys/firmware/acpi/tables/DMAR"] = Missing(MissingKind.DENIED, "denied")
    grouped(host, g12=["0000:01:00.0", *(mate.sbdf for mate in mates)])
    host.files["/sys/kernel/iommu_groups/12/reserved_regions"] = (_DIRECT + _MSI).encode()
    if kernel is not None:
        host.files["/proc/sys/kernel/osrelease"] = f"{kernel}\n".encode()
    return host


@pytest.mark.parametrize("dmar", [True, False], ids=["table", "table denied"])
@pytest.mark.parametrize(
    ("kernel", "can", "verdict"),
    [
        ("4.19.0-21-amd64", Can.YES, Verdict.STARTS),
        ("5.0.21-5-pve", Can.YES, Verdict.STARTS),
        ("5.3.0-1-amd64", Can.NO, Verdict.REFUSED),
        ("6.12.0", Can.NO, Verdict.REFUSED),
        ("3.10.0-1160.el7.x86_64", Can.UNKNOWN, Verdict.UNDECIDED),
        ("4.18.0-80.el8.x86_64", Can.UNKNOWN, Verdict.UNDECIDED),
        ("5.14.0-427.13.1.el9_4.x86_64", Can.NO, Verdict.REFUSED),
        (None, Can.UNKNOWN, Verdict.UNDECIDED),
    ],
)
def test_linux_before_5_3_publishes_direct_for_usb_controllers_and_lets_them_pass(
    kernel: str | None, can: Can, verdict: Verdict, *, dmar: bool
) -> None:
    host = _usb_publishing_direct(kernel, dmar=dmar)

    assert told(host, "01:00.0").linux.can is can
    assert kvm.resolved(kvm.domain(kvm.hostdev()), host).verdict is verdict


@pytest.mark.parametrize(
    ("dmar", "can", "verdict"),
    [(True, Can.YES, Verdict.STARTS), (False, Can.UNKNOWN, Verdict.UNDECIDED)],
)
def test_the_table_shows_which_device_of_the_group_has_a_direct_region(
    can: Can, verdict: Verdict, *, dmar: bool
) -> None:
    disk = Function(sbdf="0000:01:00.1", driver="vfio-pci")
    host = _usb_publishing_direct("4.19.0-21-amd64", disk, dmar=dmar)

    assert told(host, "01:00.0").linux.can is can
    assert told(host, "01:00.1").linux.can is can
    assert kvm.resolved(kvm.domain(kvm.hostdev()), host).verdict is verdict


@pytest.mark.parametrize("dmar", [True, False], ids=["table", "table denied"])
@pytest.mark.parametrize("kernel", ["4.18.0-80.el8.x86_64", "4.19.0-21-amd64", None])
def test_a_kernel_that_publishes_the_type_has_it_whatever_its_release(
    kernel: str | None, *, dmar: bool
) -> None:
    """Group 13 has the region of another device as direct-relaxable."""
    other = Function(sbdf="0000:00:02.0", class_code=0x030000)
    host = _usb_publishing_direct(kernel, other, dmar=dmar)
    groups = "/sys/kernel/iommu_groups"
    host.directories[groups] = ("12", "13")
    host.directories[f"{groups}/12/devices"] = ("0000:01:00.0",)
    host.directories[f"{groups}/13/devices"] = ("0000:00:02.0",)
    line = "0x00000000b0000000 0x00000000b0ffffff direct-relaxable\n"
    host.files[f"{groups}/13/reserved_regions"] = (line + _MSI).encode()

    assert told(host, "01:00.0").linux.can is Can.NO
    assert kvm.resolved(kvm.domain(kvm.hostdev()), host).verdict is Verdict.REFUSED


def test_an_old_type_is_not_a_difference_and_an_unknown_one_is_explained(worded: Worded) -> None:
    old = take_inventory(join(collect(_usb_publishing_direct("4.19.0-21-amd64"))))
    unknown = take_inventory(join(collect(_usb_publishing_direct("4.18.0-80.el8.x86_64"))))

    assert old.linux.differences == ()
    (difference,) = unknown.linux.differences
    worded(difference.explanation, "0000:01:00.0", "5.3")
    worded(told(_usb_publishing_direct("4.18.0-80.el8.x86_64"), "01:00.0").linux.explanation, "5.3")
