"""Linux's view of a host's reserved regions.

Pure.  IOMMU groups and their reserved regions are what the kernel publishes.  Without them the
view is predicted (``linux/regions.py``).  ``linux/unexplained_regions.py`` finds published regions
that the table lacks.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import Host
from dmaragent.host.groups import IommuGroup
from dmaragent.host.topology import PciTopology
from dmaragent.iommu.claims import owners_of
from dmaragent.iommu.coverage import UnitCoverage
from dmaragent.iommu.model import Difference, IommuTable, RemappingUnit, ReservedRegion, Source
from dmaragent.linux import words
from dmaragent.linux.noiommu import doubtful_groups
from dmaragent.linux.regions import (
    FLOPPY,
    Held,
    Hold,
    LinuxScopes,
    compare_groups,
    has_isa_bridge,
    has_relaxable_type,
    hold_of,
    kernel_hold,
)
from dmaragent.linux.unexplained_regions import UnexplainedRegion, unexplained_regions
from dmaragent.readings import Missing

TYPE_CHECKING = False
if TYPE_CHECKING:  # 6 ms of imports that only AMD hosts need
    from dmaragent.linux.ivrs import LinuxIvrs


class LinuxState(Enum):
    """Whether the host's kernel has IOMMU groups."""

    GROUPS = "groups"
    UNDER_XEN = "not-applicable-under-xen"
    """Xen owns the IOMMU, so the kernel of dom0 has no groups."""
    NO_GROUPS = "no-groups"
    """The kernel does not use the IOMMU: it is switched off or has no driver."""
    UNKNOWN = "unknown"


class LinuxView(NamedTuple):
    """How Linux treats a host's regions and units."""

    state: LinuxState
    held: Mapping[Source, tuple[Held, ...]]
    """By region: the devices that Linux applies it to, also those behind a bridge it names."""
    ranges: Mapping[SBDF, Sequence[AddressRange]]
    """By device: the ranges of the regions that Linux applies to it."""
    unit_of: Mapping[SBDF, RemappingUnit]
    """The unit of each present function and each owner, if the table has one for it."""
    published: tuple[UnexplainedRegion, ...]
    """Regions that Linux publishes and no region of the table explains, by address."""
    differences: tuple[Difference, ...]
    """Its differences from the table, from Xen and from its own rules."""
    relaxable_type: bool | None
    """Whether the kernel has the type ``direct-relaxable``; None: unknown."""
    doubt: str = ""
    """Why it is unknown what Linux reads in the table, or empty."""
    ivrs: "LinuxIvrs | None" = None
    """What Linux reads in the table, if it is an IVRS: also of devices that are unknown."""


def linux_view(host: Host, table: IommuTable | None, coverage: UnitCoverage) -> LinuxView:
    """Return Linux's view of `host` with `table`; `coverage` is that of the table's units."""
    regions = () if table is None else table.regions
    groups: dict[SBDF, IommuGroup] = {}
    if not isinstance(host.groups, Missing):
        groups = {sbdf: group for group in host.groups for sbdf in group.devices}
    scopes = LinuxScopes(host.topology)
    held: dict[Source, tuple[Held, ...]] = {}
    relaxable_type = has_relaxable_type(host)
    named: set[SBDF | None] = set(host.topology.known)
    for region in regions:
        owners = owners_of(region.claims)
        named.update(owner.sbdf for owner in owners)
        own = scopes.held(owners)
        held[region.source] = (
            own
            if region.range is None
            else with_kernel_words(
                own, region.range, groups, both_types=relaxable_type is not False
            )
        )
    ranges = _ranges_by_device(regions, held)
    state = linux_state(host)
    return LinuxView(
        state=state,
        held=held,
        ranges=ranges,
        unit_of=coverage.by_linux(named),
        published=unexplained_regions(host.groups, ranges, host.topology),
        differences=(
            *_bridge_differences(regions, held),
            *_word_differences(host, regions, held, relaxable_type=relaxable_type),
            *_group_differences(host, table, ranges, state),
        ),
        relaxable_type=relaxable_type,
    )


def _ranges_by_device(
    regions: tuple[ReservedRegion, ...], held: Mapping[Source, tuple[Held, ...]]
) -> Mapping[SBDF, Sequence[AddressRange]]:
    """Return the ranges of `regions` by the devices that Linux applies them to."""
    ranges: dict[SBDF, list[AddressRange]] = {}
    for region in regions:
        if region.range is not None:
            for device in held[region.source]:
                ranges.setdefault(device.sbdf, []).append(region.range)
    return ranges


def linux_state(host: Host) -> LinuxState:
    """Return whether the kernel of `host` has IOMMU groups, and if not, why."""
    if host.reading is not None and host.reading.name.startswith(("RMAD", "XMAR")):
        return LinuxState.UNDER_XEN  # only Xen renames the table
    if host.xen is not None and host.xen.dom0 is not False:
        return LinuxState.UNDER_XEN
    if isinstance(host.groups, Missing):
        return LinuxState.UNKNOWN
    if host.groups and len(doubtful_groups(host)) == len(host.groups):
        return LinuxState.UNKNOWN
    if not host.groups and host.xen_unread:  # a dom0 has no groups either
        return LinuxState.UNKNOWN
    return LinuxState.GROUPS if host.groups else LinuxState.NO_GROUPS


def with_kernel_words(
    held: tuple[Held, ...],
    region: AddressRange,
    groups: Mapping[SBDF, IommuGroup],
    *,
    both_types: bool = True,
) -> tuple[Held, ...]:
    """Return `held` with the types that the kernel publishes instead of the predicted ones.

    A kernel without `both_types` publishes ``direct`` for every region: the class then decides.
    """
    held_by_kernel = []
    for device in held:
        group = groups.get(device.sbdf)
        word = (
            None
            if group is None
            else kernel_hold(group, region, device.hold, both_types=both_types)
        )
        held_by_kernel.append(
            device if word is None else device._replace(hold=word, by_kernel=True)
        )
    return tuple(held_by_kernel)


def _bridge_differences(
    regions: tuple[ReservedRegion, ...], held: Mapping[Source, tuple[Held, ...]]
) -> Iterator[Difference]:
    """Yield the bridges in scopes: Linux applies the region to all devices behind, Xen does not."""
    for region in regions:
        own = held[region.source]
        for bridge in sorted({device.through for device in own if device.through is not None}):
            yield Difference(region.number, words.ties_all_below(bridge))


def _word_differences(
    host: Host,
    regions: tuple[ReservedRegion, ...],
    held: Mapping[Source, tuple[Held, ...]],
    *,
    relaxable_type: bool | None,
) -> Iterator[Difference]:
    """Yield the devices for which the kernel publishes another type than their class predicts."""
    for region in regions:
        for device in held[region.source]:
            rule = hold_of(host.topology.known[device.sbdf])
            if device.by_kernel and device.hold is not rule:
                sentence = words.held_against_class(
                    device.sbdf,
                    device.hold.value,
                    rule.value,
                    type_missing=relaxable_type is None and rule is Hold.RELAXABLE,
                )
                yield Difference(region.number, sentence)


def differences_of_groups(
    groups: Sequence[IommuGroup],
    topology: PciTopology,
    table: IommuTable,
    predicted: Mapping[SBDF, Sequence[AddressRange]],
) -> Iterator[Difference]:
    """Yield the ranges of the kernel's groups that `table` does not predict, and the reverse."""
    numbers: dict[AddressRange, int] = {}
    for region in table.regions:
        if region.range is not None:
            numbers.setdefault(region.range, region.number)
    for difference in compare_groups(groups, predicted, topology):
        sentence_of = (
            words.region_of_no_structure if difference.kernel_has_it else words.region_not_in_group
        )
        sentence = sentence_of(difference.range, difference.group.number)
        devices = frozenset(difference.group.devices)
        yield Difference(numbers.get(difference.range), sentence, devices)


def _group_differences(
    host: Host,
    table: IommuTable | None,
    predicted: Mapping[SBDF, Sequence[AddressRange]],
    state: LinuxState,
) -> Iterator[Difference]:
    """Yield the kernel's reserved regions that the table does not predict, and the reverse."""
    if state is not LinuxState.GROUPS or isinstance(host.groups, Missing):
        return
    if table is None:
        return  # there is nothing to compare with; `published` has the regions
    yield from differences_of_groups(host.groups, host.topology, table, predicted)
    for group in host.groups:
        if has_isa_bridge(group, host.topology) and any(
            (region.base, region.limit + 1) == (FLOPPY.start, FLOPPY.end)
            for region in group.regions or ()
        ):
            sentence = words.floppy_workaround(group.number)
            yield Difference(None, sentence, frozenset(group.devices))
