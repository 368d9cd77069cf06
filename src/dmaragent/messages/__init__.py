"""The messages that people meet when reserved memory stands in their way, and what they mean.

Pure.  A table of messages by who prints them, a recogniser, and the tie of what was
recognised to one host.
"""

from dmaragent.messages import (
    linux,
    linux_faults,
    linux_firmware,
    qemu,
    toolstack,
    xen,
    xen_boot,
    xl,
)
from dmaragent.messages.model import Message
from dmaragent.messages.recognise import Recogniser

MESSAGES: tuple[Message, ...] = (
    *linux.MESSAGES,
    *linux_faults.MESSAGES,
    *linux_firmware.MESSAGES,
    *xen.MESSAGES,
    *xen_boot.MESSAGES,
    *toolstack.MESSAGES,
    *xl.MESSAGES,
    *qemu.MESSAGES,
)
"""All messages known, in the order of the documentation."""


def recogniser() -> Recogniser:
    """Give a recogniser of all messages."""
    return Recogniser(MESSAGES)
