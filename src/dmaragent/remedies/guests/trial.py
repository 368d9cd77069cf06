"""A remedy, and how one is tried: by resolving the changed guest."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from dmaragent.guests.config import GuestConfig
from dmaragent.policy.decisions import Harm, ResidualRisk, Verdict, residual_risk
from dmaragent.policy.resolver import Resolution, resolve
from dmaragent.policy.settings import GuestDevice, Toolstack
from dmaragent.remedies.rank import Cost, Rank

_BRIEF = 72


class RemedyKind(Enum):
    """The kinds of change."""

    SPELLING = "spelling"
    SETTING = "setting"
    BOUNDARY = "boundary"
    MEMORY = "memory"
    VIRTUAL_FUNCTION = "virtual-function"
    STRATEGY = "strategy"
    POLICY = "policy"


_COSTS = {
    RemedyKind.SPELLING: Cost.NOTHING,
    RemedyKind.SETTING: Cost.NOTHING,
    RemedyKind.BOUNDARY: Cost.NOTHING,
    RemedyKind.MEMORY: Cost.MEMORY,
    RemedyKind.VIRTUAL_FUNCTION: Cost.DEVICE,
    RemedyKind.STRATEGY: Cost.RESERVATION,
    RemedyKind.POLICY: Cost.POLICY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One change that helps."""

    kind: RemedyKind
    lines: tuple[str, ...]
    """The lines of the configuration as they should be; none: ``rdm=`` is to be left out."""
    effect: str
    """What to do and what it does, in the imperative."""
    verdict: Verdict
    """What was found when it was tried.  Not STARTS: it ends the first refusal alone."""
    warnings: int = 0
    """How many warnings are left with it."""
    harm: Harm = Harm.NONE
    """The worst that those warnings expose the guest or the host to."""
    cost: str = ""
    """What is lost by it; empty: nothing."""
    undo: str = ""
    """How to take it back."""

    @property
    def rank(self) -> Rank:
        """Its place among other remedies."""
        return Rank(self.harm, _COSTS[self.kind], self.warnings)

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
    """The best first, by `Remedy.rank`."""
    nothing: str
    """Why nothing that was tried helps; empty where something does or nothing is needed."""
    spelling: Remedy | None = None
    """How to write what this release drops or half reads, whatever the verdict is."""


class Trial:
    """A guest that something is wrong with, and the changes to it that help."""

    def __init__(self, resolution: Resolution) -> None:
        self.before = resolution
        self.host = resolution.host
        self.stack = resolution.stack
        self.found: list[Remedy] = []
        self.guest: GuestConfig = resolution.guest
        self.now = resolution
        """What becomes of `guest`."""
        self.lines: dict[str, tuple[str, ...]] = {}
        """The lines that `guest` was changed by, under what they set."""

    @property
    def devices(self) -> tuple[GuestDevice, ...]:
        """The devices of `guest`, as they are read."""
        return self.now.settings.devices

    def resolve(self, guest: GuestConfig) -> Resolution:
        """Resolve a changed guest."""
        return resolve(guest, self.host, self.stack)

    def better(self, after: Resolution) -> bool:
        """Return whether `after` is wanted: it starts, and with less held against it if it did."""
        if after.verdict is not Verdict.STARTS:
            return False
        if self.before.verdict is not Verdict.STARTS:
            return True
        return residual_risk(after.reasons) < residual_risk(self.before.reasons)

    def try_out(self, guest: GuestConfig) -> ResidualRisk | None:
        """Return what is left with the changed `guest`; None if it is no better."""
        after = self.resolve(guest)
        return residual_risk(after.reasons) if self.better(after) else None

    def offer(
        self,
        kind: RemedyKind,
        guest: GuestConfig,
        lines: Mapping[str, tuple[str, ...]],
        effect: str,
        cost: str = "",
    ) -> bool:
        """Offer the change to `guest` if it helps; `lines` by what they set."""
        left = self.try_out(guest)
        if left is None:
            return False
        together = {**self.lines, **lines}
        written = tuple(line for part in together.values() for line in part)
        if all(one.lines != written for one in self.found):
            self.found.append(
                Remedy(
                    kind=kind,
                    lines=written,
                    effect=effect,
                    verdict=Verdict.STARTS,
                    warnings=left.warnings,
                    harm=left.harm,
                    cost=cost,
                    undo=self.undo(together),
                )
            )
        return True

    def keep(self, guest: GuestConfig, lines: Mapping[str, tuple[str, ...]]) -> None:
        """Make further changes to `guest`, which takes `lines`."""
        self.guest, self.lines = guest, {**self.lines, **lines}
        self.now = self.resolve(guest)

    def changed_by(self, guest: GuestConfig, lines: Mapping[str, tuple[str, ...]]) -> "Trial":
        """Return a trial of the same guest that begins with `guest` and its `lines`."""
        trial = Trial(self.before)
        trial.lines = dict(self.lines)
        trial.keep(guest, lines)
        return trial

    def undo(self, names: Mapping[str, object]) -> str:
        """Say how the settings `names` are put back as the guest has them now."""
        present = self.before.guest.places
        back = [f"{name}=" for name in names if name in present or (name == "pci")]
        out = [f"{name}=" for name in names if f"{name}=" not in back]
        told = [f"put back the present {' and '.join(back)}"] if back else []
        told += [f"remove {' and '.join(out)}"] if out else []
        return ", ".join(told)

    def set(self, name: str, value: object) -> dict[str, tuple[str, ...]]:
        """Write one setting: a line of an xl.cfg, or words for another toolstack."""
        if self.stack.toolstack is Toolstack.XL:
            return {name: (f"{name} = {value}",)}
        return {name: (f"{name}: {value}" + (" MiB" if isinstance(value, int) else ""),)}
