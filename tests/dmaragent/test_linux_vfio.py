"""What VFIO does with a device whose group has reserved regions, by type, vendor and release."""

import pytest

from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.linux.release import telling_release
from dmaragent.linux.vfio import VfioEffect, vfio_outcomes
from support.hosts import FakeHost, fake_host
from support.tables import table
from support.wording import Worded

_REFUSED, _FAILS = VfioEffect.REFUSED, VfioEffect.MAPPING_FAILS
_NOT_MAPPED, _UNKNOWN = VfioEffect.NOT_MAPPED, VfioEffect.UNKNOWN


@pytest.mark.parametrize(
    ("region_type", "vendor", "release", "effects", "errors"),
    [
        ("direct", "intel", (6, 6), [_REFUSED], ["EINVAL"]),
        ("direct", "intel", (6, 5), [_REFUSED], ["EPERM"]),
        ("direct", "intel", (4, 11), [_REFUSED], ["EPERM"]),
        ("direct", "amd", (6, 8), [_REFUSED], ["EINVAL"]),
        ("direct", "amd", (6, 5), [_FAILS], ["EINVAL"]),
        ("direct", "amd", (5, 4), [_FAILS], ["EINVAL"]),
        ("direct", "amd", (5, 3), [_NOT_MAPPED], [""]),
        ("direct", "arm", (7, 0), [_REFUSED], ["EINVAL"]),
        ("direct", "arm", (6, 1), [_FAILS], ["EINVAL"]),
        ("direct", "unknown", (6, 1), [_REFUSED, _FAILS], ["EPERM", "EINVAL"]),
        ("direct", "unknown", (6, 12), [_REFUSED], ["EINVAL"]),
        ("direct", "amd", None, [_REFUSED, _FAILS, _NOT_MAPPED], ["EINVAL", "EINVAL", ""]),
        ("direct", "intel", None, [_REFUSED, _REFUSED], ["EINVAL", "EPERM"]),
        ("direct-relaxable", "intel", (6, 12), [_NOT_MAPPED], [""]),
        ("direct-relaxable", "amd", None, [_NOT_MAPPED], [""]),
        ("direct-relaxable", "intel", (4, 18), [_NOT_MAPPED], [""]),
        ("reserved", "amd", (6, 12), [_FAILS], ["EINVAL"]),
        ("reserved", "amd", (4, 19), [_NOT_MAPPED], [""]),
        ("msi", "intel", (5, 10), [_FAILS], ["EINVAL"]),
        ("translated", "intel", (6, 12), [_UNKNOWN], [""]),
    ],
)
def test_type_vendor_and_release_decide_together(
    region_type: str,
    vendor: str,
    release: tuple[int, int] | None,
    effects: list[VfioEffect],
    errors: list[str],
) -> None:
    outcomes = vfio_outcomes(region_type, IommuVendor(vendor), release)

    assert [outcome.effect for outcome in outcomes] == effects
    assert [outcome.error for outcome in outcomes] == errors


def test_only_the_outcomes_that_refuse_have_a_message(worded: Worded) -> None:
    new, old = vfio_outcomes("direct", IommuVendor.INTEL, None)

    assert new.message.startswith("Firmware has requested this device have a 1:1 IOMMU mapping")
    assert old.message.startswith("Device is ineligible for IOMMU domain attach")
    assert old.releases == "Linux 4.11 to 6.5"
    worded(new.releases, "6.6")


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("6.8.12-4-pve", (6, 8)),
        ("6.1.0-18-amd64", (6, 1)),
        ("5.14.0-427.13.1.el9_4.x86_64", None),
        ("6.4.0-150600.23.25-default", None),
        ("6.12.0-160000.5-default", None),
        ("5.10.0-216.0.0.115.oe2203sp4.x86_64", None),
        ("4.12.14-122.91-default", None),
        ("3.10.0-1160.90.1.vz7.200.7", None),
        ("4.12.14-lp151.28.91-default", None),
        ("5.3.18-24.107-default", None),
        ("5.3.18-lp152.102-preempt", None),
        ("4.4.180-94.164-default", None),
        ("4.18.0-147.5.1.6.h451.eulerosv2r9.x86_64", None),
        ("5.10.0-60.18.0.50.r865_35.hce2.x86_64", None),
        ("4.19.90-2211.5.0.0178.22.uelc20.x86_64", None),
        ("4.19.0-240.23.19.el8_2.bclinux.x86_64", None),
        ("5.10.0-200.0.0.131.bclinux.x86_64", None),
        ("5.3.18-300.fc31.x86_64", (5, 3)),
        ("5.3.18-3-pve", (5, 3)),
        ("5.3.18-1-MANJARO", (5, 3)),
        ("5.3.18-1-lts", (5, 3)),
        ("4.12.14-300.fc26.x86_64", (4, 12)),
        ("6.10.5-1-default", (6, 10)),
        ("6.12.9-200.fc41.x86_64", (6, 12)),
        ("", None),
        (None, None),
    ],
)
def test_an_enterprise_kernel_does_not_tell_its_checks_by_its_release(
    text: str | None, release: tuple[int, int] | None
) -> None:
    assert telling_release(text) == release


def _cpu(line: bytes) -> FakeHost:
    host = FakeHost()
    host.files["/proc/cpuinfo"] = b"processor\t: 0\n" + line + b"\n"
    return host


@pytest.mark.parametrize(
    ("host", "vendor"),
    [
        (fake_host([], {"DMAR": table()}), "intel"),
        (fake_host([], {"IVRS": b"IVRS"}), "amd"),
        (fake_host([], {"APIC": b"", "IORT": b"IORT"}), "arm"),
        (_cpu(b"vendor_id\t: AuthenticAMD\nflags\t: fpu svm"), "amd"),
        (_cpu(b"vendor_id\t: HygonGenuine\nflags\t: fpu svm"), "amd"),
        (_cpu(b"vendor_id\t: AuthenticAMD"), "unknown"),  # cut before what shows a hypervisor
        (_cpu(b"vendor_id\t:   Shanghai  "), "intel"),
        (_cpu(b"CPU implementer\t: 0x41"), "arm"),
        (_cpu(b"uarch\t: sifive,u74"), "unknown"),
        (FakeHost(), "unknown"),
    ],
)
def test_the_vendor_is_told_by_the_tables_and_else_by_the_processor(
    host: FakeHost, vendor: str
) -> None:
    assert iommu_vendor(join(collect(host))) is IommuVendor(vendor)
