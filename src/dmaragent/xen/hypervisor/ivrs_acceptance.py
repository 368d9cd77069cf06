"""What the Xen hypervisor makes of an IVRS: its list of reserved device memory on AMD.

Pure.  The pages of the XHCI debug console, which are not firmware's, are not predicted.
"""

from collections.abc import Sequence
from types import MappingProxyType

from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.topology import PciTopology
from dmaragent.iommu.amd import IVMD_TYPES, ivrs_of, table_entry
from dmaragent.iommu.model import BootOption, IommuTable, Source
from dmaragent.releases import Release
from dmaragent.xen.hypervisor import ivrs_words as words
from dmaragent.xen.hypervisor import words as common_words
from dmaragent.xen.hypervisor.command_line import iommu_switch, option_rules, option_words
from dmaragent.xen.hypervisor.ivmd_ranges import parse_ivmd_option
from dmaragent.xen.hypervisor.ivrs_behaviour import RELEASES, IvrsBehaviour, ivrs_behaviour_of
from dmaragent.xen.hypervisor.ivrs_entries import Overrides
from dmaragent.xen.hypervisor.ivrs_ids import ListRun
from dmaragent.xen.hypervisor.ivrs_prediction import (
    IvmdAcceptance,
    IvmdFate,
    IvrsAlternative,
    IvrsPrediction,
)
from dmaragent.xen.hypervisor.ivrs_walk import IvrsWalk
from dmaragent.xen.hypervisor.release_spans import FIRST_SERIES, NEWEST_RELEASE, series_words
from fwtables import IVRS, Damage, located_blocks

Predicted = tuple[list[Release], IvrsPrediction]
"""A prediction, and the steps of the releases that it is of."""


def predict_ivrs(
    table: IommuTable,
    topology: PciTopology,
    memory_map: MemoryMap | None,
    release: Release | None,
    command_line: str = "",
) -> IvrsPrediction:
    """Predict what the hypervisor of `release` lists for `table`, an IVRS, on this host.

    Of a release without its point, what all its points agree on; of None, what the newest does.
    At least the fixed part of `table` was decoded.
    """
    steps = RELEASES.steps_of(release)
    predicted = _each_treatment(table, topology, memory_map, steps, release, command_line)
    agreed = _agreed(predicted)
    return agreed._replace(
        notes=(*_release_notes(release), *agreed.notes),
        behaviours=tuple(map(ivrs_behaviour_of, steps)),
    )


def undecided_without_release(
    table: IommuTable,
    topology: PciTopology,
    memory_map: MemoryMap | None,
    command_line: str = "",
) -> dict[Source, str]:
    """Return the IVMDs whose effect differs among the releases that list regions on AMD."""
    steps = [step for step in RELEASES.steps if ivrs_behaviour_of(step).lists_regions]
    return undecided_ivmds(_each_treatment(table, topology, memory_map, steps, None, command_line))


def working_releases(
    table: IommuTable,
    topology: PciTopology,
    memory_map: MemoryMap | None,
    command_line: str = "",
) -> list[Release]:
    """Return the steps of the releases that list regions and keep AMD-Vi on, oldest first."""
    steps = [step for step in RELEASES.steps if ivrs_behaviour_of(step).lists_regions]
    predicted = _each_treatment(table, topology, memory_map, steps, None, command_line)
    working = (own for own, made in predicted if not made.iommu_disabled and not made.doubt)
    return sorted((step for own in working for step in own), key=RELEASES.steps.index)


def _each_treatment(  # noqa: PLR0913, PLR0917 - each is a fact of its own, of a type of its own
    table: IommuTable,
    topology: PciTopology,
    memory_map: MemoryMap | None,
    steps: Sequence[Release],
    release: Release | None,
    command_line: str,
) -> list[Predicted]:
    """Return one prediction for the members of `steps` that treat a table alike, oldest first."""
    ivrs = ivrs_of(table)
    assert ivrs is not None  # noqa: S101 - see predict_ivrs
    predicted: dict[object, Predicted] = {}
    for step in steps:
        behaviour = ivrs_behaviour_of(step)
        if behaviour.treatment not in predicted:
            named = behaviour._replace(name=f"Xen {release or step}")
            one = _predict(
                ivrs,
                damage=table.damage,
                topology=topology,
                memory_map=memory_map,
                behaviour=named,
                release=release,
                command_line=command_line,
            )
            predicted[behaviour.treatment] = ([], one)
        predicted[behaviour.treatment][0].append(step)
    return list(predicted.values())


def _predict(  # noqa: PLR0913 - each is a fact of its own, of a type of its own
    table: IVRS,
    *,
    damage: tuple[Damage, ...],
    topology: PciTopology,
    memory_map: MemoryMap | None,
    behaviour: IvrsBehaviour,
    release: Release | None,
    command_line: str,
) -> IvrsPrediction:
    switch = iommu_switch(command_line, release)
    off = common_words.switched_off(switch.word) if switch.word and not switch.doubt else ""
    if not behaviour.lists_regions:
        return _before_the_list(table, behaviour, off, command_line, release)
    options = parse_ivmd_option(command_line, release)
    walk = IvrsWalk(topology, memory_map, behaviour, overrides_of(command_line, release))
    walk.read(table, damage, options)
    off = off or walk.error
    known = not off and walk.is_whole
    fates = list(map(_discarded, walk.fates)) if off else walk.fates
    return IvrsPrediction(
        behaviour=behaviour,
        iommu_disabled=off,
        runs=walk.ids.listed() if known else (),
        fates=tuple(fate for fate in fates if not isinstance(fate.source, BootOption)),
        options=tuple(fate for fate in fates if isinstance(fate.source, BootOption)),
        unread_options=tuple(option for option in options if option.ivmd is None),
        devices=walk.ids.by_device() if known else (),
        stops=walk.stops and off == walk.error,
        notes=tuple(walk.notes),
        doubt="" if off else walk.doubt or switch.doubt,
    )


def _discarded(fate: IvmdAcceptance) -> IvmdAcceptance:
    """Return that a registered IVMD has no effect, because AMD-Vi is off after all."""
    if fate.fate not in (IvmdFate.ACCEPTED, IvmdFate.EMPTY):
        return fate
    return fate._replace(fate=IvmdFate.DISCARDED, reason=words.ACCEPTED_IN_VAIN)


def _before_the_list(
    table: IVRS, behaviour: IvrsBehaviour, off: str, command_line: str, release: Release | None
) -> IvrsPrediction:
    """Return what a release without a list on AMD makes of `table`, as far as is modelled."""
    reason = words.no_list_before(behaviour.name)
    options = parse_ivmd_option(command_line, release)
    ignored = words.no_ivmd_option(behaviour.name)
    return IvrsPrediction(
        behaviour=behaviour,
        iommu_disabled=off,
        runs=(),
        fates=tuple(
            IvmdAcceptance(
                source=table_entry(table, offset, block), fate=IvmdFate.NOT_LISTED, reason=reason
            )
            for offset, block in located_blocks(table)
            if block.type in IVMD_TYPES
        ),
        options=(),
        unread_options=tuple(option._replace(ivmd=None, reason=ignored) for option in options),
        devices=(),
        notes=(reason, words.NOT_MODELLED),
    )


def overrides_of(command_line: str, release: Release | None) -> Overrides:
    """Return what `command_line` changes of the checks of interrupts."""
    checks, names = True, False
    for word, _ in option_words(command_line, option_rules(release)[-1]):
        key, _, value = word.partition("=")
        names |= key.startswith("ivrs_ioapic[")
        if key == "iommu":
            for part in value.split(","):
                checks = _SETS_CHECKS.get(part, checks)
    return Overrides(checks_ioapics=checks, names_ioapics=names)


_OFF = ("no", "off", "false", "disable", "0")
_ON = ("yes", "on", "true", "enable", "1")
_CHECKING = ("intremap", "amd-iommu-perdev-intremap")
_SETS_CHECKS = {
    **{f"no-{name}": False for name in _CHECKING},
    **{f"{name}={word}": False for name in _CHECKING for word in _OFF},
    **dict.fromkeys(_CHECKING, True),
    **{f"{name}={word}": True for name in _CHECKING for word in _ON},
}
"""The parts of ``iommu=`` that decide whether an I/O APIC that is missing switches AMD-Vi off."""


def _agreed(predicted: Sequence[Predicted]) -> IvrsPrediction:
    """Return what the predictions agree on: the last, with the doubt that the others leave."""
    newest = predicted[-1][1]
    if len(predicted) == 1:
        return newest
    working = [(steps, own) for steps, own in predicted if not own.iommu_disabled]
    shown = working[-1][1] if working else newest
    lists: dict[tuple[ListRun, ...], list[Release]] = {}
    for steps, own in working:
        lists.setdefault(own.runs, []).extend(steps)
    alternatives = tuple(
        IvrsAlternative(RELEASES.words(steps), runs) for runs, steps in lists.items()
    )
    differs = ""
    if len(alternatives) > 1:
        counts = [
            (other.releases, sum(run.entries for run in other.runs)) for other in alternatives
        ]
        differs = words.lists_by_release(counts)
    off = _off_words(predicted, working)
    notes = [note for note in (differs, off) if note]
    own_doubt = next((own.doubt for _, own in reversed(working) if own.doubt), "")
    return shown._replace(
        notes=(*shown.notes, *notes),
        doubt=own_doubt or off or differs,
        doubt_by_point=bool(off or differs) and not own_doubt,
        undecided=MappingProxyType(undecided_ivmds(predicted)),
        alternatives=alternatives if len(alternatives) > 1 else (),
    )


def _off_words(predicted: Sequence[Predicted], working: Sequence[Predicted]) -> str:
    """Return in words that some of the releases switch AMD-Vi off; empty if all or none do."""
    off = [(steps, own) for steps, own in predicted if own.iommu_disabled]
    if not off or not working:
        return ""
    return words.off_by_release(
        RELEASES.words([step for steps, _ in off for step in steps]),
        off[0][1].iommu_disabled,
        RELEASES.words([step for steps, _ in working for step in steps]),
    )


def undecided_ivmds(predicted: Sequence[Predicted]) -> dict[Source, str]:
    """Return the IVMDs whose effect differs by release, with the fates in words."""
    fates: dict[Source, dict[IvmdFate, list[Release]]] = {}
    for steps, own in predicted:
        for fate in (*own.fates, *own.options):
            fates.setdefault(fate.source, {}).setdefault(fate.fate, []).extend(steps)
    return {
        source: words.fates_by_release(
            [
                (RELEASES.words(steps), fate.value.replace("-", " "))
                for fate, steps in by_fate.items()
            ]
        )
        for source, by_fate in fates.items()
        if len(by_fate) > 1
    }


def _release_notes(release: Release | None) -> list[str]:
    """Return that the release is unknown, or not modelled."""
    if release is None:
        return [words.release_unknown(ivrs_behaviour_of(None).name)]
    if FIRST_SERIES <= release.series <= NEWEST_RELEASE:
        return []
    nearest = series_words(RELEASES.steps_of(release)[0])
    return [words.release_not_modelled(release, nearest)]
