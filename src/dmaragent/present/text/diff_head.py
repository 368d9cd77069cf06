"""The first line of a comparison: what came of it, counted."""

from collections.abc import Iterator

from dmaragent.comparison.model import Comparison, FindingFate, GuestFate, RegionFate
from dmaragent.present.text.diff_words import name_words
from dmaragent.present.wording import count

_REGIONS = (
    (RegionFate.APPEARED, True, "appeared"),
    (RegionFate.GONE, True, "went"),
    (RegionFate.APPEARED, False, "found in B alone"),
    (RegionFate.GONE, False, "not found in B"),
    (RegionFate.MOVED, True, "moved"),
    (RegionFate.RESIZED, True, "of another size"),
    (RegionFate.OWNERS, True, "with other owners"),
)
_FINDINGS = (
    (FindingFate.APPEARED, "appeared"),
    (FindingFate.GONE, "went"),
    (FindingFate.CHANGED, "changed"),
)
_GUESTS = (
    (GuestFate.STOPS, "no longer starts", "no longer start"),
    (GuestFate.UNSURE, "can no longer be decided", "can no longer be decided"),
    (GuestFate.STARTS, "starts now", "start now"),
    (GuestFate.SURE, "can be decided now", "can be decided now"),
    (
        GuestFate.DEVICES,
        "names an address of another device now",
        "name an address of another device now",
    ),
    (GuestFate.REASONS, "is refused for other reasons", "are refused for other reasons"),
    (GuestFate.WARNINGS, "starts with other warnings", "start with other warnings"),
    (GuestFate.LAYOUT, "gets another memory layout", "get another memory layout"),
)


def headline(comparison: Comparison) -> str:
    """Say in a sentence what differs; facts of the hosts are named where nothing else does."""
    told = [
        *_guests(comparison),
        *_table(comparison),
        *_regions(comparison),
        *_rest(comparison),
        *_xen(comparison),
    ]
    if told:
        return "; ".join(told)
    if comparison.facts:
        names = ", ".join(name_words(one.what) for one in comparison.facts)
        return f"Regions, units and findings are alike; the hosts differ in {names}"
    if comparison.not_compared:
        return "Nothing that could be compared differs; see what was not compared"
    return "Nothing differs"


def _table(comparison: Comparison) -> Iterator[str]:
    for one in comparison.facts:
        if one.what == "table":
            yield f"the table: {one.old} -> {one.new}"
        if one.what == "damage":
            yield "the damage of the table differs"


def _xen(comparison: Comparison) -> Iterator[str]:
    for what, words in (
        ("vt-d", "Xen switches VT-d off on one"),
        ("entry", "Xen's list has other entries"),
        ("list-order", "Xen's list has another order"),
    ):
        if any(one.what == what for one in comparison.xen):
            yield words
    if comparison.table_order is not None and not comparison.xen:
        yield "the regions stand in another order"


def _regions(comparison: Comparison) -> Iterator[str]:
    told: list[str] = []
    for fate, certain, words in _REGIONS:
        number = sum(one.fate is fate and one.certain is certain for one in comparison.regions)
        if number:
            told.append(f"{number} {words}" if told else f"{count(number, 'region')} {words}")
    changed = sum(one.fate is RegionFate.SAME and one.differs for one in comparison.regions)
    if changed:
        told.append(
            f"{changed} seen otherwise" if told else f"{count(changed, 'region')} seen otherwise"
        )
    if told:
        yield ", ".join(told)


def _rest(comparison: Comparison) -> Iterator[str]:
    if comparison.renumbered:
        yield f"{count(len(comparison.renumbered), 'device')} at another address"
    if comparison.units:
        number = len(comparison.units)
        yield count(number, "remapping unit differs", "remapping units differ")
    if comparison.structures:
        number = len(comparison.structures)
        yield count(number, "other structure differs", "other structures differ")
    told: list[str] = []
    for fate, words in _FINDINGS:
        number = sum(one.fate is fate for one in comparison.findings)
        if number:
            told.append(f"{number} {words}" if told else f"{count(number, 'finding')} {words}")
    if told:
        yield ", ".join(told)


def _guests(comparison: Comparison) -> Iterator[str]:
    if comparison.guests is None:
        return
    told: list[str] = []
    for fate, single, several in _GUESTS:
        number = sum(one.fate is fate for one in comparison.guests.changed)
        if number:
            noun = "" if told else (" guest" if number == 1 else " guests")
            told.append(f"{number}{noun} {single if number == 1 else several}")
    if told:
        yield ", ".join(told)
