"""The order in which remedies are offered: the one key for guests, devices and hotplug.

A remedy is judged by what it leaves behind (:class:`Harm`), then by what it costs
(:class:`Cost`), then by the number of warnings that are left.  So a remedy that leaves DMA
in guest RAM never stands before one that does not, whatever either costs.
"""

from enum import IntEnum
from typing import NamedTuple


class Harm(IntEnum):
    """What a guest or its host is left exposed to; a higher value is worse."""

    NONE = 0
    SHARED = 1
    """Devices of different owners can use the same memory by DMA."""
    HOST_MEMORY = 2
    """The guest reaches memory of the host where it expects an emulated device."""
    CORRUPTION = 3
    """DMA of a device or of firmware can overwrite RAM that a guest or the host uses."""


class Cost(IntEnum):
    """What a remedy takes away; a higher value is dearer."""

    NEEDED = 0
    """No choice: it must be done before anything else helps."""
    NOTHING = 1
    """A spelling, a setting that stands in the way, guest RAM at another address."""
    MEMORY = 2
    """The guest has less memory, or takes all of it from the start."""
    RESTART = 3
    """The guest is created anew."""
    DEVICE = 4
    """The guest gets another device than the one that was asked for."""
    RESERVATION = 5
    """Regions of devices that the guest does not have are no longer reserved."""
    FIRMWARE = 6
    """The device loses what the firmware's region was for."""
    POLICY = 7
    """A check of Xen, libxl or Linux no longer stops the device."""


class Rank(NamedTuple):
    """A remedy's place among others: smaller comes first."""

    harm: Harm
    cost: Cost
    warnings: int = 0
    """How many warnings are left with it."""


class Left(NamedTuple):
    """What is still held against a guest or a device: smaller is better."""

    harm: Harm
    warnings: int


HARM_WORDS = {
    Harm.NONE: "",
    Harm.SHARED: "other devices can use the same memory by DMA",
    Harm.HOST_MEMORY: "the guest can reach host memory",
    Harm.CORRUPTION: "DMA can overwrite guest RAM",
}
"""What each harm is, in words; nothing for none."""
