"""The findings of ``dmaragent check`` that can cause a message, by the message's id."""

from collections.abc import Mapping

from dmaragent.iommu.vendor import IommuVendor

_NOT_RESERVED = ("rmrr-not-reserved", "rmrr-in-ram")
_IOAPICS = ("ivhd-southbridge-ioapic", "ivhd-ioapic-unknown")
_WITHOUT_IOMMU = ("ivmd-no-iommu", "ivmd-before-ivhd")
_BACKWARDS = ("rmrr-limit-below-base",)
_NO_REMAPPING = ("no-interrupt-remapping",)
_NO_UNIT = ("device-without-unit",)

FINDINGS: Mapping[str, tuple[str, ...]] = {
    "linux-bad-rmrr": (
        *_BACKWARDS,
        "rmrr-unaligned",
        "rmrr-limit-page-aligned",
        "rmrr-placeholder",
        *_NOT_RESERVED,
    ),
    "linux-rmrr-not-reserved": _NOT_RESERVED,
    "linux-rmrr-ends-before-start": _BACKWARDS,
    "linux-rmrr-too-wide": ("rmrr-above-address-width",),
    "linux-unit-at-zero": ("unit-without-address",),
    "linux-unit-dead": (),
    "linux-unit-taken": ("unit-repeated", "units-overlap", "unit-in-ram"),
    "linux-iommu-opted-out": ("remap-opt-out",),
    "linux-no-unit": ("no-unit",),
    "linux-width-invalid": ("address-width-too-small",),
    "linux-checksum": ("checksum-wrong",),
    "linux-rhsa-without-unit": ("rhsa-without-unit",),
    "linux-andd-unterminated": ("andd-name-unterminated",),
    "linux-andd-unused": ("andd-unused",),
    "linux-structure-empty": ("structure-too-short",),
    "linux-structure-past-end": ("structure-past-end",),
    "linux-scope-type": ("scope-type-mismatch",),
    "linux-scope-unsupported": ("scope-unknown-type",),
    "linux-scope-workaround": ("scope-start-bus",),
    "linux-table-odd": ("unknown-structure",),
    "linux-map-unaligned": ("rmrr-unaligned",),
    "linux-no-interrupt-remapping": _NO_REMAPPING,
    "linux-interrupts-not-isolated": _NO_REMAPPING,
    "linux-interrupts-not-remapped": _NO_REMAPPING,
    "linux-xen-device-not-added": _NO_UNIT,
    "xen-dmar-refused": (),
    "xen-overlapping-rmrrs": ("rmrr-overlap", "rmrr-duplicate"),
    "xen-rmrr-not-reserved": _NOT_RESERVED,
    "xen-rmrr-in-ram": ("rmrr-in-ram",),
    "xen-rmrr-ignored": ("rmrr-devices-absent",),
    "xen-rmrr-incorrect": _BACKWARDS,
    "xen-scope-absent-device": ("rmrr-device-absent", "rmrr-devices-absent"),
    "xen-scope-invalid": ("scope-too-short",),
    "xen-structure-length": ("structure-too-short",),
    "xen-include-all-twice": ("several-include-all", "several-all-ports"),
    "xen-width-zero": ("address-width-too-small",),
    "xen-table-odd": ("unknown-structure", "scope-unknown-type"),
    "xen-device-not-added": _NO_UNIT,
    "xen-interrupts-not-remapped": _NO_REMAPPING,
    "xen-x2apic-opt-out": ("x2apic-opt-out-alone",),
    "libxl-memory-map-full": ("rmrr-too-many",),
    "libxl-memory-map-refused": ("rmrr-too-many",),
    "hvmloader-reserved-conflict": ("rmrr-hvmloader",),
    # AMD's table
    "linux-amd-table-invalid": ("ivrs-checksum", *_IOAPICS),
    "linux-amd-interrupts-not-remapped": _IOAPICS,
    "linux-amd-no-ivhd": ("ivmd-shadows-ivhd", "ivrs-unknown-block"),
    "linux-amd-entry-ignored": ("ivhd-hid-in-fixed", "ivhd-hid-unlikely"),
    "xen-ivmd-in-ram": ("ivmd-in-ram", "ivmd-in-nvs", "ivmd-at-zero"),
    "xen-ivmd-not-reserved": ("ivmd-not-reserved", "ivmd-in-ram", "ivmd-in-nvs", "ivmd-at-zero"),
    "xen-ivmd-ignored": ("ivmd-too-high", "ivrs-address-size-zero", "ivmd-wraps"),
    "xen-ivmd-flags": ("ivmd-flags-none",),
    "xen-ivmd-no-iommu": _WITHOUT_IOMMU,
    "xen-ivmd-device-skipped": _WITHOUT_IOMMU,
    "xen-ivmd-overlap": ("ivmd-overlap",),
    "xen-ivmd-refused": ("ivmd-range-inverted", "ivmd-id-unknown", "ivmd-cut"),
    "xen-ivhd-refused": (
        "ivrs-no-ivhd",
        "ivhd-short",
        "ivhd-cut",
        "ivhd-zero-field",
        "ivhd-no-device",
        "ivhd-all-entry",
        "ivhd-hid-in-fixed",
        "ivhd-unknown-entry",
        "ivhd-range-broken",
        "ivhd-alias-unknown",
        "ivhd-entries-cut",
        "ivhd-special-unknown",
    ),
    "xen-ivrs-io-apic": (*_IOAPICS, "ivhd-ioapic-twice"),
    "xen-ivrs-entry-odd": ("ivhd-ioapic-twice",),
    "xen-ivrs-refused": ("ivrs-checksum", "ivrs-block-past-end", "ivrs-length"),
}
"""Ids of rules in ``checks``; empty if any rule is possible, or no rule exists yet."""
ON_AMD: Mapping[str, tuple[str, ...]] = {
    "linux-direct-mapping-refused": ("ivmd-range-wide", "ivmd-at-zero", "ivmd-length-tiny"),
    "libxl-memory-map-full": ("ivmd-many-entries",),
    "libxl-memory-map-refused": ("ivmd-many-entries",),
    "hvmloader-reserved-conflict": ("ivmd-hvmloader",),
    "linux-map-unaligned": ("ivmd-unaligned",),
    "linux-no-interrupt-remapping": _IOAPICS,
    "linux-interrupts-not-isolated": _IOAPICS,
    "xen-interrupts-not-remapped": _IOAPICS,
    "linux-xen-device-not-added": (),
    "xen-device-not-added": (),
}
"""The same for messages of both vendors, on hosts with AMD's IOMMU."""


def findings_of(message: str, vendor: IommuVendor) -> tuple[str, ...] | None:
    """Return the rules for the id of a message on a host of `vendor`; None: no rule finds a cause."""
    if vendor is IommuVendor.AMD and message in ON_AMD:
        return ON_AMD[message]
    return FINDINGS.get(message)
