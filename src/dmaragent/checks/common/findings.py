"""Hits about a region: how it is named, told and shown."""

from dmaragent.checks.common.facts import CheckFacts
from dmaragent.checks.common.model import Evidence, Hit, Severity
from dmaragent.checks.common.rules import evidence
from dmaragent.inventory import Region
from dmaragent.iommu.model import RegionFields, TableField


def region_hit(  # noqa: PLR0913 - what a hit may have, each by its name
    region: Region,
    predicate: str,
    shown: tuple[Evidence, ...],
    *,
    xen: str = "",
    linux: str = "",
    severity: Severity | None = None,
) -> Hit:
    """Return a hit about a whole region; the `predicate` completes the sentence that it begins."""
    gap = "" if predicate.startswith(":") else " "
    return Hit(
        message=f"{region.words.capitalize()}{gap}{predicate}",
        subject=region.place,
        region=region.number,
        evidence=shown,
        xen=xen,
        linux=linux,
        severity=severity,
    )


def field_evidence(facts: CheckFacts, field: TableField) -> Evidence:
    """Show a field of the table."""
    return evidence(facts, field.offset, field.width, field.name, field.value)


def fields_of(region: Region) -> RegionFields:
    """Return the fields that a region of the table is written in."""
    assert region.reserved.fields is not None  # noqa: S101 - it is of a table
    return region.reserved.fields


def first_evidence(facts: CheckFacts, region: Region) -> Evidence:
    """Show the first byte of a region."""
    return field_evidence(facts, fields_of(region).first)


def last_evidence(facts: CheckFacts, region: Region) -> Evidence:
    """Show the last byte of a region."""
    return field_evidence(facts, fields_of(region).last)


def range_evidence(facts: CheckFacts, region: Region) -> tuple[Evidence, Evidence]:
    """Show the first and the last byte of a region."""
    return first_evidence(facts, region), last_evidence(facts, region)
