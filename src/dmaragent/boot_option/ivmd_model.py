"""Xen's ``ivmd=`` option on one AMD host: ranges that were checked, ranges that were written."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.boot_option.model import Checked, OptionForFaults, OptionHost, written_taken
from dmaragent.boot_option.wanted import Refused, Wanted
from dmaragent.xen.hypervisor.ivmd_ranges import IvmdRange

FIRST_RELEASE = (4, 16)
"""The first release of Xen with the option: c7146535d1."""


class IvmdEffect(Enum):
    """What Xen does with one range of ``ivmd=``."""

    ACCEPTED = "accepted"
    """Xen maps it 1:1 for its devices."""
    NO_EFFECT = "no-effect"
    """Xen reads it and ignores it, or AMD-Vi is off for another reason."""
    SWITCHES_OFF = "switches-off"
    """AMD-Vi is off for the whole host because of it."""
    NOT_READ = "not-read"
    """Xen does not read it: an error in the text, or a release without the option."""
    UNKNOWN = "unknown"
    """It is well formed, but the table or a fact of the host is unknown."""


class DeviceSpan(NamedTuple):
    """A device of segment 0, or all device IDs from one to another."""

    first: SBDF
    last: SBDF

    @property
    def text(self) -> str:
        """The devices as Xen reads them: a range from a device to itself would switch AMD-Vi off."""
        names = (f"{sbdf.bus:02x}:{sbdf.device:02x}.{sbdf.function}" for sbdf in self)
        return "-".join(dict.fromkeys(names))

    def __str__(self) -> str:
        return "-".join(dict.fromkeys(map(str, self)))


WantedIvmd = Wanted[DeviceSpan]
"""A region for devices or ranges of devices."""
RefusedIvmd = Refused[DeviceSpan]


class IvmdText(NamedTuple):
    """The words of the command line for one wanted region."""

    wanted: WantedIvmd
    words: tuple[str, ...]
    """One, or several if its devices do not fit in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedIvmd:
    """One range of the option for a device or a range of devices, and what Xen does with it."""

    read: IvmdRange
    effect: IvmdEffect
    reason: str
    """Why, or which facts are unknown; or empty."""
    advice: tuple[str, ...] = ()
    """What was probably meant, and warnings; a sentence each."""
    warnings: tuple[str, ...] = ()
    """Warnings whether Xen applies it or not: to follow them may change nothing."""
    mistaken: bool = False
    """Whether its numbers look like addresses in bytes; Xen reads them as pages anyway."""

    @property
    def taken(self) -> bool | None:
        """Whether Xen applies it; None: unknown."""
        if self.effect is IvmdEffect.UNKNOWN:
            return None
        return self.effect is IvmdEffect.ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedIvmd(Checked[JudgedIvmd]):
    """Every range of ``ivmd=`` in a text or a command line, and what Xen does with it."""

    iommu_disabled: str
    """Why Xen switches AMD-Vi off with this command line; or empty."""

    @property
    def switches_off(self) -> bool:
        """Whether a range of it switches AMD-Vi off."""
        return any(judged.effect is IvmdEffect.SWITCHES_OFF for judged in self.ranges)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenIvmd:
    """The option for wanted regions."""

    on: OptionHost
    written: tuple[IvmdText, ...]
    """The regions that have words."""
    refused: tuple[RefusedIvmd, ...]
    unknown: frozenset[WantedIvmd]
    """The written regions of which it is unknown whether Xen applies them."""
    present: int
    """How many of Xen's eight places the host's command line already uses."""
    used: int
    """How many more the new words use."""
    notes: tuple[str, ...]

    @property
    def taken(self) -> bool | None:
        """Whether Xen applies all regions; None: nothing is refused, but a fact is unknown."""
        return written_taken(self.on, refused=bool(self.refused), unknown=bool(self.unknown))

    @property
    def words(self) -> tuple[str, ...]:
        """All words, in order."""
        return tuple(word for text in self.written for word in text.words)


FaultIvmd = OptionForFaults[WrittenIvmd]
