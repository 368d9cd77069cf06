"""Hits about a region or a scope entry: how the thing is named, told and shown."""

from dmaragent.checks.common.facts import TableFacts
from dmaragent.checks.common.model import Evidence, Hit, Severity
from dmaragent.checks.vtd.fields import entry_evidence
from dmaragent.checks.vtd.scope_entries import ScopeEntry
from dmaragent.inventory import Region


def region_hit(  # noqa: PLR0913 - what a hit may have, each by its name
    region: Region,
    said: str,
    shown: tuple[Evidence, ...],
    *,
    xen: str = "",
    linux: str = "",
    severity: Severity | None = None,
) -> Hit:
    """Make a hit about a whole region, of which `said` goes on."""
    return Hit(
        said=f"{region.words.capitalize()}{said if said[0] == ':' else f' {said}'}",
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
    said: str,
    *,
    xen: str = "",
    linux: str = "",
    severity: Severity | None = None,
) -> Hit:
    """Make a hit about one device scope entry, of whose owner `said` goes on."""
    return Hit(
        said=f"{entry.owner} {said}",
        subject=entry.subject,
        region=entry.number,
        device=entry.sbdf,
        evidence=entry_evidence(facts, entry),
        xen=xen,
        linux=linux,
        severity=severity,
    )
