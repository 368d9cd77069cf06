"""A remedy, and how one is tried: by resolving the changed guest."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from dmaragent.policy.decisions import Verdict
from dmaragent.policy.guest import GuestConfig
from dmaragent.policy.resolver import Resolution, resolve
from dmaragent.policy.settings import DeviceSetting, Toolstack

_BRIEF = 72


class RemedyKind(Enum):
    """The kinds of change, in order of safety."""

    SPELLING = "spelling"
    SETTING = "setting"
    BOUNDARY = "boundary"
    MEMORY = "memory"
    VIRTUAL_FUNCTION = "virtual-function"
    STRATEGY = "strategy"
    POLICY = "policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One change that helps."""

    kind: RemedyKind
    lines: tuple[str, ...]
    """The lines of the configuration as they should be; none: ``rdm=`` is to be left out."""
    effect: str
    """What it brings, and what it costs."""
    verdict: Verdict
    """What was found when it was tried."""
    warnings: int = 0
    """How many warnings are left with it."""

    @property
    def brief(self) -> str:
        """The change in a line; what would be too long is named alone."""
        if not self.lines:
            return "leave out rdm="
        told = []
        for line in self.lines:
            name, equals, _ = line.partition("=")
            if len(line) <= _BRIEF and not line.endswith(","):
                told.append(line.strip())
            elif equals and not line.startswith(" "):
                told.append(f"{name.strip()} as below")
        return "; ".join(one for one in told if not one.startswith('"'))


@dataclass(frozen=True, slots=True)
class Remedies:
    """What helps; or why nothing does."""

    found: tuple[Remedy, ...]
    nothing: str
    """Why nothing helps; empty where something does or nothing is needed."""
    spelling: Remedy | None = None
    """How to write what is lost so that it is taken, whatever comes of it then."""


class Trial:
    """Resolves changed guests, and keeps what helps.

    `guest` is what further changes are made to: the guest as it is, with what must be
    changed in any case and does not help alone.
    """

    def __init__(self, resolution: Resolution) -> None:
        self.before = resolution
        self.host = resolution.host
        self.stack = resolution.stack
        self.found: list[Remedy] = []
        self.guest: GuestConfig = resolution.guest
        self.now = resolution
        """What becomes of `guest`."""
        self._lines: dict[str, tuple[str, ...]] = {}

    @property
    def devices(self) -> tuple[DeviceSetting, ...]:
        """The devices of `guest`, as they are read."""
        return self.now.settings.devices

    def resolve(self, guest: GuestConfig) -> Resolution:
        """Resolve a changed guest."""
        return resolve(guest, self.host, self.stack)

    def better(self, after: Resolution) -> bool:
        """Tell whether `after` is what is wanted: it starts, with fewer warnings if it did."""
        if after.verdict is not Verdict.STARTS:
            return False
        return self.before.verdict is not Verdict.STARTS or len(after.reasons) < len(
            self.before.reasons
        )

    def try_out(self, guest: GuestConfig) -> int | None:
        """Give how many warnings are left with the changed `guest`; None where it is no better."""
        after = self.resolve(guest)
        return len(after.reasons) if self.better(after) else None

    def offer(
        self,
        kind: RemedyKind,
        guest: GuestConfig,
        lines: Mapping[str, tuple[str, ...]],
        effect: str,
    ) -> bool:
        """Offer the change to `guest` if it helps; `lines` by what they set."""
        warnings = self.try_out(guest)
        if warnings is None:
            return False
        together = {**self._lines, **lines}
        written = tuple(line for part in together.values() for line in part)
        if any(one.lines == written for one in self.found):
            return True
        self.found.append(
            Remedy(
                kind=kind,
                lines=written,
                effect=effect,
                verdict=Verdict.STARTS,
                warnings=warnings,
            )
        )
        return True

    def keep(self, guest: GuestConfig, lines: Mapping[str, tuple[str, ...]]) -> None:
        """Make further changes to `guest`, which takes `lines`."""
        self.guest, self._lines = guest, {**self._lines, **lines}
        self.now = self.resolve(guest)

    def set(self, name: str, value: object) -> dict[str, tuple[str, ...]]:
        """Write one setting: a line of an xl.cfg, or words for another toolstack."""
        if self.stack.toolstack is Toolstack.XL:
            return {name: (f"{name} = {value}",)}
        return {name: (f"{name}: {value}" + (" MiB" if isinstance(value, int) else ""),)}
