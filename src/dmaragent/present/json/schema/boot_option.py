"""The types that docs/schema/rmrr-option.v1.json and docs/schema/ivmd-option.v1.json have in common."""

from typing import TypedDict

from dmaragent.present.json.schema.common import Count, Release


class Option(TypedDict):
    """The option, ready to paste."""

    words: str
    """A word rmrr= for each range, or a word ivmd= for each region; no boot loader needs quotes for it."""
    one_word: str | None
    """The same as one word with ';'; null if Xen would cut it off at 127 characters."""
    grub: str
    """The words as a line for /etc/default/grub."""
    grub_one_word: str | None
    """The one word as a line for /etc/default/grub, with ';' quoted for GRUB."""


class Target(TypedDict):
    """The host that the option is for."""

    xen: Release | None
    """The release that the answer is for; null: unknown, so the newest known release is assumed."""
    table: bool
    """Whether there was a table to check the ranges against: a DMAR for rmrr=, an IVRS for ivmd=."""


class Faults(TypedDict):
    """How many faults the log has, by the program that logged them, and which were left out."""

    by_xen: Count
    by_linux: Count
    given: list[str]
    """Faults in regions that the table already gives the device."""
    dropped: list[str]
    """Faults at addresses that are not memory, or that Linux logged without iommu=pt."""
