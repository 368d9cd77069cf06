"""The devices that Xen keeps for itself by its options: debug ports and serial cards.

Pure.  Sources: Xen drivers/char/ehci-dbgp.c, ``ehci_dbgp_init_postirq``; xhci-dbc.c,
``dbc_uart_init_postirq`` (not with ``share=yes``); ns16550.c, ``ns16550_init_postirq``.  Each hides
the device before dom0 is built, so passthrough/pci.c, ``device_assigned``, finds it in use (EBUSY).
"""

import re
from typing import NamedTuple

from dmaragent.addresses import SBDF

_EHCI, _XHCI, _SERIAL = 0x0C0320, 0x0C0330, 0x0700
_SHARED = re.compile(r",share=(?:yes|on|true|1|enable)(?:,|$)")
_ADDRESS = re.compile(
    r"@pci(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,2}):([01]?[0-9a-f])\.([0-7])", re.IGNORECASE
)
_CARD = re.compile(r"com[12]=.*?(?:,|\bdevice=)(?:pci|amt)(?:,|$)")


class OwnDevice(NamedTuple):
    """An option with which Xen uses a device itself."""

    option: str
    sbdf: SBDF | None
    """The device; None: the option names it by its number among those of its class."""
    classes: tuple[int, ...]
    """The classes that it can have, with or without their programming interface."""

    def may_be(self, sbdf: SBDF, class_code: int | None) -> bool | None:
        """Return whether the option is about the device; None: it may be."""
        if self.sbdf is not None:
            return sbdf == self.sbdf
        known = class_code is None or bool({class_code, class_code >> 8} & {*self.classes})
        return None if known else False


def own_devices(command_line: str) -> tuple[OwnDevice, ...]:
    """Return the options of Xen's `command_line` with which it uses devices itself."""
    found: list[OwnDevice] = []
    for option in command_line.split():
        kind = option[:9]
        if kind in ("dbgp=ehci", "dbgp=xhci") and not _SHARED.search(option):
            match = _ADDRESS.search(option)
            sbdf = SBDF(*(int(part or "0", 16) for part in match.groups())) if match else None
            found.append(OwnDevice(option, sbdf, (_EHCI if kind == "dbgp=ehci" else _XHCI,)))
        elif _CARD.match(option):
            found.append(OwnDevice(option, None, (_SERIAL,)))
    return tuple(found)
