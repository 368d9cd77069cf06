"""What a guest is left exposed to by a decision: the harm, and how much is held against it."""

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
