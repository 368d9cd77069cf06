"""The types of docs/schema/rmrr-option.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.present.json.schema.common import Count, HostOrigin, Ordinal, Range, Release, Sbdf
from fwtables.fields import Address


class Option(TypedDict):
    """The option, ready to paste."""

    words: str
    """A word rmrr= for each range: needs no quoting in any boot loader."""
    one_word: str | None
    """The same as one word with ';'; null if Xen would cut it off at 127 characters."""
    grub: str
    """The words as a line for /etc/default/grub."""
    grub_one_word: str | None
    """The one word as such a line, quoted."""


class PageRange(TypedDict):
    """A range of the option, in pages."""

    text: str
    start_page: Address
    end_page: Address


class Region(Range):
    """A region as it was asked for, limit its last byte; and its ranges.

    They are in pages of 4 KiB, end_page inclusive.
    """

    devices: list[Sbdf]
    ranges: Annotated[list[PageRange], ("minItems", 1)]


class Refused(Range):
    """A region for which nothing was written."""

    devices: list[Sbdf]
    reason: str


class Target(TypedDict):
    """For which host the option is."""

    xen: Release | None
    """The release the answer is for; null: unknown, the newest known counts."""
    table: bool
    """Whether there was a DMAR table to check the ranges against."""


class Written(Target):
    """The option that was written, if any."""

    option: Option | None
    """null: nothing could be written."""
    regions: list[Region]
    """What was written, region by region."""
    refused: list[Refused]
    """What was asked for and not written, with its reason."""
    present: Count
    """How many ranges stand on the host's command line already."""
    notes: list[str]
    """Further remarks, a sentence each."""


class Write(Written):
    """An option that was written for regions."""

    mode: Literal["write"]


class Faults(TypedDict):
    """How many faults the log has by who logged them, and what was left out of them."""

    by_xen: Count
    by_linux: Count
    given: list[str]
    """Faults in regions that the table gives the device already."""
    dropped: list[str]
    """Faults at addresses that are no memory, or that Linux logged without iommu=pt."""


class FromLog(Written):
    """An option that was written for the faults of a log."""

    mode: Literal["from-log"]
    faults: Faults
    """How many faults the log has by who logged them, and what was left out of them."""


class Judged(TypedDict):
    """A range that was checked."""

    text: str
    """The range as it stands there."""
    taken: bool | None
    """null: well formed, and unknown; 'reason' says why if there is a table."""
    mistaken: bool
    """Whether its numbers look like addresses in bytes, which Xen reads as pages all the same."""
    reason: str
    """Why it is not accepted, what of it Xen does not read, or why that is unknown; or empty."""
    range: Range | None
    """What Xen reads, in bytes; null if it cannot be read."""
    pages: Ordinal | None
    devices: list[Sbdf]
    advice: list[str]
    """What was probably meant, or is to be noted."""


class Check(Target):
    """An option that was checked."""

    mode: Literal["check"]
    text: str
    """What was read, without the quoting of GRUB and of a shell."""
    own_command_line: bool
    """Whether it is the host's own."""
    taken: bool | None
    """Whether Xen accepts all of it; null: well formed, and unknown: there is no table, the memory
    map does not tell whether Xen has its pages, or releases differ."""
    ranges: list[Judged]
    notes: list[str]
    """Further remarks, a sentence each."""


class RmrrOptionDocument(TypedDict):
    """dmaragent rmrr-option --json, version 1.

    Xen's boot option rmrr=, written for regions or for the DMA faults of a log, or checked.
    'answer' is equal on a host and on its recording; 'origin' says which it was.
    """

    format: Literal["dmaragent.rmrr-option"]
    version: Literal[1]
    origin: HostOrigin
    answer: Write | FromLog | Check
