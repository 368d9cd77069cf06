"""The answer of ``devices``: a row for each PCI function, with both verdicts and the best fix.

Each verdict is that of :func:`dmaragent.answers.explain.explain`. Equal functions without a region
share one explanation, so that a host with thousands of functions is quick.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.answers.explain import Explanation, explain
from dmaragent.host.groups import IommuGroup
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Gaps, Inventory
from dmaragent.linux.vfio import HOLDERS, is_vfio_driver
from dmaragent.linux.view import LinuxState
from dmaragent.passthrough.model import Can, CaseKind
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolution import Stack
from dmaragent.remedies.devices.words import linux as words
from dmaragent.remedies.remedy import Safety
from dmaragent.xen.reserved_list.model import ListSource

_IOMMU = 0x0806
"""The class of AMD's IOMMU."""
_BRIDGE = 0x06
_CHIPSET_BASES = frozenset({0x05, 0x08})
"""Memory controllers; system peripherals: interrupt controllers, timers, IOMMUs, event collectors.
"""
_CHIPSET_CLASSES = frozenset({0x0C05, 0x1101})
"""SMBus controllers, performance counters."""
_SD_HOST = 0x0805


class Verdict(NamedTuple):
    """The verdict of one side on a device."""

    can: Can
    risk: bool = False
    """Whether the device is allowed only with risk."""


class BestRemedy(NamedTuple):
    """The fix to try first."""

    safety: Safety
    side: str
    """The side that it is for: ``Xen``, ``Linux``, or empty for both."""
    title: str
    words: str
    """What to do, in one line."""
    cost: str
    """Its cost or risk."""


class Answer(NamedTuple):
    """The part of the answer that equal devices share."""

    xen: Verdict
    linux: Verdict
    remedy: BestRemedy | None
    """None: the side that decides allows the device, or no fix is known."""
    unknown: tuple[str, ...]
    """Why verdicts of whoever decides are unknown, and what settles it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """One PCI function of a host."""

    sbdf: SBDF
    function: PciFunction | None
    """The function that is present; None: nothing, or the functions were not collected."""
    absent: bool
    """Whether a region names it and it is certainly not present."""
    chipset: bool
    """Whether it is a bridge or a chipset function, which is not passed through."""
    decides: tuple[str, ...]
    """Who decides on this host: ``xen``, ``linux``, or both if that is unknown."""
    xen: Verdict
    linux: Verdict
    regions: tuple[int, ...]
    """The numbers of the regions that apply to it, in table order."""
    reported: tuple[AddressRange, ...]
    """The regions that Xen or Linux report for it and that are not in the table."""
    regions_known: bool
    """Whether `regions` and `reported` are complete: not if there is neither a table nor a report.
    """
    group: int | None
    """Its IOMMU group."""
    remedy: BestRemedy | None
    unknown: tuple[str, ...]
    """Why verdicts of whoever decides are unknown, and what settles it."""

    @property
    def deciding(self) -> tuple[Verdict, ...]:
        """The verdicts of the side that decides on this host; of both if that is unknown."""
        sides = {"xen": self.xen, "linux": self.linux}
        return tuple(sides[side] for side in self.decides)


def device_rows(
    inventory: Inventory, facts: HostFacts, stack: Stack, decides: tuple[str, ...] | None = None
) -> tuple[DeviceRow, ...]:
    """Return a row for each function of the whole host of `inventory`, by address.

    The rows include devices that only a region names.  `decides` is the side that the question is
    about; None: the one that decides on this host.
    """
    index = _Index(inventory, facts)
    answers: dict[Hashable, tuple[Explanation, Answer]] = {}
    rows = []
    for sbdf in index.devices:
        key = index.likeness(sbdf)
        if key not in answers:
            explanation = explain(inventory, facts, stack, sbdf, decides)
            answers[key] = (explanation, _answer(explanation, inventory.gaps))
        explanation, answer = answers[key]
        function = index.known.get(sbdf)
        group = index.group_of(sbdf)
        rows.append(
            DeviceRow(
                sbdf=sbdf,
                function=function,
                absent=facts.functions is not None and function is None,
                chipset=function is not None and index.is_chipset(function),
                decides=explanation.decides,
                xen=answer.xen,
                linux=answer.linux,
                regions=index.regions_of(sbdf),
                reported=index.reported_of(sbdf),
                regions_known=index.regions_known(sbdf),
                group=None if group is None else group.number,
                remedy=answer.remedy,
                unknown=answer.unknown,
            )
        )
    return tuple(rows)


# One explanation ------------------------------------------------------------------------


def _answer(explanation: Explanation, gaps: Gaps) -> Answer:
    return Answer(
        xen=Verdict(explanation.xen.can, explanation.xen.risk),
        linux=Verdict(explanation.linux.can, explanation.linux.risk),
        remedy=_best_remedy(explanation),
        unknown=tuple(dict.fromkeys(_why_unknown(explanation, gaps))),
    )


def _why_unknown(explanation: Explanation, gaps: Gaps) -> Iterator[str]:
    """Yield why each deciding verdict is unknown: the gap of the host, if there is one."""
    sides = {"xen": (explanation.xen, gaps.xen), "linux": (explanation.linux, gaps.linux)}
    for verdict, of_side in (sides[side] for side in explanation.decides):
        if verdict.can is Can.UNKNOWN:
            gap = next((gap for gap in of_side if gap.concerns(explanation.sbdf)), None)
            case = next((case for case in verdict.cases if case.can is Can.UNKNOWN), None)
            if gap is not None:
                yield f"{gap.unknown}. Next: {gap.next_step}"
            else:
                yield verdict.explanation if case is None else case.explanation


def _best_remedy(explanation: Explanation) -> BestRemedy | None:
    """Return the fix to try first for a device that is not simply allowed."""
    sides = {"xen": ("Xen", explanation.xen), "linux": ("Linux", explanation.linux)}
    hindered = {
        name
        for name, verdict in (sides[side] for side in explanation.decides)
        if verdict.risk or verdict.can not in (Can.YES, Can.NOT_APPLICABLE)
    }
    if not hindered:
        return None
    remedies = [step for step in explanation.remedies if step.side in ("", *hindered)]
    others = [step for step in remedies if not step.preparation]
    for step in others:
        return BestRemedy(step.safety, step.side, step.title, step.brief or step.title, step.cost)
    of_group = any(
        case.kind is CaseKind.GROUP and case.can is Can.CONDITIONS
        for case in explanation.linux.cases
    )
    for step in remedies:
        # its line and its cost name devices that other devices with this explanation do not have
        bind = step.takes_device and step.side == "Linux" and of_group
        line = words.BIND_WITH_GROUP if bind else step.title
        return BestRemedy(step.safety, step.side, step.title, line, step.warning)
    return None


# Equality of devices ---------------------------------------------------------------------


class _Index:
    """The devices of a host with everything that applies to each, indexed once."""

    def __init__(self, inventory: Inventory, facts: HostFacts) -> None:
        self.known = inventory.host.topology.known
        self._facts = facts
        self._inventory = inventory
        self._regions = _region_numbers(inventory)
        self._reported = _reported_ranges(inventory, facts)
        self.devices = sorted({*self.known, *self._regions, *self._reported})
        self._virtual = Counter(
            function.physical_function
            for function in self.known.values()
            if function.physical_function is not None
        )
        self._endpoints = {function.vmd for function in self.known.values()}
        self._unlike = self._concerned()
        self._gaps = _gaps_by_device(inventory)
        self._open_paths: dict[tuple[int, int], bool] = {}
        self._members: dict[int, Hashable] = {}

    def regions_of(self, sbdf: SBDF) -> tuple[int, ...]:
        """Return the numbers of the regions that apply to `sbdf`, in table order."""
        function = self.known.get(sbdf)
        own = self._regions.get(sbdf, ())
        if function is None or function.dma_device == sbdf:
            return tuple(own)
        return tuple(sorted({*own, *self._regions.get(function.dma_device, ())}))

    def reported_of(self, sbdf: SBDF) -> tuple[AddressRange, ...]:
        """Return the regions that Xen or Linux report for `sbdf` and that are not in the table."""
        function = self.known.get(sbdf)
        own = self._reported.get(sbdf, ())
        if function is None or function.dma_device == sbdf:
            return tuple(own)
        return tuple(sorted({*own, *self._reported.get(function.dma_device, ())}))

    def regions_known(self, sbdf: SBDF) -> bool:
        """Return whether the regions of `sbdf` are known from a table, Xen or Linux."""
        inventory = self._inventory
        if inventory.decoded or inventory.xen.devices_source is not ListSource.UNKNOWN:
            return True
        group = self.group_of(sbdf)
        return group is not None and group.regions_whole

    def group_of(self, sbdf: SBDF) -> IommuGroup | None:
        """Return the IOMMU group of `sbdf`; behind Intel VMD that of the endpoint."""
        function = self.known.get(sbdf)
        group_of = self._facts.by_device.group_of
        return group_of(sbdf) or (None if function is None else group_of(function.dma_device))

    def is_chipset(self, function: PciFunction) -> bool:
        """Return whether `function` is a bridge or a chipset function, which is not passed through.

        A chipset function with a region, or with a driver for guests, counts as a device.
        """
        code = function.class_code
        if function.is_bridge or (
            code is not None and (code >> 16 == _BRIDGE or code >> 8 == _IOMMU)
        ):
            return True
        if code is None or self.regions_of(function.sbdf) or self.reported_of(function.sbdf):
            return False
        driver = function.driver or ""
        if driver in HOLDERS or is_vfio_driver(driver) or code >> 8 == _SD_HOST:
            return False
        return code >> 16 in _CHIPSET_BASES or code >> 8 in _CHIPSET_CLASSES

    def likeness(self, sbdf: SBDF) -> Hashable:
        """Return a key that devices with the same verdicts share; a unique key if in doubt."""
        own = self._profile(sbdf)
        if own is sbdf:
            return sbdf
        group = self.group_of(sbdf)
        return own, None if group is None else self._group_profile(group)

    def _profile(self, sbdf: SBDF) -> Hashable:
        """Return the properties of a function that decide verdicts, or `sbdf` if it is unique."""
        function = self.known.get(sbdf)
        if function is None or sbdf in self._unlike:
            return sbdf
        bus = (sbdf.segment, sbdf.bus)
        if bus not in self._open_paths:
            self._open_paths[bus] = self._facts.may_own_more(sbdf)
        assignable = self._facts.assignable
        return (
            function.class_code,
            function.interface_known,
            function.is_bridge,
            function.driver,
            function.driver_known,
            function.physical_function,
            function.vmd,
            function.dma_known,
            function.total_vfs > 0,
            sbdf.beyond_xen,
            sbdf in self._inventory.xen.served,
            sbdf in self._inventory.linux.unit_of,
            assignable is not None and sbdf in assignable,
            self._open_paths[bus],
            self._gaps.get(sbdf, ()),
        )

    def _group_profile(self, group: IommuGroup) -> Hashable:
        """Return the properties of a group that decide verdicts: its devices, and what was read."""
        if group.number not in self._members:
            alone = len(group.devices) == 1
            members = Counter(self._profile(sbdf) for sbdf in group.devices)
            self._members[group.number] = (
                None if alone else frozenset(members.items()),
                group.devices_known,
                group.regions_whole,
            )
        return self._members[group.number]

    def _concerned(self) -> frozenset[SBDF]:
        """Return the devices that have a region, or on which others depend."""
        facts, inventory = self._facts, self._inventory
        published = (
            sbdf
            for region in inventory.published
            for group in region.groups
            for sbdf in group.devices
        )
        tied = (sbdf for sbdf, own in facts.devices.items() if own is None or own)
        held = (held.sbdf for region in inventory.all_regions for held in region.linux)
        return frozenset(
            sbdf
            for sbdf in (
                *self._regions,
                *self._reported,
                *published,
                *tied,
                *held,
                *(facts.shared or ()),
                *self._virtual,
                *self._endpoints,
            )
            if sbdf is not None
        )


def _region_numbers(inventory: Inventory) -> Mapping[SBDF, list[int]]:
    """Return the regions that apply to each device, as ``Inventory.of_device`` has them."""
    enforced = inventory.linux.state is not LinuxState.UNDER_XEN
    numbers: dict[SBDF, list[int]] = {}
    owners = (owner.sbdf for region in inventory.regions for owner in region.owners)
    absent = {sbdf for sbdf in owners if sbdf is not None} - inventory.host.topology.known.keys()
    for region in inventory.regions:
        devices = {owner.sbdf for owner in region.owners}
        for claim in region.reserved.claims:  # a range of IDs has those of absent devices, too
            if claim.ids is not None and claim.ids.first < claim.ids.last:
                devices.update(sbdf for sbdf in absent if claim.ids.contains(sbdf))
        if enforced:
            devices.update(held.sbdf for held in region.linux)
        if region.segment and inventory.xen.ivrs is not None:
            known = inventory.host.topology.known
            devices.update(sbdf for sbdf in known if inventory.xen_moves(region, sbdf))
        for sbdf in devices:
            if sbdf is not None:
                numbers.setdefault(sbdf, []).append(region.number)
    return numbers


def _reported_ranges(
    inventory: Inventory, facts: HostFacts
) -> Mapping[SBDF, Iterable[AddressRange]]:
    """Return the ranges that Linux or Xen report for each device and that are not in the table."""
    ranges: dict[SBDF, set[AddressRange]] = {}
    for region in inventory.published:
        for group in region.groups:
            for sbdf in group.devices:
                ranges.setdefault(sbdf, set()).add(region.range)
    in_table = {region.xen.range for region in inventory.regions}
    for sbdf, own in facts.devices.items():
        for place in own or ():
            if place not in in_table:
                ranges.setdefault(sbdf, set()).add(place)
    return {sbdf: sorted(places) for sbdf, places in ranges.items()}


def _gaps_by_device(inventory: Inventory) -> Mapping[SBDF, tuple[int, ...]]:
    """Return the gaps that apply to only some devices, by their index among all gaps."""
    gaps: dict[SBDF, list[int]] = {}
    for place, gap in enumerate((*inventory.gaps.xen, *inventory.gaps.linux)):
        for sbdf in gap.devices or ():
            gaps.setdefault(sbdf, []).append(place)
    return {sbdf: tuple(places) for sbdf, places in gaps.items()}
