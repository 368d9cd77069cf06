"""The devices that vfio-pci does not bind, because a guest with one can crash the host.

Pure.  Source: Linux drivers/vfio/pci/vfio_pci.c, ``vfio_pci_dev_in_denylist`` and
``vfio_pci_is_denylisted``: since 5.9, and with the accelerators of Sapphire Rapids (95feb3160eef)
since 6.9.  Stable releases after May 2024 have those too.
"""

from collections.abc import Sequence
from enum import Enum

from dmaragent.linux.interrupts import TRUE

_INTEL = 0x8086
_FIRST = (5, 9)
_CLASSES = frozenset({0x0B40, 0x0880})
"""The classes of these devices: co-processor, system peripheral."""
_SINCE = {
    **dict.fromkeys((0x0435, 0x0443, 0x19E2, 0x19E3, 0x37C8, 0x37C9), _FIRST),  # QAT and its VFs
    **dict.fromkeys((0x0B25, 0x0CFE), (6, 9)),  # DSA and IAX
}
_OPTION = "vfio_pci.disable_denylist"


class ListedAs(Enum):
    """Whether the list of a kernel has a device."""

    FREE = "free"
    DENIED = "denied"
    UNKNOWN = "unknown"


def listed_as(
    ids: tuple[int | None, int | None], class_code: int | None, release: tuple[int, int] | None
) -> ListedAs:
    """Return whether the list of a kernel has the device of these vendor and device `ids`.

    `release`: None if it does not show which devices the list has.
    """
    vendor, device = ids
    if vendor not in (None, _INTEL):
        return ListedAs.FREE
    if device is None or vendor is None:
        may_be = device in (None, *_SINCE) and (class_code is None or class_code >> 8 in _CLASSES)
        return ListedAs.UNKNOWN if may_be else ListedAs.FREE
    since = _SINCE.get(device)
    if since is None or (release is not None and release < _FIRST):
        return ListedAs.FREE
    return ListedAs.UNKNOWN if release is None or release < since else ListedAs.DENIED


def ignores_list(options: Sequence[str]) -> bool:
    """Return whether the command line tells vfio-pci to bind these devices too."""
    found = False
    for option in options:
        name, equals, value = option.partition("=")
        if name.replace("-", "_") == _OPTION:
            found = not equals or value.startswith(TRUE)
    return found
