"""The findings of ``dmaragent check`` that can cause a message, by the message's id."""

from collections.abc import Mapping

_NOT_RESERVED = ("rmrr-not-reserved", "rmrr-in-ram")
_BACKWARDS = ("rmrr-limit-below-base",)

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
    "xen-dmar-refused": (),
    "xen-overlapping-rmrrs": ("rmrr-overlap", "rmrr-duplicate"),
    "xen-rmrr-not-reserved": ("rmrr-not-reserved",),
    "xen-rmrr-in-ram": ("rmrr-in-ram",),
    "xen-rmrr-ignored": ("rmrr-devices-absent",),
    "xen-rmrr-incorrect": _BACKWARDS,
    "xen-scope-absent-device": ("rmrr-device-absent", "rmrr-devices-absent"),
    "xen-scope-invalid": ("scope-too-short",),
    "xen-structure-length": ("structure-too-short",),
    "xen-include-all-twice": ("several-include-all",),
    "xen-width-zero": ("address-width-too-small",),
}
"""Ids of rules in ``checks``; empty if any rule is possible, or no rule exists yet."""
