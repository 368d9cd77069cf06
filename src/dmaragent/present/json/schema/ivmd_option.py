"""The types of docs/schema/ivmd-option.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.boot_option.ivmd_model import IvmdEffect
from dmaragent.present.json.schema.boot_option import Faults, Option, Target
from dmaragent.present.json.schema.common import (
    Count,
    HostOrigin,
    Ordinal,
    Prose,
    Range,
    Sbdf,
)


class DeviceSpan(TypedDict):
    """A device, or all device IDs from first to last."""

    first: Sbdf
    last: Sbdf


class Wanted(Range):
    """A region as given. limit is its last byte."""

    devices: list[DeviceSpan] | None
    """null: all devices of the host."""


class Region(Wanted):
    """A region as given, and its words on Xen's command line."""

    words: Annotated[list[str], ("minItems", 1)]


class Refused(Wanted):
    """A region without an option."""

    reason: Prose


class Written(Target):
    """The option that was written, if any."""

    option: Option | None
    """null: nothing could be written."""
    regions: list[Region]
    """The regions with an option."""
    refused: list[Refused]
    """The regions without one, with the reason."""
    taken: bool | None
    """Whether Xen applies all of it; false: a region is refused; null: unknown. 'notes' has the reason."""
    present: Count
    """How many of Xen's eight places the host's command line already uses."""
    notes: list[Prose]
    """Notes, a sentence each."""


class Write(Written):
    """An option that was written for regions."""

    mode: Literal["write"]


class FromLog(Written):
    """An option that was written for the faults of a log."""

    mode: Literal["from-log"]
    faults: Faults
    """How many faults the log has, by the program that logged them, and which were left out."""


class Judged(TypedDict):
    """A range for one device, for a range of devices, or for all."""

    text: str
    """The range as given, with one of its devices; from an error on, the rest of the option."""
    position: Ordinal
    """The character of the text at which it is, from 1; of an error, where Xen stops reading."""
    taken: bool | None
    """Whether Xen applies it; null: unknown, for the reason in 'reason'."""
    effect: Annotated[str, IvmdEffect]
    """What Xen does with it."""
    mistaken: bool
    """Whether its numbers look like addresses in bytes; Xen reads them as pages anyway."""
    reason: Prose
    """Why Xen does not apply it, or why this is unknown; or empty."""
    range: Range | None
    """What Xen reads, in bytes; null if it cannot be read."""
    pages: Ordinal | None
    devices: DeviceSpan | None
    """null: all devices, or nothing was read."""
    advice: list[Prose]
    """What was probably meant, and warnings."""


class Check(Target):
    """An option that was checked."""

    mode: Literal["check"]
    text: str
    """The option as read, without the quotes of GRUB and of a shell."""
    own_command_line: bool
    """Whether it is the host's own command line."""
    taken: bool | None
    """Whether Xen applies all of it; null: unknown."""
    iommu_disabled: Prose | None
    """Why Xen switches AMD-Vi off with this command line; null: it does not, or that is unknown."""
    ranges: list[Judged]
    notes: list[Prose]
    """Notes, a sentence each."""


class IvmdOptionDocument(TypedDict):
    """dmaragent boot-option --json for an AMD host, version 1.

    Xen's boot option ivmd=, written for regions or for the DMA faults of a log, or checked. For an Intel host, the document is
    dmaragent.rmrr-option. 'answer' is the same for a host and for its recording; 'origin' names
    the source.
    """

    format: Literal["dmaragent.ivmd-option"]
    version: Literal[1]
    origin: HostOrigin
    answer: Write | FromLog | Check
