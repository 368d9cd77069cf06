"""Guests on two hosts: whose verdict changes on B, and how to fix those that no longer start."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from dmaragent.addresses import SBDF
from dmaragent.comparison.model import Changed, GuestChange, GuestChanges, GuestFate
from dmaragent.comparison.scopes import id_words, ids_of
from dmaragent.passthrough.kvm_resolution import AnyResolution, KvmResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.resolution import PossibleOutcome, Resolution
from dmaragent.remedies.guests import guest_remedies

_OTHER_VERDICT = frozenset({GuestFate.STOPS, GuestFate.STARTS, GuestFate.UNSURE, GuestFate.SURE})


def named_devices(resolution: AnyResolution) -> tuple[SBDF, ...]:
    """Return the addresses that a guest names, each once."""
    if isinstance(resolution, KvmResolution):
        return tuple(dict.fromkeys(resolution.devices))
    named = (device.pci.sbdf for device in resolution.settings.devices)
    return tuple(dict.fromkeys(sbdf for sbdf in named if sbdf is not None))


def compare_guests(
    resolved: Iterable[tuple[AnyResolution, AnyResolution]],
    passed_over: Sequence[tuple[str, str]] = (),
) -> GuestChanges:
    """Return the guests whose answers on A and B differ, and how many do not."""
    changed: list[GuestChange] = []
    same: Counter[Verdict] = Counter()
    kinds: set[bool] = set()
    for a, b in resolved:
        kinds.add(isinstance(b, KvmResolution))
        devices = tuple(_other_devices(a, b))
        fate = guest_fate(a, b)
        if devices and fate not in _OTHER_VERDICT:
            fate = GuestFate.DEVICES
        if fate is GuestFate.SAME:
            same[a.verdict] += 1
        else:
            stops = fate is GuestFate.STOPS
            helps = guest_remedies(b) if stops and isinstance(b, Resolution) else None
            changed.append(GuestChange(fate=fate, a=a, b=b, devices=devices, helps=helps))
    order = list(GuestFate)
    return GuestChanges(
        changed=tuple(sorted(changed, key=lambda change: order.index(change.fate))),
        same=dict(same),
        passed_over=tuple(passed_over),
        xen=kinds != {True},
    )


def _other_devices(a: AnyResolution, b: AnyResolution) -> Iterator[Changed]:
    """Yield the addresses of the guest that belong to another device on B."""
    ours, theirs = a.host.functions or {}, b.host.functions or {}
    for sbdf in named_devices(b):
        old, new = ids_of(ours.get(sbdf)), ids_of(theirs.get(sbdf))
        if old is not None and new is not None and old != new:
            yield Changed(str(sbdf), id_words(old), id_words(new))


def guest_fate(a: AnyResolution, b: AnyResolution) -> GuestFate:
    """Return how the answer for a guest changed: the verdict goes before reasons and layout."""
    if a.verdict is not b.verdict:
        if b.verdict is Verdict.UNDECIDED:
            return GuestFate.UNSURE
        if a.verdict is Verdict.UNDECIDED:
            return GuestFate.SURE
        return GuestFate.STOPS if b.verdict is Verdict.REFUSED else GuestFate.STARTS
    if set(a.reasons) != set(b.reasons):
        starts = b.verdict is Verdict.STARTS
        return GuestFate.WARNINGS if starts else GuestFate.REASONS
    if b.verdict is Verdict.STARTS and _layouts(a) != _layouts(b):
        return GuestFate.LAYOUT
    return GuestFate.SAME


def _layouts(resolution: AnyResolution) -> frozenset[object]:
    """Return the memory layouts that the guest may get."""
    if isinstance(resolution, KvmResolution):
        return frozenset(resolution.ram)
    return frozenset(map(_layout, resolution.outcomes))


def _layout(case: PossibleOutcome) -> object:
    layout = case.built.layout
    if layout is None:
        return None
    places = frozenset((placed.reservation.region, placed.placement) for placed in layout.placed)
    return layout.after, places
