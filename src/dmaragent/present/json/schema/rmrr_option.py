"""The types of docs/schema/rmrr-option.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.present.json.schema.boot_option import Faults, Option, Target
from dmaragent.present.json.schema.common import (
    Count,
    HostOrigin,
    Ordinal,
    Prose,
    Range,
    Sbdf,
)
from fwtables.fields import Address


class PageRange(TypedDict):
    """A range of the option, in pages."""

    text: str
    start_page: Address
    end_page: Address


class Region(Range):
    """A region as given, and its ranges.

    limit is its last byte. Ranges are in pages of 4 KiB, end_page inclusive.
    """

    devices: list[Sbdf]
    ranges: Annotated[list[PageRange], ("minItems", 1)]


class Refused(Range):
    """A region without a range."""

    devices: list[Sbdf]
    reason: str


class Written(Target):
    """The option that was written, if any."""

    option: Option | None
    """null: nothing could be written."""
    regions: list[Region]
    """The regions with ranges."""
    refused: list[Refused]
    """The regions without a range, with the reason."""
    taken: bool | None
    """Whether Xen accepts all of it; false: a region is refused; null: unknown. 'notes' has the reason."""
    present: Count
    """How many ranges are already on the host's command line."""
    notes: list[str]
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
    """A range that was checked."""

    text: str
    """The range as given."""
    taken: bool | None
    """Whether Xen accepts it; null: unknown. If there is a table, 'reason' has the reason."""
    mistaken: bool
    """Whether its numbers look like addresses in bytes; Xen reads them as pages anyway."""
    reason: str
    """Why Xen does not accept it, which part Xen does not read, or why this is unknown; or empty."""
    range: Range | None
    """What Xen reads, in bytes; null if it cannot be read."""
    pages: Ordinal | None
    devices: list[Sbdf]
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
    """Whether Xen accepts all of it; null: unknown. Then it is well formed, but there is no table,
    the memory map does not show whether Xen has its pages, or releases differ."""
    ranges: list[Judged]
    notes: list[str]
    """Notes, a sentence each."""


class RmrrOptionDocument(TypedDict):
    """dmaragent boot-option --json, version 1.

    Xen's boot option rmrr=, written for regions or for the DMA faults of a log, or checked.
    'answer' is the same for a host and for its recording; 'origin' names the source.
    """

    format: Literal["dmaragent.rmrr-option"]
    version: Literal[1]
    origin: HostOrigin
    answer: Write | FromLog | Check
