"""Remedies in where the guest's RAM lies: the boundary, and how much memory there is."""

from collections.abc import Iterator
from dataclasses import replace

from dmaragent.addresses import AddressRange
from dmaragent.policy.build import HVMLOADER_RULE, MAP_RULE
from dmaragent.policy.cases import Case
from dmaragent.policy.guest import GuestConfig, GuestType
from dmaragent.policy.layout import DEFAULT_BOUNDARY, Outcome
from dmaragent.policy.model import MIB
from dmaragent.policy.remedies.trial import RemedyKind, Trial
from dmaragent.policy.resolver import Resolution
from dmaragent.policy.settings import Toolstack

_MOST_CANDIDATES = 32
"""Boundaries that are tried, nearest to the present one first."""


def _troubled(resolution: Resolution) -> set[AddressRange]:
    """Give the regions that hinder the guest in any case."""
    return {region for case in resolution.cases for region in _hindering(case)}


def _hindering(case: Case) -> Iterator[AddressRange]:
    for one in (*case.built.decisions, *case.built.warnings):
        if one.region is not None:
            yield one.region
        elif one.rule in (MAP_RULE, HVMLOADER_RULE) and case.built.layout is not None:
            for placed in case.built.layout.placed:
                if placed.outcome is Outcome.MOVED:
                    yield placed.reservation.region


def change_boundary(trial: Trial) -> None:
    """Change the boundary, as little as helps; first so that no warning is left."""
    guest = trial.guest
    if guest.type is not GuestType.HVM or trial.stack.toolstack is not Toolstack.XL:
        return
    present = (DEFAULT_BOUNDARY if guest.boundary is None else guest.boundary) // MIB
    troubled = _troubled(trial.now)
    values = {(one.start - 1) // MIB for one in troubled if 0 < one.start <= present * MIB}
    values |= {-(-one.start // MIB) for one in troubled if one.start > present * MIB}
    helping: dict[int, int] = {}
    for value in sorted(values - {present}, key=lambda one: abs(one - present))[:_MOST_CANDIDATES]:
        warnings = trial.try_out(replace(guest, boundary=value * MIB))
        if warnings is not None:
            helping.setdefault(warnings, value)
        if warnings == 0:
            break
    if helping:
        value = helping[min(helping)]
        effect = "RAM is moved out of the way" if value < present else "RAM is not moved"
        other = replace(guest, boundary=value * MIB)
        lines = trial.set("rdm_mem_boundary", value)
        trial.offer(RemedyKind.BOUNDARY, other, lines, f"libxl: {effect}")


def reduce_memory(trial: Trial) -> None:
    """Find the most memory with which the guest starts, first without a warning, by halving."""
    guest = trial.guest
    if guest.type is not GuestType.HVM or not _troubled(trial.now):
        return

    def with_memory(size: int) -> GuestConfig:
        return replace(guest, memory=size * MIB, maximum=None)

    least = guest.video // MIB + 3
    fewest = trial.try_out(with_memory(least))
    if guest.most_memory // MIB <= least or fewest is None:
        return

    def works(size: int) -> bool:
        left = trial.try_out(with_memory(size))
        return left is not None and left <= fewest

    most = guest.most_memory // MIB
    while most - least > 1:
        middle = (least + most) // 2
        if works(middle):
            least = middle
        else:
            most = middle
    lines = trial.set("memory", least)
    lines |= {} if guest.maximum is None else trial.set("maxmem", least)
    effect = "the most with which its RAM stays out of the way"
    if fewest:
        effect = "the most with which it starts so"
    trial.offer(RemedyKind.MEMORY, with_memory(least), lines, effect)
