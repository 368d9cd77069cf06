"""Hits about a region or a scope entry: how the thing is named, told and shown."""

from dmaragent.checks.common.facts import TableFacts
from dmaragent.checks.common.model import Evidence, Hit, Severity
from dmaragent.checks.vtd.fields import entry_evidence
from dmaragent.checks.vtd.scope_entries import ScopeEntry
from dmaragent.inventory import Region


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


def entry_hit(  # noqa: PLR0913 - likewise
    facts: TableFacts,
    entry: ScopeEntry,
    predicate: str,
    *,
    xen: str = "",
    linux: str = "",
    severity: Severity | None = None,
) -> Hit:
    """Return a hit about a device scope entry; its owner is the subject of the `predicate`."""
    return Hit(
        message=f"{entry.owner} {predicate}",
        subject=entry.subject,
        region=entry.number,
        device=entry.located.sbdf,
        evidence=entry_evidence(facts, entry),
        xen=xen,
        linux=linux,
        severity=severity,
    )
