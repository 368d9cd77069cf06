"""How a rule is made about damage that fwtables finds in the bytes of any table."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, TypeVar

from dmaragent.checks.common.facts import CheckFacts
from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity
from dmaragent.checks.common.rules import evidence, rule
from dmaragent.iommu.model import TableHeader
from dmaragent.readings import Missing
from fwtables import Damage, DamageKind

SHOWN = 8
"""How many bytes are shown of those that belong to no structure or field."""
COPY = "Copy the table again as root. If it is the same, update the firmware."
REPORT = "No action needed. Report it to the firmware's vendor."
_CUT_COPY = "Unknown: the copy ends within it, and the host's table may not."
_HIDES = (
    DamageKind.TABLE_LENGTH_TOO_LONG,
    DamageKind.STRUCTURE_PAST_END,
    DamageKind.STRUCTURE_LENGTH_ZERO,
    DamageKind.STRUCTURE_LENGTH_BELOW_HEADER,
)
"""Damage after which structures may follow that were not decoded."""
_NO_FIELD = {"structures": "no structure", "blocks": "no block", "undecoded": "no field"}
"""The names in fwtables of bytes that belong to nothing, and their names here."""

_Structure = TypeVar("_Structure")
Owner = Callable[[Any, int], str]
"""Returns the name of the structure that a damage at an offset is in, from the facts."""
Effects = Callable[[Any, Damage, str], tuple[str, str]]
"""Returns the effect of one damage on Xen and on Linux, from the facts; empty: the rule's own."""
Place = Callable[[Any, Damage], bool]
"""Returns whether a damage is one that a rule is about, from the facts."""


def damage_rule(  # noqa: PLR0913 - a rule's facts, each by its name
    name: str,
    severity: Severity,
    title: str,
    *kinds: DamageKind,
    shown: int,
    xen: str,
    linux: str,
    advice: str,
    source: str,
    details: str = "",
    owner: Owner | None = None,
    effects: Effects | None = None,
    where: Place | None = None,
    harmless: Place | None = None,
) -> Rule:
    """Return the rule that finds damage of `kinds`, and shows the bytes of each.

    `owner` returns the name of the damaged structure; None: the damage is in no structure.
    `where` restricts the rule to damage at certain places; `harmless` lowers it to a note.
    """

    def find(facts: CheckFacts) -> Iterator[Hit]:
        for damage in _damage_of(facts, kinds):
            if where is None or where(facts, damage):
                yield _hit(facts, damage)

    def _hit(facts: CheckFacts, damage: Damage) -> Hit:
        reason, subject, structure = damage.reason, damage.kind.value, ""
        if owner is None:
            message = f"{reason[0].upper()}{reason[1:]}"
        else:
            structure = owner(facts, damage.offset)
            message = f"{structure}: {reason[0].lower()}{reason[1:]}"
            subject = f"{structure} {subject}"
        xen_of_case, linux_of_case = effects(facts, damage, structure) if effects else ("", "")
        bytes_shown = (
            _bytes_evidence(facts, damage.offset, shown, damage.field)
            if shown
            else _bytes_evidence(facts, 0, SHOWN, "signature and what follows")
        )
        return Hit(
            message=f"{message} (offset {damage.offset:#x}).",
            subject=subject,
            brief=f"{message}.",
            evidence=(bytes_shown,),
            xen=xen_of_case,
            linux=linux_of_case,
            severity=Severity.INFO if harmless is not None and harmless(facts, damage) else None,
        )

    make = rule(
        name,
        severity,
        title,
        xen=xen,
        linux=linux,
        advice=advice,
        details=details,
        source=source,
    )
    return make(find)


def unreadable_rule(name: str, table: str, iommu: str, *, details: str, source: str) -> Rule:
    """Return the rule about bytes that are not a whole `table`, the table of `iommu`."""
    return damage_rule(
        name,
        Severity.CRITICAL,
        f"This is not a whole {table} table",
        DamageKind.NOT_A_TABLE,
        DamageKind.ANOTHER_TABLE,
        DamageKind.TRUNCATED_HEADER,
        shown=0,
        xen=f"Xen looks for the table by its signature. If it finds none, {iommu} is off.",
        linux="Linux also looks for the signature. If it finds none, it has no IOMMU.",
        advice=COPY,
        details=details,
        source=source,
    )


def padding_rule(name: str, *, source: str) -> Rule:
    """Return the rule about bytes after the length that the table's header has."""
    return damage_rule(
        name,
        Severity.INFO,
        "There are bytes after the table's end",
        DamageKind.TRAILING_BYTES,
        shown=SHOWN,
        where=_beyond_table,
        xen="No effect: Xen stops at the table's length.",
        linux="No effect: Linux stops at the table's length.",
        advice="No action needed: most likely a copy of the table was padded.",
        source=source,
    )


def structure_at(located: Sequence[tuple[int, _Structure]], offset: int) -> tuple[int, _Structure]:
    """Return the structure of `located` that contains `offset`, and where it begins."""
    return located[bisect_right(located, offset, key=itemgetter(0)) - 1]


def cut_effects(facts: CheckFacts, damage: Damage, _structure: str) -> tuple[str, str]:
    """Return that the effects of a structure past the end are unknown, if only the copy cuts it.

    `damage` names the structure's length, which is 2 bytes after its begin.
    """
    header, at = _header(facts), damage.offset
    end = at - 2 + int.from_bytes(facts.content[at : at + 2], "little")
    whole = header is not None and end <= header.length
    return (_CUT_COPY, _CUT_COPY) if whole and _is_cut_copy(facts) else ("", "")


def within_table(facts: CheckFacts, damage: Damage) -> bool:
    """Return whether `damage` is within the length that the table's header has."""
    header = _header(facts)
    return header is not None and damage.offset < header.length


def _is_cut_copy(facts: CheckFacts) -> bool:
    """Return whether there are fewer bytes than the table's header has: the rest is unknown."""
    return any(_damage_of(facts, (DamageKind.TABLE_LENGTH_TOO_LONG,)))


def may_hold_more(facts: CheckFacts) -> bool:
    """Return whether a structure may be in bytes of the table that could not be decoded."""
    return any(within_table(facts, damage) for damage in _damage_of(facts, _HIDES))


def _beyond_table(facts: CheckFacts, damage: Damage) -> bool:
    """Return whether `damage` is after the length that the table's header has."""
    header = _header(facts)
    return header is not None and damage.offset >= header.length


def _header(facts: CheckFacts) -> TableHeader | None:
    table = facts.inventory.iommu
    return None if isinstance(table, Missing) else table.header


def _damage_of(facts: CheckFacts, kinds: Iterable[DamageKind]) -> Iterator[Damage]:
    table = facts.inventory.iommu
    for damage in () if isinstance(table, Missing) else table.damage:
        if damage.kind in kinds:
            yield damage


def _bytes_evidence(facts: CheckFacts, offset: int, size: int, name: str) -> Evidence:
    """Return the bytes of a damage as evidence: a length as a number, all else as bytes."""
    data = facts.content[offset : offset + size]
    value = str(int.from_bytes(data, "little")) if "length" in name else data.hex(" ")
    return evidence(facts, offset, size, _NO_FIELD.get(name, name), value)
