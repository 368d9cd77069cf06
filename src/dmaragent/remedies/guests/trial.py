"""Trials of fixes for a guest: the changed guest is resolved."""

from collections.abc import Mapping
from dataclasses import dataclass

from dmaragent.guests.config import GuestConfig
from dmaragent.policy.decisions import ResidualRisk, Verdict, exposed_regions, residual_risk
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.resolver import resolve
from dmaragent.policy.settings import GuestDevice, Toolstack
from dmaragent.remedies import words
from dmaragent.remedies.remedy import GuestRemedy, RemedyKind


@dataclass(frozen=True, slots=True)
class GuestRemedies:
    """The fixes for a guest; or why there are none."""

    ranked: tuple[GuestRemedy, ...]
    """The best first."""
    why_none: str
    """Why nothing that was tried works; empty if something does or nothing is needed."""
    spelling: GuestRemedy | None = None
    """How to write settings that this release ignores or reads in part, whatever the verdict is."""


class Trial:
    """A guest with a refusal or warning, and the changes to it that work."""

    def __init__(self, resolution: Resolution) -> None:
        self.before = resolution
        self.host = resolution.host
        self.stack = resolution.stack
        self.remedies: list[GuestRemedy] = []
        self.guest: GuestConfig = resolution.guest
        self.now = resolution
        """The resolution of `guest`."""
        self.lines: dict[str, tuple[str, ...]] = {}
        """The lines that changed `guest`, by the setting that they change."""

    @property
    def devices(self) -> tuple[GuestDevice, ...]:
        """The devices of `guest`, as they are read."""
        return self.now.settings.devices

    def resolve(self, guest: GuestConfig) -> Resolution:
        """Resolve a changed guest."""
        return resolve(guest, self.host, self.stack)

    def is_better(self, after: Resolution) -> bool:
        """Return whether `after` starts, and with less risk if the guest already started."""
        if after.verdict is not Verdict.STARTS:
            return False
        if self.before.verdict is not Verdict.STARTS:
            return True
        return residual_risk(after.reasons) < residual_risk(self.before.reasons)

    def try_out(self, guest: GuestConfig) -> ResidualRisk | None:
        """Return the risk that remains with the changed `guest`; None if it is no better."""
        after = self.resolve(guest)
        return residual_risk(after.reasons) if self.is_better(after) else None

    def offer(
        self,
        kind: RemedyKind,
        guest: GuestConfig,
        lines: Mapping[str, tuple[str, ...]],
        action: str,
        cost: str = "",
    ) -> bool:
        """Offer the change to `guest` if it helps; `lines` are by the setting that they change."""
        after = self.resolve(guest)
        if not self.is_better(after):
            return False
        left = residual_risk(after.reasons)
        together = {**self.lines, **lines}
        written = tuple(line for part in together.values() for line in part)
        if all(remedy.lines != written for remedy in self.remedies):
            self.remedies.append(
                GuestRemedy(
                    kind=kind,
                    lines=written,
                    action=action,
                    verdict=Verdict.STARTS,
                    warnings=left.warnings,
                    harm=left.harm,
                    exposed=exposed_regions(after.reasons),
                    lost=cost,
                    undo=self.undo(together),
                )
            )
        return True

    def keep(self, guest: GuestConfig, lines: Mapping[str, tuple[str, ...]]) -> None:
        """Continue from the changed `guest`, with its `lines`."""
        self.guest, self.lines = guest, {**self.lines, **lines}
        self.now = self.resolve(guest)

    def with_change(self, guest: GuestConfig, lines: Mapping[str, tuple[str, ...]]) -> "Trial":
        """Return a trial of the same guest that begins with `guest` and its `lines`."""
        trial = Trial(self.before)
        trial.lines = dict(self.lines)
        trial.keep(guest, lines)
        return trial

    def undo(self, names: Mapping[str, object]) -> str:
        """Return how to restore the settings `names` as the guest has them now."""
        present = self.before.guest.places
        back = [f"{name}=" for name in names if name in present or (name == "pci")]
        out = [f"{name}=" for name in names if f"{name}=" not in back]
        return words.undo(back, out)

    def setting_lines(self, name: str, value: object) -> dict[str, tuple[str, ...]]:
        """Return one setting as a line of an xl.cfg, or in words for another toolstack."""
        if self.stack.toolstack is Toolstack.XL:
            return {name: (f"{name} = {value}",)}
        return {name: (f"{name}: {value}" + (" MiB" if isinstance(value, int) else ""),)}
