"""The messages that people meet when reserved memory stands in their way, and what they mean.

Pure.  A table of messages by who prints them, a recogniser, and the tie of what was
recognised to one host.
"""

from dmaragent.messages import (
    linux,
    linux_amd,
    linux_faults,
    linux_firmware,
    other_systems,
    qemu,
    toolstack,
    xen,
    xen_boot,
    xen_faults,
    xl,
)
from dmaragent.messages.model import Message
from dmaragent.messages.recognise import Recogniser

MESSAGES: tuple[Message, ...] = (
    *linux.MESSAGES,
    *linux_faults.MESSAGES,
    *linux_amd.MESSAGES,
    *linux_firmware.MESSAGES,
    *xen.MESSAGES,
    *xen_faults.MESSAGES,
    *xen_boot.MESSAGES,
    *toolstack.MESSAGES,
    *xl.MESSAGES,
    *qemu.MESSAGES,
    *other_systems.MESSAGES,
)
"""All messages known, in the order of the documentation."""


def recogniser() -> Recogniser:
    """Give a recogniser of all messages."""
    return Recogniser(MESSAGES)
