"""Which firmware findings (``dmaragent check``) stand behind a message, by the message's id.

The one place where messages and findings meet.
"""

from collections.abc import Mapping

FINDINGS: Mapping[str, tuple[str, ...]] = {
    "linux-bad-rmrr": ("rmrr-not-reserved", "rmrr-limit-below-base"),
    "linux-rmrr-not-reserved": ("rmrr-not-reserved",),
    "linux-rmrr-ends-before-start": ("rmrr-limit-below-base",),
    "linux-unit-at-zero": ("drhd-address-zero",),
    "linux-rhsa-without-unit": ("rhsa-without-unit",),
    "xen-overlapping-rmrrs": ("rmrr-overlap",),
    "xen-rmrr-not-reserved": ("rmrr-not-reserved",),
    "xen-rmrr-in-ram": ("rmrr-in-ram",),
    "xen-rmrr-incorrect": ("rmrr-limit-below-base",),
}
"""Ids of rules in ``checks``."""

CHECKED = frozenset(
    {
        *FINDINGS,
        "linux-rmrr-too-wide",
        "linux-unit-dead",
        "linux-andd-unterminated",
        "linux-structure-empty",
        "linux-structure-past-end",
        "linux-scope-type",
        "linux-scope-unsupported",
        "linux-scope-workaround",
        "xen-dmar-refused",
        "xen-rmrr-ignored",
        "xen-scope-absent-device",
        "xen-scope-invalid",
        "xen-structure-length",
        "xen-include-all-twice",
        "xen-width-zero",
    }
)
"""The messages about the table: ``dmaragent check`` says more of what is wrong with it."""
