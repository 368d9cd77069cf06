"""The gaps of a host: the unknown facts that could change an answer.

Pure.  Only this module decides what is a gap:

* a reading that is missing or malformed,
* an owner of a region that could not be resolved,
* an unexplained difference between the table and Xen's list.

An answer about a device that a gap concerns is unknown, unless it is "no" for a reason that the
gap does not affect.  A table alone, without any other reading of its host, has no gaps: Xen's
answers from it are labelled as predicted, and Linux's are unknown unless the table decides
(passthrough/linux.py).
"""

from collections.abc import Iterator

from dmaragent.addresses import SBDF, span
from dmaragent.host import Host
from dmaragent.host.groups import DIRECT, IommuGroup
from dmaragent.host.topology import PciFunction, Presence
from dmaragent.inventory import words
from dmaragent.inventory.model import Gap, Gaps, Region
from dmaragent.iommu.claims import DeviceKind
from dmaragent.iommu.model import IommuTable, RemappingUnit
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.linux.interrupts import is_remapping_unknown
from dmaragent.linux.noiommu import doubtful_groups
from dmaragent.linux.options import asks_to_relax_rmrrs, has_relax_rmrr
from dmaragent.linux.regions import Hold, has_relaxable_type, hold_of
from dmaragent.linux.view import LinuxState
from dmaragent.readings import Missing
from dmaragent.xen.reserved_list.model import ListSource, Origin, XenViews


def gaps_of(
    host: Host,
    regions: tuple[Region, ...],
    views: XenViews,
    state: LinuxState,
    table: IommuTable | None,
) -> Gaps:
    """Return the gaps of `host`, whose `table` has these `regions`."""
    if host.is_table_alone:
        return Gaps()
    both = (*_function_gaps(host), *_class_gaps(host), *_covered_gaps(host, regions))
    xen = (
        *both,
        *_iommu_gaps(host, views, state),
        *_list_gaps(views, regions, iommu_vendor(host)),
        *_point_release_gaps(host, views),
    )
    xen = (*xen, *_bus_gaps(host, views), *_dom0_gaps(host, table))
    linux = both
    if state is not LinuxState.NO_GROUPS:
        linux = (
            *both,
            *_covered_gaps(host, regions, other_segments=True),
            *_lost_owner_gaps(host, regions),
            *_group_gaps(host, regions),
            *_option_gaps(host, regions),
            *_interrupt_gaps(host, state),
        )
    units = () if table is None else table.units
    return Gaps(xen=xen, linux=linux, without_unit=_why_without_unit(host, units))


# Functions -------------------------------------------------------------------------------


def _function_gaps(host: Host) -> Iterator[Gap]:
    functions = host.topology.functions
    if isinstance(functions, Missing):
        yield Gap(
            unknown=words.functions_unknown(functions),
            next_step=words.READ_HOST,
            refusals=True,
        )


def _class_gaps(host: Host) -> Iterator[Gap]:
    unknown = frozenset(
        sbdf for sbdf, function in host.topology.known.items() if function.class_code is None
    )
    if unknown:
        yield Gap(
            unknown=words.KIND_UNKNOWN,
            next_step=words.READ_HOST,
            devices=unknown,
            refusals=True,
        )


def _open_bridges(host: Host) -> tuple[PciFunction, ...]:
    """Return the bridges whose buses are not all known, and functions that may be such bridges."""
    return tuple(function for function in host.topology.known.values() if function.buses_open)


def _may_be_behind(host: Host, bridge: PciFunction) -> Iterator[SBDF]:
    """Yield the functions that may be behind `bridge`, whose bus numbers are not all known."""
    own = bridge.sbdf
    beside = [
        function
        for function in host.topology.known.values()
        if function.sbdf != own
        and (function.sbdf.segment, function.sbdf.bus) == (own.segment, own.bus)
        and not function.buses_open
    ]
    least = own.bus if bridge.secondary_bus is None else bridge.secondary_bus
    for sbdf in host.topology.known:
        if sbdf.segment != own.segment or sbdf.bus <= least:
            continue
        if not any(sbdf.bus in bridge_beside.buses_behind for bridge_beside in beside):
            yield sbdf


def _may_have_a_number_behind(host: Host, bridge: PciFunction) -> Iterator[SBDF]:
    """Yield the functions of other segments whose bus number may be one behind `bridge`.

    To Linux these are behind it too: ``BusIndex.below_in_linux``.
    """
    least = bridge.sbdf.bus if bridge.secondary_bus is None else bridge.secondary_bus
    for sbdf in host.topology.known:
        if sbdf.segment != bridge.sbdf.segment and sbdf.bus > least:
            yield sbdf


def _bus_gaps(host: Host, views: XenViews) -> Iterator[Gap]:
    """Yield a gap if a device with regions may be conventional PCI behind a bridge."""
    bridges = _open_bridges(host)
    behind = {sbdf for bridge in bridges for sbdf in _may_be_behind(host, bridge)}
    concerned = frozenset(behind & {sbdf for sbdf, own in views.devices.items() if own})
    if concerned:
        yield Gap(
            unknown=words.conventional_pci_unknown([bridge.sbdf for bridge in bridges]),
            next_step=words.READ_BRIDGES,
            devices=concerned,
        )


def _why_without_unit(host: Host, units: tuple[RemappingUnit, ...]) -> str:
    """Return why a remapping unit may serve more devices than those found; or empty."""
    named = {owner.sbdf for unit in units for owner in unit.owners}
    bridges = [bridge for bridge in _open_bridges(host) if bridge.sbdf in named]
    lost = any(
        owner.sbdf is None and owner.presence is Presence.UNKNOWN
        for unit in units
        for owner in unit.owners
    )
    if not bridges and not lost:
        return ""
    return words.unit_unknown([bridge.sbdf for bridge in bridges or _open_bridges(host)])


# Xen -------------------------------------------------------------------------------------


def _iommu_gaps(host: Host, views: XenViews, state: LinuxState) -> Iterator[Gap]:
    """Yield a gap if Xen's IOMMU may be off, or if its options may add regions.

    A list with entries proves that the IOMMU works: Xen drivers/passthrough/iommu.c,
    ``iommu_get_reserved_device_memory``.
    """
    if host.xen is None:
        if state is LinuxState.UNDER_XEN:  # Xen renamed the table, even with its IOMMU off
            yield Gap(unknown=words.VIRT_CAPS_UNKNOWN, next_step=words.READ_VIRT_CAPS)
        return
    works = views.list.source is ListSource.HYPERVISOR and bool(views.list.entries)
    if works and host.xen.iommu_enabled is False:
        yield Gap(
            unknown=words.LISTS_WITHOUT_IOMMU,
            next_step=words.READ_VIRT_CAPS,
            refusals=True,
        )
    if not works and host.xen.capabilities is None:
        yield Gap(
            unknown=words.VIRT_CAPS_UNKNOWN,
            next_step=words.READ_VIRT_CAPS,
        )
    elif views.list.unread and views.devices_source is not ListSource.HYPERVISOR:
        yield Gap(unknown=views.list.unread, next_step=words.READ_OPTIONS)


def _dom0_gaps(host: Host, table: IommuTable | None) -> Iterator[Gap]:
    """Yield a gap if dom0 is or may be PVH: Xen's tools may not be able to add a device there.

    libxl maps the device's interrupt (libxl_pci.c, ``pci_add_dm_done``).  Xen before 4.20 refuses
    that to a PVH dom0, which has no PIRQs: ENOSYS by x86/hvm/hypercall.c, ``hvm_physdev_op``.  A
    device without an interrupt line needs none.  Later releases allow it (035baa203b), and libxl
    needs a dom0 kernel that reports the device's GSI (f97f885c71).  SUPPORT.md of 4.19 to 4.22
    lists passthrough from a PVH dom0 as missing.

    A dom0 with a `table` is PV: see iommu/no_table.py.
    """
    xen = host.xen
    if xen is None or xen.dom0 is False:
        return
    if xen.guest_type == "PVH":
        yield Gap(unknown=words.PVH_DOM0, next_step=words.BOOT_PV_DOM0, of_dom0=True)
    elif xen.guest_type is None and table is None:
        yield Gap(unknown=words.DOM0_TYPE_UNKNOWN, next_step=words.READ_GUEST_TYPE, of_dom0=True)


def _point_release_gaps(host: Host, views: XenViews) -> Iterator[Gap]:
    """Yield a gap for each device whose regions depend on the unknown point release of Xen."""
    unknown = isinstance(host.topology.functions, Missing)
    for sbdf, releases in views.open_devices.items():
        if not unknown and sbdf not in host.topology.known:
            continue
        yield Gap(
            unknown=words.regions_by_point_release(releases),
            next_step=words.NAME_RELEASE,
            devices=frozenset({sbdf}),
        )


def _list_gaps(views: XenViews, regions: tuple[Region, ...], vendor: IommuVendor) -> Iterator[Gap]:
    """Yield gaps for regions that Xen's rules would list and Xen does not list, without a reason."""
    own_list = views.list.source is ListSource.HYPERVISOR
    if own_list and views.list.entries and views.devices_source is not ListSource.HYPERVISOR:
        strange = any(entry.origin is Origin.UNEXPLAINED for entry in views.list.entries)
        if strange or views.devices_source is ListSource.UNKNOWN:
            yield Gap(
                unknown=words.OWNERS_UNKNOWN,
                next_step=words.READ_HOST,
            )
    for sbdf, why in views.contradicted.items():
        yield Gap(
            unknown=words.regions_contradicted(why),
            next_step=words.read_again(vendor),
            devices=frozenset({sbdf}),
            refusals=True,
        )
    own = [region for region in regions if region.source in views.unlisted]
    options = views.unlisted_options
    if not own and not options:
        return
    places = [*(region.words for region in own), *map(span, options)]
    devices = {owner.sbdf for region in own for owner in region.owners if owner.sbdf is not None}
    devices.update(*options.values())
    yield Gap(
        unknown=words.list_lacks(places),
        next_step=words.read_xens_log(vendor),
        devices=frozenset(devices) if views.list.entries else None,
    )


# Linux -----------------------------------------------------------------------------------


def _published_devices(host: Host) -> frozenset[SBDF]:
    """Return the devices whose group's regions Linux publishes: that list is authoritative."""
    if isinstance(host.groups, Missing):
        return frozenset()
    return frozenset(sbdf for group in host.groups if group.regions_whole for sbdf in group.devices)


def _lost_owner_gaps(host: Host, regions: tuple[Region, ...]) -> Iterator[Gap]:
    """Yield a gap for the devices that a region may name through a bridge with unknown buses."""
    published = _published_devices(host)
    for region in regions:
        for owner in region.owners:
            path = owner.claim.path
            if path and owner.sbdf is None and owner.presence is Presence.UNKNOWN:
                begin = (region.segment, path.start_bus)
                devices = frozenset(
                    sbdf
                    for sbdf in host.topology.known
                    if (sbdf.segment == region.segment or owner.device is DeviceKind.BRIDGE)
                    and (sbdf.segment, sbdf.bus) != begin
                    and sbdf not in published
                )
                if devices and not isinstance(host.topology.functions, Missing):
                    yield Gap(
                        unknown=words.region_may_name(region.words, owner.as_written, owner.reason),
                        next_step=words.READ_BRIDGES,
                        devices=devices,
                    )


def _covered_gaps(
    host: Host, regions: tuple[Region, ...], *, other_segments: bool = False
) -> Iterator[Gap]:
    """Yield a gap for the devices that a region may cover because it names a bridge above them.

    With `other_segments`, yield it for devices of other segments, which only Linux takes for devices
    behind the bridge.
    """
    covered = _may_have_a_number_behind if other_segments else _may_be_behind
    published = _published_devices(host)
    for region in regions:
        for owner in region.owners:
            bridge = owner.function
            named = owner.device is DeviceKind.BRIDGE
            if not named or bridge is None or not bridge.buses_open:
                continue
            devices = frozenset(covered(host, bridge)) - published
            if devices:
                yield Gap(
                    unknown=words.region_covers_bridge(region.words, bridge.sbdf),
                    next_step=words.READ_BRIDGES,
                    devices=devices,
                )


def _group_gaps(host: Host, regions: tuple[Region, ...]) -> Iterator[Gap]:
    """Yield the gaps of IOMMU groups: Linux assigns a group only as a whole."""
    groups = host.groups
    if host.xen is not None and host.xen.dom0 is not False:
        return
    if isinstance(groups, Missing):
        yield Gap(
            unknown=words.groups_unknown(groups),
            next_step=words.READ_GROUPS,
        )
        return
    yield from _group_member_gaps(host, groups)
    unread = [group for group in groups if not group.devices_known]
    placed = {sbdf for group in groups for sbdf in group.devices}
    lost = frozenset(sbdf for sbdf in host.topology.known if sbdf not in placed)
    if unread and lost:
        yield Gap(
            unknown=words.groups_unread([group.number for group in unread]),
            next_step=words.READ_GROUPS,
            devices=lost,
            refusals=True,
        )
    for group in doubtful_groups(host):
        yield Gap(
            unknown=words.may_be_of_no_iommu(group.number, empty=group.regions is not None),
            next_step=words.read_name_of(group.number),
            devices=frozenset(group.devices),
        )
    yield from _type_gaps(host, groups, regions)
    if any(group.regions_whole for group in groups):
        for group in groups:
            if not group.regions_whole and group.devices:
                yield _unpublished_gap(group)


def _group_member_gaps(host: Host, groups: tuple[IommuGroup, ...]) -> Iterator[Gap]:
    """Yield a gap for the devices of a group that has a member of unknown class.

    If Linux publishes the group's regions, a member that is not among the functions is not a gap:
    only its driver is unknown.

    A bridge may keep its driver, but any other member must be bound to a VFIO driver.
    """
    known = host.topology.known
    for group in groups:
        strange = [
            device
            for device in group.devices
            if (device in known and known[device].class_code is None)
            or (device not in known and known and not group.regions_whole)
        ]
        if strange and len(group.devices) > 1:
            yield Gap(
                unknown=words.mate_of_unknown_kind(group.number, strange[0]),
                next_step=words.READ_HOST,
                devices=frozenset(group.devices),
            )


def _type_gaps(
    host: Host, groups: tuple[IommuGroup, ...], regions: tuple[Region, ...]
) -> Iterator[Gap]:
    """Yield a gap for groups that only devices of a relaxable class lock, by the kernel's type.

    The kernel may be without the type of these devices (before Linux 5.3), and lets VFIO pass them.
    """
    if iommu_vendor(host) is IommuVendor.AMD or has_relaxable_type(host):
        return
    known, published = host.topology.known, _published_devices(host)
    locked = {
        held.sbdf
        for region in regions
        for held in region.linux
        if held.hold is Hold.DIRECT and (held.by_kernel or held.sbdf not in published)
    }
    doubtful = {sbdf for sbdf in locked if sbdf in known and hold_of(known[sbdf]) is Hold.RELAXABLE}
    for group in groups:
        own = locked.intersection(group.devices)
        if own and own <= doubtful:
            yield Gap(
                unknown=words.type_may_be_missing(group.number, sorted(own)),
                next_step=words.read_kernel(release_known=host.system.kernel_release is not None),
                devices=frozenset(group.devices),
                refusals=True,
            )


def _option_gaps(host: Host, regions: tuple[Region, ...]) -> Iterator[Gap]:
    """Yield a gap for locked devices if the kernel may have ``relax_rmrr``, which its options ask for.

    A type that the kernel publishes shows whether the option has an effect.
    """
    system, vendor = host.system, iommu_vendor(host)
    if vendor is IommuVendor.AMD or has_relax_rmrr(system.kernel_release) is not None:
        return
    if not asks_to_relax_rmrrs(system.options):
        return
    published = _published_devices(host)
    locked = {
        held.sbdf
        for region in regions
        for held in region.linux
        if held.hold is Hold.DIRECT and not held.by_kernel and held.sbdf not in published
    }
    groups = () if isinstance(host.groups, Missing) else host.groups
    alike = (group.devices for group in groups if locked.intersection(group.devices))
    if locked:
        yield Gap(
            unknown=words.RELAX_RMRR_UNKNOWN,
            next_step=words.read_kernel(release_known=False),
            devices=frozenset(locked.union(*alike)),
            refusals=True,
        )


def _interrupt_gaps(host: Host, state: LinuxState) -> Iterator[Gap]:
    """Yield a gap if an option that was not read can keep this kernel from remapping interrupts."""
    if state is not LinuxState.GROUPS or iommu_vendor(host) is IommuVendor.ARM:
        return
    if is_remapping_unknown(host.system.options, host.iommu_log):
        yield Gap(
            unknown=words.OPTIONS_OF_LINUX_UNKNOWN,
            next_step=words.READ_OPTIONS_OF_LINUX,
            of_interrupts=True,
        )


def _unpublished_gap(group: IommuGroup) -> Gap:
    """Return the gap of a group whose file was not read, or not completely.

    A locked region in the part that was read refuses the group's devices whatever the rest is.
    """
    return Gap(
        unknown=words.group_regions_unread(group.number),
        next_step=words.read_regions_of(group.number),
        devices=frozenset(group.devices),
        refusals=not any(region.type == DIRECT for region in group.regions or ()),
    )
