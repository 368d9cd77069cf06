"""How a remedy for a guest is tried: by resolving the changed guest."""

from collections.abc import Mapping
from dataclasses import dataclass

from dmaragent.guests.config import GuestConfig
from dmaragent.policy.decisions import ResidualRisk, Verdict, residual_risk
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.resolver import resolve
from dmaragent.policy.settings import GuestDevice, Toolstack
from dmaragent.remedies import words
from dmaragent.remedies.remedy import GuestRemedy, RemedyKind


@dataclass(frozen=True, slots=True)
class GuestRemedies:
    """What helps a guest; or why nothing does."""

    ranked: tuple[GuestRemedy, ...]
    """The best first."""
    why_none: str
    """Why nothing that was tried helps; empty where something does or nothing is needed."""
    spelling: GuestRemedy | None = None
    """How to write what this release drops or half reads, whatever the verdict is."""


class Trial:
    """A guest that something is wrong with, and the changes to it that help."""

    def __init__(self, resolution: Resolution) -> None:
        self.before = resolution
        self.host = resolution.host
        self.stack = resolution.stack
        self.remedies: list[GuestRemedy] = []
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

    def is_better(self, after: Resolution) -> bool:
        """Return whether `after` is wanted: it starts, and with less held against it if it did."""
        if after.verdict is not Verdict.STARTS:
            return False
        if self.before.verdict is not Verdict.STARTS:
            return True
        return residual_risk(after.reasons) < residual_risk(self.before.reasons)

    def try_out(self, guest: GuestConfig) -> ResidualRisk | None:
        """Return what is left with the changed `guest`; None if it is no better."""
        after = self.resolve(guest)
        return residual_risk(after.reasons) if self.is_better(after) else None

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
        if all(remedy.lines != written for remedy in self.remedies):
            self.remedies.append(
                GuestRemedy(
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

    def with_change(self, guest: GuestConfig, lines: Mapping[str, tuple[str, ...]]) -> "Trial":
        """Return a trial of the same guest that begins with `guest` and its `lines`."""
        trial = Trial(self.before)
        trial.lines = dict(self.lines)
        trial.keep(guest, lines)
        return trial

    def undo(self, names: Mapping[str, object]) -> str:
        """Return how the settings `names` are put back as the guest has them now."""
        present = self.before.guest.places
        back = [f"{name}=" for name in names if name in present or (name == "pci")]
        out = [f"{name}=" for name in names if f"{name}=" not in back]
        return words.undo(back, out)

    def setting_lines(self, name: str, value: object) -> dict[str, tuple[str, ...]]:
        """Write one setting: a line of an xl.cfg, or words for another toolstack."""
        if self.stack.toolstack is Toolstack.XL:
            return {name: (f"{name} = {value}",)}
        return {name: (f"{name}: {value}" + (" MiB" if isinstance(value, int) else ""),)}
