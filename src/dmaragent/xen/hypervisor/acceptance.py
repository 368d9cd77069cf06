"""Predict Xen's list of reserved device memory from a DMAR table.

Pure.  ``strategy=host`` uses this list.  The pages of the XHCI debug console are not predicted,
because the firmware's table does not have them.
"""

from dataclasses import replace

from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.topology import PciTopology
from dmaragent.iommu.model import IommuTable
from dmaragent.iommu.vtd import dmar_of
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
    """Predict the list of the hypervisor of `release` for `table`, by the rules for its type.

    At least the fixed part of `table` must be decoded.
    """
    dmar = dmar_of(table)
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
    """Predict the list of the hypervisor of `release` for `table` on this host.

    If `release` has no point release, the prediction is what all points of the series agree on.
    Without a release, the prediction is for the newest.
    `damage` is what :func:`fwtables.decode` found in the table.  Source: Xen
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
    """Return the prediction of a finished `walk` with the ``rmrr=`` ranges of `command_line`."""
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
    """Return the fate of a listed RMRR if Xen switches VT-d off later."""
    if fate.fate is not Acceptance.LISTED:
        return fate
    return fate._replace(fate=Acceptance.DISCARDED, reason=words.ACCEPTED_IN_VAIN)


def _release_notes(release: Release | None) -> list[str]:
    """Return the note that the release is unknown or not modelled, if it is."""
    if release is None:
        return [words.release_unknown(behaviour_of(None).name)]
    if FIRST_SERIES <= release.series <= NEWEST_RELEASE:
        return []
    return [words.release_not_modelled(release, steps_of(release)[0].series)]
