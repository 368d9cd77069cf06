"""The effect of faults that switch VT-d off only if Xen registers the region."""

from enum import Enum

from dmaragent.checks.common.model import Severity
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.host.topology import Presence
from dmaragent.inventory import Region
from dmaragent.xen.hypervisor.behaviour import behaviours_of, looking_releases
from dmaragent.xen.hypervisor.prediction import COUNTED_DEVICES


class Registered(Enum):
    """Whether Xen registers a region, so that it counts for what comes after it.

    Source: Xen vtd/dmar.c, ``register_one_rmrr``.
    """

    YES = "yes"
    BY_RELEASE = "by-release"
    """Some releases ignore a region if none of its devices is present."""
    NEVER = "never"
    """Its scope has no entry that Xen counts."""


def registered(facts: TableFacts, region: Region) -> Registered:
    """Return whether Xen registers `region`, as far as its scope decides."""
    counted = [owner for owner in region.owners if owner.device in COUNTED_DEVICES]
    if not counted:
        return Registered.NEVER
    absent = all(owner.presence is Presence.ABSENT for owner in counted)
    if not absent or not (region.segment == 0 or region.segment in facts.segments):
        return Registered.YES
    looking = {behaviour.looks_for_devices for behaviour in behaviours_of(facts.release)}
    if facts.release is None or len(looking) > 1:
        return Registered.BY_RELEASE
    return Registered.NEVER if True in looking else Registered.YES


def vtd_case(facts: TableFacts, region: Region) -> tuple[Severity | None, str]:
    """Return the severity and the effect of a fault that counts only if Xen registers `region`.

    None and empty: the rule's own, VT-d is switched off.
    """
    how = registered(facts, region)
    if how is Registered.YES:
        return None, ""
    if how is Registered.BY_RELEASE:
        ignoring, others = looking_releases(facts.release)
        if facts.release is None:
            ignoring = "the other releases"
        return None, (
            f"{others} switch VT-d off; {ignoring} ignore region {region.number} (no device of it is "
            "present)."
        )
    why = (
        "none of its devices is present" if region.xen.sharers else "it names no device that counts"
    )
    return Severity.WARNING, f"VT-d stays on: Xen ignores region {region.number} because {why}."
