"""The rule about regions of several devices: only on VT-d does Xen refuse these devices."""

from collections.abc import Iterator

from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.findings import region_hit
from dmaragent.checks.common.model import Hit, Rule, Severity
from dmaragent.checks.common.rules import rule, some
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.fields import scope_evidence
from dmaragent.checks.vtd.words import RELAXED_OVERLAP
from dmaragent.host.topology import Presence


@rule(
    "rmrr-shared",
    Severity.INFO,
    "Several devices share a region",
    xen="Xen refuses policy strict, the default (EPERM). With relaxed it warns.",
    linux="Linux decides by the class of each device: see dmaragent devices.",
    advice="Set rdm_policy=relaxed only for devices the host can lose, all in one guest (each can "
    "write to this memory); check it with dmaragent resolve.",
    details="Xen refuses strict even if all of them are assigned to one guest, and prints "
    '"disallowed to assign ... with shared RMRR". The host may need some of them: disk controllers, '
    "network, a management controller such as iLO. Guests, or a guest and the host, that hold "
    f"different devices of this set share this memory. {RELAXED_OVERLAP}",
    source="Xen vtd/iommu.c, intel_iommu_assign_device",
    uses=[Need.PCI],
)
def shared(facts: TableFacts) -> Iterator[Hit]:
    """Find regions of several present devices; rmrr-absent-shares finds those of only one."""
    for region, scope in facts.region_scopes:
        here = [entry for entry in scope if entry.counted and entry.presence is not Presence.ABSENT]
        names = list(dict.fromkeys(entry.device_words for entry in here))
        if len(names) > 1:
            shown = scope_evidence(facts, scope)
            brief = f"is shared by {len(names)} devices."
            yield region_hit(region, f"is shared by {some(names)}.", shown, brief=brief)


RULES: tuple[Rule, ...] = (shared,)
