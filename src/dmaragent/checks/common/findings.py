"""Hits about a region: its name, its message and its evidence."""

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
    brief: str = "",
) -> Hit:
    """Return a hit about a whole region, which is the subject of `predicate` and of `brief`."""
    name = region.words.capitalize()
    return Hit(
        message=f"{name} {predicate}",
        subject=region.place,
        region=region.number,
        evidence=shown,
        xen=xen,
        linux=linux,
        severity=severity,
        brief=f"{name} {brief}" if brief else "",
    )


def field_evidence(facts: CheckFacts, field: TableField) -> Evidence:
    """Return a field of the table as evidence."""
    return evidence(facts, field.offset, field.width, field.name, field.value)


def fields_of(region: Region) -> RegionFields:
    """Return the fields of the table that declare a region."""
    assert region.reserved.fields is not None  # noqa: S101 - it is of a table
    return region.reserved.fields


def first_evidence(facts: CheckFacts, region: Region) -> Evidence:
    """Return the field with the first byte of a region as evidence."""
    return field_evidence(facts, fields_of(region).first)


def last_evidence(facts: CheckFacts, region: Region) -> Evidence:
    """Return the field with the last byte of a region as evidence."""
    return field_evidence(facts, fields_of(region).last)


def range_evidence(facts: CheckFacts, region: Region) -> tuple[Evidence, Evidence]:
    """Return the fields with the first and the last byte of a region as evidence."""
    return first_evidence(facts, region), last_evidence(facts, region)
