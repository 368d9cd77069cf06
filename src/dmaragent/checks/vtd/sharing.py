"""The rule about regions of several devices, which Xen refuses on VT-d alone."""

from collections.abc import Iterator

from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.findings import region_hit
from dmaragent.checks.common.model import Hit, Rule, Severity
from dmaragent.checks.common.rules import rule, some
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.fields import scope_evidence
from dmaragent.host.topology import Presence


@rule(
    "rmrr-shared",
    Severity.INFO,
    "A region is shared by several devices",
    xen="Under policy strict none of them can be passed through (EPERM, "
    '"disallowed to assign ... with shared RMRR"), not even all to one guest; unset it is strict. '
    "Under relaxed Xen warns and does it.",
    linux="Linux ties each of them by its own class: the inventory says which can be let go.",
    advice="Some of them may be the host's own (disk controllers, network, a management controller "
    "such as iLO): pass through only those that the host can do without. Give each of these "
    "rdm_policy=relaxed in the guest's pci=, best all to one guest: in different ones, or where the "
    "host keeps one, each device could write what the region holds for the other. Relaxed also "
    "lets a guest start whose RAM meets the region: dmaragent resolve says whether it does.",
    source="Xen vtd/iommu.c, intel_iommu_assign_device",
    uses=[Need.PCI],
)
def shared(facts: TableFacts) -> Iterator[Hit]:
    """Find regions of several devices, absent ones left out; one and a ghost have their rule."""
    for region, scope in facts.region_scopes:
        here = [entry for entry in scope if entry.counted and entry.presence is not Presence.ABSENT]
        names = list(dict.fromkeys(entry.device_words for entry in here))
        if len(names) > 1:
            shown = scope_evidence(facts, scope)
            yield region_hit(region, f"is shared by {some(names)}.", shown)


RULES: tuple[Rule, ...] = (shared,)
