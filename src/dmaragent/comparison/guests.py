"""Guests on two hosts: of which something else is said on B, and what helps those that stop."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from dmaragent.comparison.model import Changed, GuestChange, GuestFate, Guests
from dmaragent.comparison.scopes import id_words, ids_of
from dmaragent.policy.cases import Case
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.remedies import remedies
from dmaragent.policy.resolver import Resolution

_OTHER_VERDICT = frozenset({GuestFate.STOPS, GuestFate.STARTS, GuestFate.UNSURE, GuestFate.SURE})


def compare_guests(
    resolved: Iterable[tuple[Resolution, Resolution]],
    passed_over: Sequence[tuple[str, str]] = (),
) -> Guests:
    """Compare what A and B do with each guest; only those that change are kept."""
    changed: list[GuestChange] = []
    same: Counter[Verdict] = Counter()
    for a, b in resolved:
        devices = tuple(_other_devices(a, b))
        fate = guest_fate(a, b)
        if devices and fate not in _OTHER_VERDICT:
            fate = GuestFate.DEVICES
        if fate is GuestFate.SAME:
            same[a.verdict] += 1
        else:
            helps = remedies(b) if fate is GuestFate.STOPS else None
            changed.append(GuestChange(fate=fate, a=a, b=b, devices=devices, helps=helps))
    order = list(GuestFate)
    return Guests(
        changed=tuple(sorted(changed, key=lambda one: order.index(one.fate))),
        same=dict(same),
        passed_over=tuple(passed_over),
    )


def _other_devices(a: Resolution, b: Resolution) -> Iterator[Changed]:
    """Find the addresses that the guest names and that are another device's on B."""
    ours, theirs = a.host.functions or {}, b.host.functions or {}
    for sbdf in dict.fromkeys(one.pci.sbdf for one in b.settings.devices):
        if sbdf is None:
            continue
        old, new = ids_of(ours.get(sbdf)), ids_of(theirs.get(sbdf))
        if old is not None and new is not None and old != new:
            yield Changed(str(sbdf), id_words(old), id_words(new))


def guest_fate(a: Resolution, b: Resolution) -> GuestFate:
    """Say what became of the guest of `a` and `b`: the verdict before reasons and layout."""
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


def _layouts(resolution: Resolution) -> frozenset[object]:
    """Give the memory layouts that the guest may get."""
    return frozenset(map(_layout, resolution.cases))


def _layout(case: Case) -> object:
    layout = case.built.layout
    if layout is None:
        return None
    placed = frozenset((one.reservation.region, one.outcome) for one in layout.placed)
    return layout.after, placed
