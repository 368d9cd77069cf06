"""The part of a line before a message: driver, device, subsystem, source line.

Linux prints ``driver device: subsystem: message``: the device by ``dev_printk``, the subsystem by
``dev_fmt`` and ``pr_fmt``.  Each part may be missing, and older kernels put the subsystem first.
So one reader finds the device for all messages of the kernel.
"""

import re

from dmaragent.addresses import SBDF

_PARTS = 4
"""How many parts are read: driver and device, subsystem, function, [Firmware Bug]."""
_DEVICE = re.compile(
    r"(?<![0-9A-Za-z:._-])(?P<sbdf>(?:[0-9a-fA-F]{4,8}:)?[0-9a-fA-F]{2}:[01][0-9a-fA-F]\.[0-7])"
    r"(?: [\w.-]{1,40})?$"
)
"""A device at the end of a part; the name of a driver may follow it."""
_SUBSYSTEM = re.compile(r"\[Firmware (?:Bug|Warn|Info)\]|[\w./-]{1,40}")
_BY_XEN = re.compile(r"\(XEN\)|\[VT-D\]", re.IGNORECASE)


def device_before(text: str) -> SBDF | None:
    """Return the device that the kernel named before a message; None: no device.

    `text` is what precedes the message in its line.
    """
    rest = text.rstrip(" ")
    for _ in range(_PARTS):
        if not rest.endswith(":"):
            return None
        start = rest.rfind(": ", 0, -1)
        part = rest[start + 1 : -1].strip(" ")
        device = _DEVICE.search(part)
        if device is not None:
            return SBDF.parse(device["sbdf"])
        if start < 0 or not _SUBSYSTEM.fullmatch(part):
            return None
        rest = rest[: start + 1]
    return None


def by_xen(text: str) -> bool:
    """Return whether `text`, which precedes a message in its line, shows that Xen printed it."""
    return _BY_XEN.search(text) is not None
