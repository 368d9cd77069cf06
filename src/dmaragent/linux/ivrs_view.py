"""Linux's view of the reserved regions of an AMD host: its own word, else what its rules predict.

Pure.  The rules are in ``linux/ivrs.py``; what they predict for a group is compared with the kernel's
reserved_regions, if these are known.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import Host
from dmaragent.host.groups import IommuGroup
from dmaragent.iommu.ivhd import IdSet
from dmaragent.iommu.model import Difference, IommuTable, RemappingUnit, Source
from dmaragent.linux import words
from dmaragent.linux.dma_faults import logs_physical_addresses
from dmaragent.linux.ivrs import (
    BEFORE_IVMD_SEGMENTS,
    IVMD_SEGMENTS,
    MAPPED_OR_OFF,
    DirectRegion,
    LinuxIvrs,
    read_by_linux,
)
from dmaragent.linux.regions import Held, Hold, has_relaxable_type
from dmaragent.linux.release import kernel_release, telling_release
from dmaragent.linux.unexplained_regions import unexplained_regions
from dmaragent.linux.view import (
    LinuxState,
    LinuxView,
    differences_of_groups,
    linux_state,
    with_kernel_words,
)
from dmaragent.readings import Missing


def ivrs_linux_view(host: Host, table: IommuTable) -> LinuxView | None:
    """Return Linux's view of `host` with `table`; None if it is not a readable IVRS."""
    ivrs = read_by_linux(table, kernel_release(host.system.kernel_release))
    if ivrs is None:
        return None
    groups: dict[SBDF, IommuGroup] = {}
    if not isinstance(host.groups, Missing):
        groups = {sbdf: group for group in host.groups for sbdf in group.devices}
    ivrs = _with_doubt_about_segments(host, table, _without_unmappable(host, ivrs))
    direct = {sbdf: ivrs.direct_of(sbdf) for sbdf in sorted(host.topology.known)}
    ranges = {sbdf: _ranges(regions) for sbdf, regions in direct.items() if _ranges(regions)}
    state = linux_state(host)
    return LinuxView(
        state=state,
        held=_held(table, direct, groups),
        ranges=MappingProxyType(ranges),
        unit_of=_units(host, table, ivrs),
        published=unexplained_regions(host.groups, ranges, host.topology),
        relaxable_type=has_relaxable_type(host),
        doubt=ivrs.doubt,
        ivrs=ivrs,
        differences=(
            *_reading_differences(ivrs, state),
            *_group_differences(host, table, ranges, state),
        ),
    )


def _without_unmappable(host: Host, ivrs: LinuxIvrs) -> LinuxIvrs:
    """Return `ivrs` without all devices if Linux cannot map a region of a device that is present.

    Kernels from 6.5 on then use no IOMMU, unless the host's drivers bypass it; earlier ones ignore
    the region, unless their vendor backports changes.  Then that is unknown, as without the release
    or the options of the kernel, which do not matter if it publishes the regions of its groups.
    """
    release = kernel_release(host.system.kernel_release)
    if ivrs.error or logs_physical_addresses(host.system.options):
        return ivrs
    if all(region.mappable for sbdf in host.topology.known for region in ivrs.direct_of(sbdf)):
        return ivrs
    if release is None:
        doubt = "" if _publishes_regions(host) else words.IVMD_WITHOUT_ACCESS_BY_RELEASE
        return ivrs._replace(doubt=ivrs.doubt or doubt)
    if release >= MAPPED_OR_OFF and host.system.options is None:
        if _publishes_regions(host):
            return ivrs
        return ivrs._replace(doubt=ivrs.doubt or words.IVMD_WITHOUT_ACCESS_BY_OPTIONS)
    if release >= MAPPED_OR_OFF:
        return ivrs._replace(error=words.IVMD_WITHOUT_ACCESS, served=IdSet(()), direct=())
    if telling_release(host.system.kernel_release) is None:
        return ivrs._replace(doubt=ivrs.doubt or words.IVMD_WITHOUT_ACCESS_BY_VENDOR)
    return ivrs


def _ranges(regions: Sequence[DirectRegion]) -> tuple[AddressRange, ...]:
    """Return the ranges of `regions`, also the empty ones, which Linux publishes too."""
    return tuple(AddressRange(region.start, max(region.start, region.end)) for region in regions)


def _publishes_regions(host: Host) -> bool:
    """Return whether the kernel has IOMMU groups, and publishes the regions of all of them."""
    groups = () if isinstance(host.groups, Missing) else host.groups
    return bool(groups) and all(one.regions_whole for one in groups)


def _with_doubt_about_segments(host: Host, table: IommuTable, ivrs: LinuxIvrs) -> LinuxIvrs:
    """Return `ivrs` with a doubt if it is unknown whether the kernel reads segments.

    Its vendor may have added that, or its release is unknown.  It does not matter if the kernel
    publishes the regions of all groups.
    """
    kernel = host.system.kernel_release
    release = kernel_release(kernel)
    if telling_release(kernel) is not None or (release is not None and release >= IVMD_SEGMENTS):
        return ivrs
    if _publishes_regions(host):
        return ivrs
    older, newer = read_by_linux(table, BEFORE_IVMD_SEGMENTS), read_by_linux(table, IVMD_SEGMENTS)
    if older is None or newer is None or older.direct == newer.direct:
        return ivrs
    doubt = words.IVMD_SEGMENTS_BY_VENDOR if release else words.IVMD_SEGMENTS_BY_RELEASE
    return ivrs._replace(doubt=ivrs.doubt or doubt)


def _held(
    table: IommuTable,
    direct: Mapping[SBDF, Sequence[DirectRegion]],
    groups: Mapping[SBDF, IommuGroup],
) -> Mapping[Source, tuple[Held, ...]]:
    """Return the devices of each region, ``direct`` each, unless the kernel has another word."""
    held: dict[Source, tuple[Held, ...]] = {region.source: () for region in table.regions}
    for sbdf, regions in direct.items():
        for region in regions:
            device: tuple[Held, ...] = (Held(sbdf, Hold.DIRECT, None),)
            if region.range is not None:
                device = with_kernel_words(device, region.range, groups)
            held[region.source] += device
    return MappingProxyType(held)


def _units(host: Host, table: IommuTable, ivrs: LinuxIvrs) -> Mapping[SBDF, RemappingUnit]:
    """Return the unit of each function that has one: that of the last block that names it."""
    ids = [
        (unit, IdSet(claim.ids for claim in unit.claims if claim.ids is not None))
        for unit in reversed(table.units)
    ]
    units: dict[SBDF, RemappingUnit] = {}
    for sbdf in host.topology.known:
        unit = next((unit for unit, own in ids if sbdf in own), None)
        if unit is not None and ivrs.serves(sbdf):
            units[sbdf] = unit
    return MappingProxyType(units)


def _reading_differences(ivrs: LinuxIvrs, state: LinuxState) -> Iterator[Difference]:
    """Explain that Linux uses no IOMMU, or that it is unknown what it reads."""
    error = ivrs.error
    if error and state is LinuxState.GROUPS:
        error = words.refuted_by_groups(error)
    for reason in (error, ivrs.doubt):
        if reason:
            yield Difference(None, reason)


def _group_differences(
    host: Host,
    table: IommuTable,
    predicted: Mapping[SBDF, Sequence[AddressRange]],
    state: LinuxState,
) -> Iterator[Difference]:
    """Explain where the kernel's own reserved regions are not what the table predicts."""
    if state is not LinuxState.GROUPS or isinstance(host.groups, Missing):
        return
    yield from differences_of_groups(host.groups, host.topology, table, predicted)
