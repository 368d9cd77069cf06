"""The types of docs/schema/hotplug.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.guests.config import GuestType
from dmaragent.present.json.schema.common import Decision, Prose, Stack, StackOrigin
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
    """The specification as given, which need not be an address."""
    guest: Guest
    stack: Stack
    list_source: Annotated[str, ListSource]
    """The source of the list of regions. hypervisor: by hypercall; predicted: from the table by
    Xen's acceptance rules; unknown: there is neither."""
    list_notes: list[Prose]
    """The limits of that list as a whole."""
    verdict: Annotated[str, ("enum", ("attached", "refused", "undecided"))]
    """undecided: this is unknown, and the reasons say why."""
    policy: Annotated[str, ("enum", ("strict", "relaxed"))]
    """The device's: strict if the specification names none or is not understood."""
    reasons: list[Decision]
    """All refusals, then all unknowns, each in the order of libxl and Xen; of a device that is
    attached, its warnings."""
    warnings: list[Decision]
    """Warnings that apply with any verdict."""
    advice: list[Prose]
    """Fixes that were tried against all reasons and work, safest first; of a device that is
    attached with warnings, those with fewer warnings."""
    losses: list[Prose]
    """Settings of the guest's configuration that are ignored, each in a few words."""
    ignored_keys: list[str]
    """Keys of the specification that this xl does not know and ignores."""
    needs: list[str]
    """Commands to run before the device can be attached."""


class HotplugDocument(TypedDict):
    """dmaragent hotplug --json, version 1.

    Whether xl pci-attach will attach a device to a running guest, and why. 'answer' is equal on a
    host and on its recording; 'origin' shows which host it was.
    """

    format: Literal["dmaragent.hotplug"]
    version: Literal[1]
    origin: StackOrigin
    answer: Answer
