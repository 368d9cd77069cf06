"""PCI functions at another address: the same device in the same place, with other bus numbers."""

from collections.abc import Hashable
from dataclasses import dataclass

from dmaragent.comparison.model import Renumbered
from dmaragent.comparison.pairing import Pairing
from dmaragent.comparison.scopes import ids_of
from dmaragent.host.topology import PciFunction, PciTopology


@dataclass(frozen=True, slots=True)
class _Place:
    """A function, its root bus, and the path from there: bridges, then the function."""

    function: PciFunction
    root: int
    steps: tuple[tuple[int, int], ...]


def renumbered(a: PciTopology, b: PciTopology) -> tuple[Renumbered, ...]:
    """Return the functions that are certainly the same and have another address.

    Certain means that vendor, device and path from the root bus are the same.  If only the number
    of the root bus differs, each side must have exactly one such device.
    """
    pairing = Pairing.of(_places(a), _places(b))
    pairing.by(lambda place: (place.function.sbdf, ids_of(place.function)))
    pairing.by(
        lambda place: None if ids_of(place.function) is None else (place.root, _device_key(place))
    )
    pairing.by(
        lambda place: None if ids_of(place.function) is None else _device_key(place), unique=True
    )
    changed = (
        Renumbered(a=old.function, b=new.function)
        for old, new in pairing.pairs
        if old.function.sbdf != new.function.sbdf
    )
    return tuple(sorted(changed, key=lambda renumbered: renumbered.a.sbdf))


def _device_key(place: _Place) -> Hashable:
    return place.function.sbdf.segment, place.steps, ids_of(place.function)


def _places(topology: PciTopology) -> list[_Place]:
    bridges: dict[tuple[int, int | None], PciFunction] = {
        (sbdf.segment, function.secondary_bus): function
        for sbdf, function in topology.known.items()
        if function.secondary_bus is not None
    }
    return [_place_of(function, bridges) for _, function in sorted(topology.known.items())]


def _place_of(function: PciFunction, bridges: dict[tuple[int, int | None], PciFunction]) -> _Place:
    """Follow the bridges from `function` up to its root bus; a loop of bridges ends the path."""
    sbdf = function.sbdf
    steps = [(sbdf.device, sbdf.function)]
    seen = {sbdf.bus}
    while (bridge := bridges.get((sbdf.segment, sbdf.bus))) is not None:
        sbdf = bridge.sbdf
        steps.append((sbdf.device, sbdf.function))
        if sbdf.bus in seen:
            break
        seen.add(sbdf.bus)
    return _Place(function, sbdf.bus, tuple(reversed(steps)))
