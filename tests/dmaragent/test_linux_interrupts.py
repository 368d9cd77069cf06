"""A kernel that does not remap interrupts: VFIO refuses every device, unless a parameter is set."""

import pytest

from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.linux.interrupts import remapping_off_option, unsafe_interrupts
from dmaragent.passthrough.model import Can, CaseKind
from dmaragent.policy.decisions import Effect, Verdict
from dmaragent.readings import Missing, MissingKind
from support.explained import UNIT, grouped, made, told
from support.hosts import FakeHost
from support.kvm import domain, hostdev, resolved
from support.tables import table as sound_table

_UNSAFE = "vfio_iommu_type1.allow_unsafe_interrupts"
_NIC = "bus='0x00' slot='0x19' function='0x0'"


def _host(options: str) -> FakeHost:
    host = grouped(made(kernel="6.1.0", options=options), g1=["0000:00:19.0"])
    region = b"0x00000000fee00000 0x00000000feefffff msi\n"
    host.files["/sys/kernel/iommu_groups/1/reserved_regions"] = region
    return host


def _without_flag(host: FakeHost) -> FakeHost:
    """Clear the table's flag INTR_REMAP."""
    table = bytearray(sound_table(UNIT))
    table[37] = 0
    table[9] = (table[9] + 1) % 256
    host.files["/sys/firmware/acpi/tables/DMAR"] = bytes(table)
    return host


@pytest.mark.parametrize(
    ("options", "off"),
    [
        ("quiet", ""),
        ("intremap=off", "intremap=off"),
        ("intremap=nosid,off", "intremap=nosid,off"),
        ("intremap=off intremap=nosid", "intremap=off"),
        ("intremap=off intremap=on", ""),
        ("nointremap", "nointremap"),
        ("nointremap intremap=on", ""),
        ("intremap=on nointremap", "nointremap"),
        ("intremap=no_x2apic_optout", ""),
        ("noapic", "noapic"),
        ("nolapic intremap=on", "nolapic"),
        ("disableapic", "disableapic"),
        ("nosmp", "nosmp"),
        ("maxcpus=0", "maxcpus=0"),
        ("maxcpus=8", ""),
    ],
)
def test_the_last_option_decides_whether_interrupts_are_remapped(options: str, off: str) -> None:
    assert remapping_off_option(options.split()) == off


@pytest.mark.parametrize(
    ("options", "unsafe"),
    [
        ("", None),
        (_UNSAFE, True),
        (f"{_UNSAFE}=1", True),
        (f"{_UNSAFE.replace('_', '-')}=Y", True),
        (f"{_UNSAFE}=1 {_UNSAFE}=0", False),
        (f"{_UNSAFE}=off", False),
    ],
)
def test_the_parameter_is_read_as_the_kernel_reads_booleans(
    options: str, *, unsafe: bool | None
) -> None:
    assert unsafe_interrupts(options.split()) is unsafe


@pytest.mark.parametrize(
    ("options", "can", "verdict"),
    [
        ("intel_iommu=on", Can.YES, Verdict.STARTS),
        ("intel_iommu=on intremap=off", Can.CONDITIONS, Verdict.UNDECIDED),
        ("intel_iommu=on nointremap", Can.CONDITIONS, Verdict.UNDECIDED),
        (f"intremap=off {_UNSAFE}=1", Can.YES, Verdict.STARTS),
        (f"intremap=off {_UNSAFE}=0", Can.NO, Verdict.REFUSED),
    ],
)
def test_vfio_needs_remapped_interrupts_or_the_parameter(
    options: str, can: Can, verdict: Verdict
) -> None:
    host = _host(options)
    guest = resolved(domain(hostdev(_NIC)), host)

    assert told(host).linux.can is can
    assert guest.verdict is verdict


@pytest.mark.parametrize(("unsafe", "risks"), [("0", 0), ("1", 1)])
def test_the_parameter_is_a_risk_for_the_host(unsafe: str, risks: int) -> None:
    host = _host(f"intremap=off {_UNSAFE}={unsafe}")
    guest = resolved(domain(hostdev(_NIC)), host)

    assert told(host).linux.risk == bool(risks)
    assert [reason.effect for reason in guest.reasons].count(Effect.WARNING) == risks


def test_a_table_without_the_flag_offers_no_remapping() -> None:
    host = _without_flag(_host("intel_iommu=on"))

    found = told(host).linux

    assert found.can is Can.CONDITIONS
    assert CaseKind.INTERRUPTS in {case.kind for case in found.cases}


def test_dom0s_option_is_not_that_of_a_kernel_without_xen() -> None:
    host = made(kernel="6.1.0", options="intremap=off")
    host.files["/sys/hypervisor/type"] = b"xen\n"
    host.files["/proc/xen/capabilities"] = b"control_d\n"

    assert CaseKind.INTERRUPTS not in {case.kind for case in told(host).linux.cases}


@pytest.mark.parametrize(
    ("line", "can"),
    [
        ("AMD-Vi: Disabling interrupt remapping", Can.CONDITIONS),
        ("DMAR-IR: This system BIOS has enabled interrupt remapping", Can.CONDITIONS),
        ("DMAR-IR: Not enabling interrupt remapping", Can.CONDITIONS),
        (
            "DMAR-IR: Failed to enable irq remapping. You are vulnerable to irq-injection attacks.",
            Can.CONDITIONS,
        ),
        ("[Hardware Error]: This system BIOS has enabled interrupt remapping", Can.YES),
        ("AMD-Vi: Interrupt remapping enabled", Can.YES),
        ("DMAR-IR: Enabled IRQ remapping in x2apic mode", Can.YES),
    ],
)
def test_the_log_of_the_kernel_shows_that_it_remaps_no_interrupt(line: str, can: Can) -> None:
    host = _host("quiet")
    host.calls["boot-log"] = f"[    0.5] {line}\n".encode()

    assert told(host).linux.can is can


@pytest.mark.parametrize(
    ("log", "verdict"),
    [
        ("", Verdict.UNDECIDED),
        ("AMD-Vi: IOMMU performance counters supported", Verdict.UNDECIDED),
        ("DMAR-IR: Enabled IRQ remapping in x2apic mode", Verdict.STARTS),
        ("AMD-Vi: Interrupt remapping enabled", Verdict.STARTS),
    ],
)
def test_without_the_command_line_the_log_must_show_that_interrupts_are_remapped(
    log: str, verdict: Verdict
) -> None:
    host = _host("quiet")
    host.files["/proc/cmdline"] = Missing(MissingKind.DENIED, "Permission denied")
    host.calls["boot-log"] = f"[    0.5] {log}\n".encode()
    expected = Can.YES if verdict is Verdict.STARTS else Can.UNKNOWN

    assert told(host).linux.can is expected
    assert resolved(domain(hostdev(_NIC)), host).verdict is verdict


def test_a_region_in_conflict_refuses_a_guest_although_the_command_line_is_unknown() -> None:
    host = _host("quiet")
    host.files["/proc/cmdline"] = Missing(MissingKind.DENIED, "Permission denied")
    region = b"0x0000000000100000 0x00000000001fffff direct\n"
    host.files["/sys/kernel/iommu_groups/1/reserved_regions"] = region

    assert told(host).linux.can is Can.NO
    assert resolved(domain(hostdev(_NIC)), host).verdict is Verdict.REFUSED


_PARAMETER = "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"


@pytest.mark.parametrize(
    ("parameter", "options", "can", "verdict"),
    [
        (b"Y\n", "", Can.YES, Verdict.STARTS),
        (b"N\n", "", Can.NO, Verdict.REFUSED),
        # written after the boot: the command line is older
        (b"Y\n", f"{_UNSAFE}=0", Can.YES, Verdict.STARTS),
        (b"N\n", f"{_UNSAFE}=1", Can.NO, Verdict.REFUSED),
        # the module is not loaded, or a collector took no copy
        (Missing(MissingKind.ABSENT), "", Can.CONDITIONS, Verdict.UNDECIDED),
        (Missing(MissingKind.ABSENT), f"{_UNSAFE}=1", Can.YES, Verdict.STARTS),
        (Missing(MissingKind.NOT_COLLECTED), f"{_UNSAFE}=0", Can.NO, Verdict.REFUSED),
        # it is loaded, but its value is unknown
        (Missing(MissingKind.DENIED), f"{_UNSAFE}=1", Can.CONDITIONS, Verdict.UNDECIDED),
        (Missing(MissingKind.FAILED), f"{_UNSAFE}=0", Can.CONDITIONS, Verdict.UNDECIDED),
        (b"", f"{_UNSAFE}=1", Can.CONDITIONS, Verdict.UNDECIDED),
        (b"Y", "", Can.CONDITIONS, Verdict.UNDECIDED),
        (b"1\n", "", Can.CONDITIONS, Verdict.UNDECIDED),
    ],
)
def test_the_loaded_module_knows_its_parameter_best(
    parameter: bytes | Missing, options: str, can: Can, verdict: Verdict
) -> None:
    host = _host(f"intremap=off {options}")
    host.files[_PARAMETER] = parameter

    assert told(host).linux.can is can
    assert resolved(domain(hostdev(_NIC)), host).verdict is verdict


@pytest.mark.parametrize("parameter", [b"", b"on\n", Missing(MissingKind.DENIED)])
def test_a_parameter_that_cannot_be_read_is_reported(parameter: bytes | Missing) -> None:
    host = _host("quiet")
    host.files[_PARAMETER] = parameter

    problems = join(collect(host)).problems

    assert [line for line in problems if "allow_unsafe_interrupts" in line] != []


def test_the_parameter_is_not_of_a_kernel_on_xen() -> None:
    host = made(kernel="6.1.0", options="intremap=off")
    host.files |= {
        "/sys/hypervisor/type": b"xen\n",
        "/proc/xen/capabilities": b"control_d\n",
        _PARAMETER: b"N\n",
    }

    assert CaseKind.INTERRUPTS not in {case.kind for case in told(host).linux.cases}
