"""The types of docs/schema/hotplug.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.guests.config import GuestType
from dmaragent.present.json.schema.common import Decision, Stack, StackOrigin
from dmaragent.xen.reserved_list.model import ListSource


class Guest(TypedDict):
    """The running guest."""

    source: str
    """The file, with [n] after it for a guest of a JSON list; or 'standard input'."""
    name: str
    """Empty if the configuration has none."""
    type: Annotated[str, GuestType] | None
    """null: the configuration cannot be read."""


class Answer(TypedDict):
    """The answer; it is equal on a host and on its recording."""

    device: str
    """The specification as it was given, which need not be an address."""
    guest: Guest
    stack: Stack
    list_source: Annotated[str, ListSource]
    """Where the list of regions comes from. hypervisor: by hypercall; predicted: from the table by
    Xen's acceptance rules; unknown: there is neither."""
    list_notes: list[str]
    """What limits that list as a whole."""
    verdict: Annotated[str, ("enum", ("attached", "refused", "undecided"))]
    """undecided: this is unknown, and the reasons say why."""
    policy: Annotated[str, ("enum", ("strict", "relaxed"))]
    """The device's: strict if the specification names none or is not understood."""
    reasons: list[Decision]
    """All that refuses it or leaves it undecided, refusals first, in the order in which they are
    met; of a device that is attached, its warnings."""
    warnings: list[Decision]
    """What stops nothing and must be known, whatever the verdict is."""
    advice: list[str]
    """What was tried against all of the reasons and helps, a sentence each, the safest first; of a
    device that is attached with warnings, what leaves fewer."""
    losses: list[str]
    """What of the guest's configuration is lost when it is read, each in a few words."""
    needs: list[str]
    """Commands that must be run before the device can be attached."""


class HotplugDocument(TypedDict):
    """dmaragent hotplug --json, version 1.

    What xl pci-attach will do with a device and a running guest, and why. 'answer' is equal on a
    host and on its recording; 'origin' says which it was.
    """

    format: Literal["dmaragent.hotplug"]
    version: Literal[1]
    origin: StackOrigin
    answer: Answer
