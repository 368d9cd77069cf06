"""The memory that hvmloader reserves for itself, by the release of its tools.

Pure.  Source: tools/firmware/hvmloader/config.h, RESERVED_MEMORY_DYNAMIC_START and _END, at the tag
of every point release from 4.6.0 to 4.22.0.
"""

from typing import NamedTuple

from dmaragent.addresses import AddressRange
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.release_spans import ReleaseSpans

_BEGINS_LOWER = "begins_lower"
_SPANS = ReleaseSpans(
    {
        _BEGINS_LOWER: (
            ((4, 6, 0), (4, 12, 4)),  # ended by 0ca821f197
            ((4, 13, 0), (4, 13, 2)),  # ended by f63b20a213
            ((4, 14, 0), (4, 14, 1)),  # ended by 43eceee913; in 4.15 by 8efa46516c
        )
    }
)
OWN_MEMORY = AddressRange(0xFC100000, 0xFE000000)
"""What hvmloader reserves in every release."""
OWN_MEMORY_BEFORE = AddressRange(0xFC001000, 0xFE000000)
"""What it reserves in older releases."""


class HvmloaderMemory(NamedTuple):
    """What hvmloader of one release reserves for itself."""

    sure: AddressRange
    """What it reserves in any case."""
    possible: AddressRange
    """What it may reserve: more than `sure` if the point release decides, and is unknown."""
    until: str = ""
    """If they differ: the first point release that reserves only `sure`."""


def hvmloader_memory(release: Release | None) -> HvmloaderMemory:
    """Return what hvmloader of `release` reserves; None: of the newest release."""
    steps = _SPANS.steps_of(release)
    lower = [_SPANS.behaviours_at(step)[_BEGINS_LOWER] for step in steps]
    return HvmloaderMemory(
        sure=OWN_MEMORY_BEFORE if all(lower) else OWN_MEMORY,
        possible=OWN_MEMORY_BEFORE if any(lower) else OWN_MEMORY,
        until=str(steps[lower.index(False)]) if any(lower) and not all(lower) else "",
    )
