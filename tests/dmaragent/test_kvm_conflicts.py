"""A KVM guest whose settings conflict, or whose host or kernel is known in part, is told so."""

import pytest

from support.explained import grouped
from support.hosts import Function, fake_host
from support.ivrs_hosts import device, qemu
from support.ivrs_tables import ivmd
from support.kvm import DISK, domain, hostdev, publishing, resolved
from support.wording import Worded

_CONF = "ostype: l26\nmemory: 2048\n{}\n"
_MATE = Function(sbdf="0000:01:00.1", class_code=0x040300)


@pytest.mark.parametrize(
    "text",
    [
        domain(hostdev() + hostdev()),
        _CONF.format("hostpci0: 01:00.0\nhostpci1: 01:00"),
        _CONF.format("hostpci0: 01:00.0;01:00.0"),
        _CONF.format("hostpci0: 01:00.0\nargs: -device vfio-pci,host=01:00.0"),
    ],
)
def test_a_function_that_is_assigned_twice_is_refused_by_qemu(text: str) -> None:
    found = resolved(text, publishing("", "IVRS", "6.12.0"))

    assert found.verdict.value == "refused"
    assert [one.decider.value for one in found.reasons] == ["QEMU"]


def test_the_functions_of_a_slot_are_not_assigned_twice() -> None:
    host = publishing("", "IVRS", "6.12.0", _MATE)

    assert resolved(_CONF.format("hostpci0: 01:00"), host).verdict.value == "starts"


@pytest.mark.parametrize(("driver_known", "verdict"), [(True, "starts"), (False, "undecided")])
def test_a_group_with_a_function_of_unknown_driver_is_undecided(
    driver_known: bool,  # noqa: FBT001 - a parameter of the test
    verdict: str,
) -> None:
    host = publishing("", "IVRS", "6.12.0", _MATE)
    if not driver_known:
        host = publishing("", "IVRS", "6.12.0")
        grouped(host, g12=[DISK.sbdf, _MATE.sbdf])

    assert resolved(domain(hostdev()), host).verdict.value == verdict


@pytest.mark.parametrize(
    ("memory", "verdict"), [("512", "starts"), ("1007", "starts"), ("1200", "undecided")]
)
def test_ram_that_may_reach_amds_hypertransport_range_is_undecided(
    memory: str, verdict: str
) -> None:
    text = domain(hostdev(), f"<memory unit='GiB'>{memory}</memory>")

    assert resolved(text, publishing("", "IVRS", "6.12.0")).verdict.value == verdict


@pytest.mark.parametrize(
    "kernel",
    [
        "4.18.0-513.el8.x86_64",
        "mine",
    ],
)
def test_a_kernel_that_tells_too_little_is_named_and_equal_effects_are_told_once(
    kernel: str, worded: Worded
) -> None:
    region = "0x00000000c8000000 0x00000000c8ffffff direct\n"
    (reason,) = resolved(domain(hostdev()), publishing(region, "IVRS", kernel)).reasons

    worded(reason.reason)
    assert "Linux 4.11 to 6.5: " in reason.reason
    assert reason.reason.count("does not map") == 1


def test_the_option_of_intels_driver_relaxes_no_region_of_amds() -> None:
    low = ivmd(0x10000000, 0x1000, flags=7, device=device("01:00.0"))
    verdicts = {}
    for options in ("intel_iommu=on", "intel_iommu=on,relax_rmrr"):
        host = fake_host([DISK], {"IVRS": qemu(low)})
        grouped(host, g12=[DISK.sbdf])
        host.files["/proc/sys/kernel/osrelease"] = b"6.5.13-6-pve\n"
        host.files["/proc/cmdline"] = f"root=/dev/sda1 {options}\n".encode()
        found = resolved(domain(hostdev()), host)
        verdicts[options] = (found.verdict, [one.reason for one in found.reasons])

    assert verdicts["intel_iommu=on,relax_rmrr"] == verdicts["intel_iommu=on"]


def test_what_intel_alone_does_is_told_apart_if_the_vendor_is_unknown(worded: Worded) -> None:
    region = "0x00000000c8000000 0x00000000c8ffffff direct\n"
    (reason,) = resolved(domain(hostdev()), publishing(region, "", "6.1.0")).reasons

    assert "on Intel: " in reason.reason
    worded(reason.reason)
