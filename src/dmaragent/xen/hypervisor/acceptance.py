"""What the Xen hypervisor makes of a DMAR table: its list of reserved device memory.

Pure.  ``strategy=host`` uses the list that results.  The pages of the XHCI debug console, which
are no firmware's, are not predicted.
"""

from dataclasses import replace

from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.topology import PciTopology
from dmaragent.iommu.model import IommuTable
from dmaragent.releases import Release
from dmaragent.xen.hypervisor import words
from dmaragent.xen.hypervisor.behaviour import (
    FIRST_SERIES,
    NEWEST_RELEASE,
    behaviour_of,
    steps_of,
)
from dmaragent.xen.hypervisor.command_line import iommu_switch
from dmaragent.xen.hypervisor.dmar_walk import DmarWalk
from dmaragent.xen.hypervisor.points import agreed_prediction, matters, treatment
from dmaragent.xen.hypervisor.prediction import (
    Acceptance,
    RegionAcceptance,
    XenPrediction,
)
from dmaragent.xen.hypervisor.registered import by_device
from dmaragent.xen.hypervisor.rmrr_option import parse_rmrr_option
from dmaragent.xen.hypervisor.user_ranges import UserRanges
from fwtables import (
    DMAR,
    Damage,
)


def predict_table(
    table: IommuTable,
    topology: PciTopology,
    memory_map: MemoryMap | None,
    release: Release | None,
    command_line: str = "",
) -> XenPrediction:
    """Predict what the hypervisor of `release` lists for `table`, by the rules for its kind.

    At least the fixed part of `table` was decoded.
    """
    dmar = table.decoded.table
    assert dmar is not None  # noqa: S101 - see the docstring
    return predict(dmar, topology, memory_map, release, command_line, damage=table.damage)


def predict(  # noqa: PLR0913 - each is a fact of its own, of a type of its own
    table: DMAR,
    topology: PciTopology,
    memory_map: MemoryMap | None,
    release: Release | None,
    command_line: str = "",
    *,
    damage: tuple[Damage, ...] = (),
) -> XenPrediction:
    """Predict what the hypervisor of `release` lists for `table` on this host.

    Of a release without its point, what all its points agree on; of None, what the newest does.
    `damage` is the table's, as :func:`fwtables.decode` found it.  Source: Xen
    drivers/passthrough/vtd/dmar.c, ``acpi_dmar_init``; drivers/passthrough/iommu.c,
    ``iommu_get_reserved_device_memory``.
    """
    walks: dict[object, tuple[list[Release], XenPrediction]] = {}
    what = matters(table, command_line)
    for step in steps_of(release):
        behaviour = behaviour_of(step)
        warns = behaviour.checks_ends_alone, behaviour.accepts_acpi_memory
        key = (treatment(behaviour, what), warns)
        if key not in walks:
            named = replace(behaviour, name=f"Xen {release or step}")
            walk = DmarWalk(topology, memory_map, named)
            walk.read(table, damage)
            walk.finish(table, damage)
            walks[key] = ([], _with_command_line(walk, command_line, release))
        walks[key][0].append(step)
    predicted = agreed_prediction(list(walks.values()))
    return predicted._replace(notes=(*_release_notes(release), *predicted.notes))


def _with_command_line(walk: DmarWalk, command_line: str, release: Release | None) -> XenPrediction:
    """Predict from a finished `walk` and the ``rmrr=`` of `command_line` as `release` may read it."""
    switch = iommu_switch(command_line, release)
    switched = bool(switch.word) and not switch.doubt
    off = words.switched_off(switch.word) if switched else walk.error
    ranges = UserRanges(walk.topology, walk.memory_map, walk.behaviour, walk.registered)
    options = tuple(
        ranges.add(user, off, command_line) for user in parse_rmrr_option(command_line, release)
    )
    shown = () if off else walk.registered.listed()
    return XenPrediction(
        behaviour=walk.behaviour,
        iommu_disabled=off,
        entries=tuple(unit.entry for unit in shown if unit.entry),
        fates=tuple(_discard(region) if off else region for region in walk.regions),
        by_device=by_device(shown),
        options=options,
        notes=tuple(walk.notes),
        doubt="" if off else walk.doubt or switch.doubt or ranges.doubt,
    )


def _discard(fate: RegionAcceptance) -> RegionAcceptance:
    """Say of a listed RMRR that VT-d was switched off after all."""
    if fate.fate is not Acceptance.LISTED:
        return fate
    return fate._replace(fate=Acceptance.DISCARDED, reason=words.ACCEPTED_IN_VAIN)


def _release_notes(release: Release | None) -> list[str]:
    """Say that the release is not known, or not modelled."""
    if release is None:
        return [words.release_unknown(behaviour_of(None).name)]
    if FIRST_SERIES <= release.series <= NEWEST_RELEASE:
        return []
    return [words.release_not_modelled(release, steps_of(release)[0].series)]
