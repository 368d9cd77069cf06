"""Fixes of where the guest's RAM is: the boundary, and the size of memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from dmaragent.addresses import MIB, AddressRange
from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.guests.rdm import DEFAULT_BOUNDARY
from dmaragent.policy.decisions import Harm, ResidualRisk
from dmaragent.policy.layout import Placement
from dmaragent.policy.resolution import PossibleOutcome, Resolution
from dmaragent.policy.settings import Toolstack
from dmaragent.policy.simulate import TOO_MUCH_MOVED
from dmaragent.remedies import words
from dmaragent.remedies.guests.trial import Trial
from dmaragent.remedies.remedy import RemedyKind

_MOST_CANDIDATES = 32
"""The number of boundaries that are tried, nearest to the present one first; then the lowest."""
_NOTHING_LEFT = ResidualRisk(Harm.NONE, 0)


def _regions_in_the_way(resolution: Resolution) -> set[AddressRange]:
    """Return the regions that cause a refusal or a warning in any case."""
    return {region for case in resolution.outcomes for region in _hindering_regions(case)}


def _hindering_regions(case: PossibleOutcome) -> Iterator[AddressRange]:
    for decision in (*case.built.decisions, *case.built.warnings):
        if decision.region is not None:
            yield decision.region
        elif decision.rule in TOO_MUCH_MOVED and case.built.layout is not None:
            for placed in case.built.layout.placed:
                if placed.placement is Placement.MOVED:
                    yield placed.reservation.region


class RamChange(NamedTuple):
    """A change of where the guest's RAM is, which works."""

    guest: GuestConfig
    lines: Mapping[str, tuple[str, ...]]
    effect: str
    cost: str

    def made_to(self, guest: GuestConfig) -> GuestConfig:
        """Return `guest` with the same boundary and memory."""
        new = self.guest
        return replace(guest, boundary=new.boundary, memory=new.memory, maximum=new.maximum)


def change_boundary(
    trial: Trial, kind: RemedyKind = RemedyKind.BOUNDARY, first: str = "", cost: str = ""
) -> RamChange | None:
    """Change the boundary as little as possible; the least risk comes first.

    `kind`, `first` and `cost` are those of the change that `trial` begins with, if any.
    """
    guest = trial.guest
    if guest.type is not GuestType.HVM or trial.stack.toolstack is not Toolstack.XL:
        return None
    present = (DEFAULT_BOUNDARY if guest.boundary is None else guest.boundary) // MIB
    troubled = _regions_in_the_way(trial.now)
    starts = {region.start for region in troubled}
    values = {(start - 1) // MIB for start in starts if 0 < start <= present * MIB}
    values |= {-(-start // MIB) for start in starts if start > present * MIB}
    helping: dict[ResidualRisk, int] = {}
    near = sorted(values - {present}, key=lambda value: abs(value - present))
    # with the lowest, RAM avoids every region that it can avoid
    for value in dict.fromkeys([*near[:_MOST_CANDIDATES], *sorted(near)[:1]]):
        left = trial.try_out(replace(guest, boundary=value * MIB))
        if left is not None:
            helping.setdefault(left, value)
        if left == _NOTHING_LEFT:
            break
    if helping:
        value = helping[min(helping)]
        effect = words.MOVE_RAM
        if value > present:
            effect = words.LEAVE_RAM
        other = replace(guest, boundary=value * MIB)
        lines = trial.setting_lines("rdm_mem_boundary", value)
        trial.offer(kind, other, lines, words.joined(first, effect), cost)
        return RamChange(other, lines, effect, "")
    if any(reason.rule in TOO_MUCH_MOVED for reason in trial.now.reasons[:1]):
        _raise_boundary_until_ram_suffices(trial, sorted(values - {present}))
    return None


def _raise_boundary_until_ram_suffices(trial: Trial, values: Sequence[int]) -> None:
    """Continue from the lowest boundary with enough low RAM, if there is one."""
    for value in values[:_MOST_CANDIDATES]:
        guest = replace(trial.guest, boundary=value * MIB)
        after = trial.resolve(guest)
        if not any(reason.rule in TOO_MUCH_MOVED for reason in after.reasons):
            trial.keep(guest, trial.setting_lines("rdm_mem_boundary", value))
            return


def reduce_memory(
    trial: Trial, kind: RemedyKind = RemedyKind.MEMORY, first: str = "", cost: str = ""
) -> RamChange | None:
    """Find the largest memory with which the guest starts and the least risk remains, by halving.

    `kind`, `first` and `cost` are those of the change that `trial` begins with, if any.
    """
    guest = trial.guest
    if guest.type is not GuestType.HVM or not _regions_in_the_way(trial.now):
        return None

    def with_memory(size: int) -> GuestConfig:
        return replace(guest, memory=size * MIB, maximum=None)

    least = guest.video // MIB + 3
    fewest = trial.try_out(with_memory(least))
    if guest.most_memory // MIB <= least or fewest is None:
        return None

    def works(size: int) -> bool:
        left = trial.try_out(with_memory(size))
        return left is not None and left <= fewest

    most = guest.most_memory // MIB
    less = most
    while most - least > 1:
        middle = (least + most) // 2
        if works(middle):
            least = middle
        else:
            most = middle
    lines = trial.setting_lines("memory", least)
    lines |= {} if guest.maximum is None else trial.setting_lines("maxmem", least)
    effect = words.REDUCE_MEMORY
    if fewest.harm >= Harm.CORRUPTION:
        effect = words.REDUCE_MEMORY_FEWEST_WARNINGS
    lost = words.less_memory(less - least)
    other = with_memory(least)
    trial.offer(kind, other, lines, words.joined(first, effect), words.joined(cost, lost))
    return RamChange(other, lines, effect, lost)
