"""The guests of the report of a fleet: a matrix of guests and classes, with reasons and fixes."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dmaragent.fleet.classes import HostClass
from dmaragent.fleet.guests import ClassVerdict, GuestOnFleet
from dmaragent.fleet.html import words
from dmaragent.fleet.html.parts import KVM, XEN, Place, cut, labels, long_table
from dmaragent.policy.decisions import Verdict
from dmaragent.present.html.markup import Child, Markup, element
from dmaragent.present.html.parts import RowGroup, Section, bullets, folded, section

_COLUMNS = 5
"""Classes that have a column."""
_MOST_GUESTS = 200
_MOST_GROUPS = 800
"""Groups of classes with a reason, of all guests."""
_MOST_GROUPS_OF_ONE = 40
_LONG = 600
"""Characters of a reason or a fix."""
_ORDER = (Verdict.REFUSED, Verdict.UNDECIDED, Verdict.STARTS)


def guests_section(
    guests: Sequence[GuestOnFleet],
    kvm_guests: Sequence[GuestOnFleet],
    classes: Sequence[HostClass],
    kvm_classes: Sequence[HostClass],
) -> Section | None:
    """Return the verdicts on all guests."""
    if not (guests or kvm_guests) or not classes:
        return None
    share = _MOST_GROUPS // (len(guests) + len(kvm_guests))
    most = max(2, min(_MOST_GROUPS_OF_ONE, share))
    return section(
        "guests",
        words.GUESTS,
        element("p", words.GUESTS_LEAD, class_="note"),
        _matrix(words.XEN_CAPTION, guests, classes, XEN, most) if guests else None,
        _matrix(words.KVM_CAPTION, kvm_guests, kvm_classes, KVM, most) if kvm_guests else None,
    )


def _matrix(
    caption: str,
    guests: Sequence[GuestOnFleet],
    classes: Sequence[HostClass],
    place: Place,
    most: int,
) -> Markup:
    beside = classes[:_COLUMNS]
    head = [
        words.GUEST_COLUMN,
        words.STARTS_COLUMN,
        *(words.column(f"{place.prefix}{of.label}", len(of.hosts)) for of in beside),
        words.OTHERS_COLUMN,
    ]
    groups = [
        RowGroup([_row(guest, len(beside))], _reasons(guest, place, most)) for guest in guests
    ]
    return long_table(
        caption, head, groups, most=_MOST_GUESTS, rest="dmaragent fleet resolve GUEST --on DIR"
    )


def _row(guest: GuestOnFleet, beside: int) -> Sequence[Child]:
    others = guest.verdicts[beside:]
    return (
        cut(guest.name, 60),
        _starts_on(guest.verdicts),
        *(_mark(found.verdict, risk=found.risk) for _, found in guest.verdicts[:beside]),
        _starts_on(others) if others else "-",
    )


def _starts_on(verdicts: Sequence[tuple[HostClass, ClassVerdict]]) -> str:
    """Return on how many hosts of some classes a guest starts, and on how many that is unknown."""
    hosts = dict.fromkeys(Verdict, 0)
    for of, found in verdicts:
        hosts[found.verdict] += len(of.hosts)
    return words.part_of(hosts[Verdict.STARTS], hosts[Verdict.UNDECIDED], sum(hosts.values()))


def _mark(verdict: Verdict, *, risk: bool) -> Markup:
    kind = "is-warned" if risk else f"is-{verdict.value}"
    return element("span", words.verdict_words(verdict, risk=risk), class_=f"badge {kind}")


# Reasons --------------------------------------------------------------------------------


class _Group(NamedTuple):
    """What classes have in common that are answered alike."""

    verdict: Verdict
    risk: bool
    reason: str
    """The first one; empty: none."""
    fix: str
    """The first that was tried; empty: none."""
    tried: bool
    """Whether fixes were tried."""


def _reasons(guest: GuestOnFleet, place: Place, most: int) -> Child:
    """Return the verdicts on a guest with the first reason and the first fix, folded."""
    groups: dict[_Group, list[HostClass]] = {}
    for of, found in guest.verdicts:
        groups.setdefault(_group(found), []).append(of)
    ordered = sorted(
        groups.items(), key=lambda item: (_ORDER.index(item[0].verdict), -_size(item[1]))
    )
    if not any(group.reason for group in groups):
        return None
    items: list[Child] = [
        list(_group_lines(group, classes, place)) for group, classes in ordered[:most]
    ]
    left = ordered[most:]
    if left:
        items.append(words.more_groups(len(left), sum(_size(classes) for _, classes in left)))
    return folded(words.reasons(len(groups)), bullets(items))


def _group(found: ClassVerdict) -> _Group:
    return _Group(
        found.verdict,
        found.risk,
        found.reasons[0] if found.reasons else "",
        _first_fix(found),
        found.remedies is not None,
    )


def _first_fix(found: ClassVerdict) -> str:
    if not found.remedies:
        return ""
    return ": ".join((found.remedies[0], *("; ".join(lines) for lines in found.lines[:1] if lines)))


def _size(classes: Sequence[HostClass]) -> int:
    return sum(len(of.hosts) for of in classes)


def _group_lines(group: _Group, classes: Sequence[HostClass], place: Place) -> Iterator[Child]:
    yield _mark(group.verdict, risk=group.risk)
    yield f" {words.hosts_in(_size(classes), len(classes))}: "
    yield labels(classes, place)
    if group.reason:
        yield element("p", cut(group.reason, _LONG))
    if group.fix:
        yield element("p", cut(words.first_fix(group.fix), _LONG))
    elif group.verdict is Verdict.REFUSED and place is XEN:
        yield element("p", words.NO_FIX if group.tried else words.NOT_TRIED, class_="note")
