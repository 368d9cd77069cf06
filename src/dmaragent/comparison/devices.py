"""PCI functions that answer at another address: the same device in the same place, other buses."""

from collections.abc import Hashable
from dataclasses import dataclass

from dmaragent.comparison.model import Renumbered
from dmaragent.comparison.pairing import Pairing
from dmaragent.comparison.scopes import ids_of
from dmaragent.host.topology import PciFunction, PciTopology


@dataclass(frozen=True, slots=True)
class _Placed:
    """A function, its root bus, and the steps from there: bridges, then itself."""

    function: PciFunction
    root: int
    steps: tuple[tuple[int, int], ...]


def renumbered(a: PciTopology, b: PciTopology) -> tuple[Renumbered, ...]:
    """Find the functions that certainly are the same and have another address.

    Certain is: vendor, device and path from the root bus are the same; or all but the root
    bus's number, and there is one such device on each side.
    """
    found = Pairing.of(_placed(a), _placed(b))
    found.by(lambda one: (one.function.sbdf, ids_of(one.function)))
    found.by(lambda one: None if ids_of(one.function) is None else (one.root, _device(one)))
    found.by(lambda one: None if ids_of(one.function) is None else _device(one), unique=True)
    changed = (
        Renumbered(a=one.function, b=other.function)
        for one, other in found.pairs
        if one.function.sbdf != other.function.sbdf
    )
    return tuple(sorted(changed, key=lambda one: one.a.sbdf))


def _device(placed: _Placed) -> Hashable:
    return placed.function.sbdf.segment, placed.steps, ids_of(placed.function)


def _placed(topology: PciTopology) -> list[_Placed]:
    bridges: dict[tuple[int, int | None], PciFunction] = {
        (sbdf.segment, one.secondary_bus): one
        for sbdf, one in topology.known.items()
        if one.secondary_bus is not None
    }
    return [_place(one, bridges) for _, one in sorted(topology.known.items())]


def _place(function: PciFunction, bridges: dict[tuple[int, int | None], PciFunction]) -> _Placed:
    """Walk up from `function` to its root bus; bridges that lead in a circle end the walk."""
    sbdf = function.sbdf
    steps = [(sbdf.device, sbdf.function)]
    seen = {sbdf.bus}
    while (bridge := bridges.get((sbdf.segment, sbdf.bus))) is not None:
        sbdf = bridge.sbdf
        steps.append((sbdf.device, sbdf.function))
        if sbdf.bus in seen:
            break
        seen.add(sbdf.bus)
    return _Placed(function, sbdf.bus, tuple(reversed(steps)))
