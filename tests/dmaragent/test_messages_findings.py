"""The rules of ``check`` that can be the cause of a message, by the vendor of the host's IOMMU."""

import pytest

from dmaragent.iommu.vendor import IommuVendor
from dmaragent.messages import MESSAGES, recogniser
from dmaragent.messages.findings import findings_of
from dmaragent.messages.numbers import error_name


@pytest.mark.parametrize(
    ("line", "on_intel", "on_amd"),
    [
        (
            "(XEN) [VT-D]Only one ALL_PORTS device scope is allowed",
            "several-all-ports",
            "several-all-ports",
        ),
        (
            "(XEN) RMRR: [0x7dffd000, 0x7dffffff] is not (entirely) in reserved memory",
            "rmrr-in-ram",
            "rmrr-in-ram",
        ),
        (
            "(XEN) [VT-D]Ignore unknown DMAR structure type (0x9)",
            "unknown-structure",
            "unknown-structure",
        ),
        (
            "DMAR: No handler for DMAR structure type 9",
            "unknown-structure",
            "unknown-structure",
        ),
        (
            "vfio_iommu_type1_attach_group: No interrupt remapping support.  Use the module param",
            "no-interrupt-remapping",
            "ivhd-southbridge-ioapic",
        ),
        (
            "libxl: error: libxl_x86.c:560: Domain 5:Ooops! Too many entries in the memory map!",
            "rmrr-too-many",
            "ivmd-many-entries",
        ),
        (
            "(d5) Fail to setup memory map due to conflict on dynamic reserved memory range.",
            "rmrr-hvmloader",
            "ivmd-hvmloader",
        ),
        (
            "iommu: unaligned: iova 0x7dffd200 pa 0x7dffd200 size 0x1000 min_pagesz 0x1000",
            "rmrr-unaligned",
            "ivmd-unaligned",
        ),
    ],
)
def test_the_rule_for_the_same_fault_is_named(line: str, on_intel: str, on_amd: str) -> None:
    (found,) = recogniser().recognise(line).found

    assert on_intel in (findings_of(found.message.id, IommuVendor.INTEL) or ())
    assert on_amd in (findings_of(found.message.id, IommuVendor.AMD) or ())


def test_a_device_without_unit_is_vt_ds_rule() -> None:
    (found,) = recogniser().recognise("(XEN) IOMMU: add 0000:0a:00.0 failed (-19)").found

    assert findings_of(found.message.id, IommuVendor.INTEL) == ("device-without-unit",)
    assert findings_of(found.message.id, IommuVendor.AMD) == ()
    assert "without a unit" in found.message.advice
    assert found.message.on_amd is not None
    assert "IVRS" in found.message.on_amd.advice


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("(XEN) IOMMU: add 0000:0a:00.0 failed (-19)", "xen-device-not-added"),
        ("(XEN) IOMMU: remove 0000:0a:00.0 failed (-19)", "xen-device-not-removed"),
        (
            "(XEN) Attempted to remove PCI SR-IOV PF 0000:0a:00.0 with VFs still present",
            "xen-device-not-removed",
        ),
        (
            "pci 0000:0a:00.0: Failed to add - passthrough or MSI/MSI-X might fail!",
            "linux-xen-device-not-added",
        ),
        (
            "pci 0000:0a:00.0: Failed to delete - passthrough or MSI/MSI-X might fail!",
            "linux-xen-device-not-removed",
        ),
    ],
)
def test_a_device_that_goes_away_is_not_one_that_xen_refuses(line: str, message: str) -> None:
    (found,) = recogniser().recognise(line).found

    assert found.message.id == message


@pytest.mark.parametrize("name", ["linux-xen-device-not-added", "xen-device-not-added"])
def test_a_region_that_dom0_cannot_have_does_not_refuse_the_device(name: str) -> None:
    (found,) = [message for message in MESSAGES if message.id == name]

    assert "or a region" not in found.meaning
    assert not any("policy" in words for words in found.by_error.values())


def test_the_hypervisors_own_full_map_is_not_a_guests() -> None:
    line = "(XEN) Ooops! Too many entries in the memory map!"

    assert [one.message.id for one in recogniser().recognise(line).found] == ["xen-memory-map-full"]


@pytest.mark.parametrize(
    ("ending", "error"),
    [(": Inappropriate ioctl for device", "ENOTTY"), (": Invalid argument", "EINVAL"), ("", None)],
)
def test_minus_one_of_write_is_no_error_number(ending: str, error: str | None) -> None:
    line = (
        "libxl: error: libxl_pci.c:1636:libxl__device_pci_reset: write to "
        f"/sys/bus/pci/devices/0000:0a:00.0/reset returned -1{ending}"
    )

    (found,) = recogniser().recognise(line).found

    named = found.names.error
    assert (None if named is None else error_name(named)) == error
