"""What Linux makes of a host's reserved regions: a view of its own, beside the table's and Xen's.

Pure.  The kernel's word is IOMMU groups and their reserved regions; the rules for its
prediction are in ``linux/regions.py``, those for what it publishes in ``linux/unexplained_regions.py``.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import Host
from dmaragent.host.groups import IommuGroup
from dmaragent.iommu.coverage import UnitCoverage
from dmaragent.iommu.model import (
    Difference,
    IommuTable,
    RemappingUnit,
    ReservedRegion,
    Source,
    owners_of,
)
from dmaragent.linux import words
from dmaragent.linux.regions import (
    FLOPPY,
    Held,
    LinuxScopes,
    compare_groups,
    has_isa_bridge,
    hold_of,
    kernel_hold,
)
from dmaragent.linux.unexplained_regions import UnexplainedRegion, unexplained_regions
from dmaragent.readings import Missing


class LinuxState(Enum):
    """What the host's kernel can say of IOMMU groups."""

    GROUPS = "groups"
    UNDER_XEN = "not-applicable-under-xen"
    """Xen owns the IOMMU: the kernel of dom0 has no groups, which does not mean none."""
    NO_GROUPS = "no-groups"
    """The kernel does not use the IOMMU: intel_iommu=off, or no driver for it."""
    UNKNOWN = "unknown"


class LinuxView(NamedTuple):
    """What Linux makes of a host's regions and units."""

    state: LinuxState
    held: Mapping[Source, tuple[Held, ...]]
    """By region: the devices that Linux ties to it, bridges with all that is below them."""
    ranges: Mapping[SBDF, Sequence[AddressRange]]
    """By device: the ranges of the regions that Linux ties to it."""
    unit_of: Mapping[SBDF, RemappingUnit]
    """The unit of each function that is present and of each owner, if the table has one for it."""
    published: tuple[UnexplainedRegion, ...]
    """What Linux publishes and no region of the table explains, by address."""
    differences: tuple[Difference, ...]
    """Where it differs from the table, from Xen or from its own rules."""
    doubt: str = ""
    """Why it is unknown what Linux reads in the table, or empty."""


def linux_view(host: Host, table: IommuTable | None, coverage: UnitCoverage) -> LinuxView:
    """Return Linux's view of `host` with `table`, whose units have this `coverage`."""
    regions = () if table is None else table.regions
    groups: dict[SBDF, IommuGroup] = {}
    if not isinstance(host.groups, Missing):
        groups = {sbdf: group for group in host.groups for sbdf in group.devices}
    scopes = LinuxScopes(host.topology)
    held: dict[Source, tuple[Held, ...]] = {}
    named: set[SBDF | None] = set(host.topology.known)
    for region in regions:
        owners = owners_of(region.claims)
        named.update(owner.sbdf for owner in owners)
        own = scopes.held(owners)
        held[region.source] = (
            own if region.range is None else with_kernel_words(own, region.range, groups)
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
            *_word_differences(host, regions, held),
            *_group_differences(host, table, ranges, state),
        ),
    )


def _ranges_by_device(
    regions: tuple[ReservedRegion, ...], held: Mapping[Source, tuple[Held, ...]]
) -> Mapping[SBDF, Sequence[AddressRange]]:
    """Return the ranges of `regions` by the devices that Linux ties to them."""
    ranges: dict[SBDF, list[AddressRange]] = {}
    for region in regions:
        if region.range is not None:
            for device in held[region.source]:
                ranges.setdefault(device.sbdf, []).append(region.range)
    return ranges


def linux_state(host: Host) -> LinuxState:
    """Tell whether the kernel of `host` can say anything of IOMMU groups, and if not, why."""
    if host.reading is not None and host.reading.name.startswith(("RMAD", "XMAR")):
        return LinuxState.UNDER_XEN  # only Xen renames the table
    if host.xen is not None and host.xen.dom0 is not False:
        return LinuxState.UNDER_XEN
    if isinstance(host.groups, Missing):
        return LinuxState.UNKNOWN
    return LinuxState.GROUPS if host.groups else LinuxState.NO_GROUPS


def with_kernel_words(
    held: tuple[Held, ...], region: AddressRange, groups: Mapping[SBDF, IommuGroup]
) -> tuple[Held, ...]:
    """Put the kernel's own word in the place of the predicted one, where it has one."""
    held_by_kernel = []
    for device in held:
        group = groups.get(device.sbdf)
        word = None if group is None else kernel_hold(group, region, device.hold)
        held_by_kernel.append(
            device if word is None else device._replace(hold=word, by_kernel=True)
        )
    return tuple(held_by_kernel)


def _bridge_differences(
    regions: tuple[ReservedRegion, ...], held: Mapping[Source, tuple[Held, ...]]
) -> Iterator[Difference]:
    """Explain where Linux ties more devices to a region than Xen: a bridge in its scope."""
    for region in regions:
        own = held[region.source]
        for bridge in sorted({device.through for device in own if device.through is not None}):
            yield Difference(region.number, words.ties_all_below(bridge))


def _word_differences(
    host: Host, regions: tuple[ReservedRegion, ...], held: Mapping[Source, tuple[Held, ...]]
) -> Iterator[Difference]:
    """Explain where the kernel holds a device otherwise than by its class."""
    for region in regions:
        for device in held[region.source]:
            rule = hold_of(host.topology.known[device.sbdf])
            if device.by_kernel and device.hold is not rule:
                sentence = words.held_against_class(device.sbdf, device.hold.value, rule.value)
                yield Difference(region.number, sentence)


def _group_differences(
    host: Host,
    table: IommuTable | None,
    predicted: Mapping[SBDF, Sequence[AddressRange]],
    state: LinuxState,
) -> Iterator[Difference]:
    """Explain where the kernel's own reserved regions are not what the table predicts."""
    if state is not LinuxState.GROUPS or isinstance(host.groups, Missing):
        return
    if table is None:
        return  # nothing to differ from: `published` has what Linux publishes
    numbers: dict[AddressRange, int] = {}
    for region in table.regions:
        if region.range is not None:
            numbers.setdefault(region.range, region.number)
    for difference in compare_groups(host.groups, predicted, host.topology):
        sentence_of = (
            words.region_of_no_structure if difference.kernel_has_it else words.region_not_in_group
        )
        sentence = sentence_of(difference.range, difference.group.number)
        devices = frozenset(difference.group.devices)
        yield Difference(numbers.get(difference.range), sentence, devices)
    for group in host.groups:
        if has_isa_bridge(group, host.topology) and any(
            (region.base, region.limit + 1) == (FLOPPY.start, FLOPPY.end)
            for region in group.regions or ()
        ):
            sentence = words.floppy_workaround(group.number)
            yield Difference(None, sentence, frozenset(group.devices))
