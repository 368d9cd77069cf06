"""The order in which remedies are offered: the one key for guests, devices and hotplug.

A remedy is judged by what it leaves behind (:class:`~dmaragent.policy.decisions.Harm`), then by what it costs
(:class:`Cost`), then by the number of warnings that are left.  So a remedy that leaves DMA
in guest RAM never stands before one that does not, whatever either costs.
"""

from enum import IntEnum
from typing import NamedTuple

from dmaragent.policy.decisions import Harm


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
