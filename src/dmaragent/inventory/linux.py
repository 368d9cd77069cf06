"""What Linux makes of the regions: whether it has a say, its own word, where that differs.

Pure.  The kernel's word is IOMMU groups and their reserved regions; the rules for its
prediction are in ``linux/regions.py``.
"""

from collections.abc import Iterator, Mapping

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.host import Host
from dmaragent.host.groups import IommuGroup
from dmaragent.inventory.model import LinuxState, Region
from dmaragent.linux.regions import (
    FLOPPY,
    Held,
    compare_groups,
    has_isa_bridge,
    hold_of,
    kernel_hold,
)
from dmaragent.readings import Missing
from dmaragent.xen.reserved_list.model import Difference


def linux_state(host: Host) -> LinuxState:
    """Tell whether the kernel of `host` can say anything of IOMMU groups, and if not, why."""
    if host.reading is not None and host.reading.name.startswith(("RMAD", "XMAR")):
        return LinuxState.UNDER_XEN  # only Xen renames the table
    if host.xen is not None and host.xen.dom0 is not False:
        return LinuxState.UNDER_XEN
    if isinstance(host.groups, Missing):
        return LinuxState.UNKNOWN
    return LinuxState.GROUPS if host.groups else LinuxState.NO_GROUPS


def by_kernel(
    held: tuple[Held, ...], region: AddressRange, groups: Mapping[SBDF, IommuGroup]
) -> tuple[Held, ...]:
    """Put the kernel's own word in the place of the predicted one, where it has one."""
    found = []
    for each in held:
        group = groups.get(each.sbdf)
        word = None if group is None else kernel_hold(group, region, each.hold)
        found.append(each if word is None else each._replace(hold=word, by_kernel=True))
    return tuple(found)


def linux_differences(
    host: Host, regions: tuple[Region, ...], state: LinuxState
) -> Iterator[Difference]:
    """Explain where Linux differs from the table, from Xen or from its own rules."""
    yield from _bridge_differences(regions)
    yield from _word_differences(host, regions)
    yield from _group_differences(host, regions, state)


def _bridge_differences(regions: tuple[Region, ...]) -> Iterator[Difference]:
    """Explain where Linux ties more devices to a region than Xen: a bridge in its scope."""
    for region in regions:
        for bridge in sorted({held.through for held in region.linux if held.through is not None}):
            yield Difference(
                region.number,
                f"Linux ties all that is below the bridge {bridge} to it, Xen the bridge alone",
            )


def _word_differences(host: Host, regions: tuple[Region, ...]) -> Iterator[Difference]:
    """Explain where the kernel holds a device otherwise than by its class."""
    for region in regions:
        for held in region.linux:
            rule = hold_of(host.topology.known[held.sbdf])
            if held.by_kernel and held.hold is not rule:
                yield Difference(
                    region.number,
                    f"Linux has it {held.hold.value} for {held.sbdf}, where the rule for its class "
                    f"is {rule.value}: a patched kernel (relax_rmrr), or a newer rule",
                )


def _group_differences(
    host: Host, regions: tuple[Region, ...], state: LinuxState
) -> tuple[Difference, ...]:
    """Explain where the kernel's own reserved regions are not what the table predicts."""
    if state is not LinuxState.GROUPS or isinstance(host.groups, Missing):
        return ()
    if isinstance(host.table, Missing):
        return ()  # nothing to differ from: Inventory.published has what Linux publishes
    predicted: dict[SBDF, list[AddressRange]] = {}
    numbers: dict[AddressRange, int] = {}
    for region in regions:
        if region.range is not None:
            numbers.setdefault(region.range, region.number)
            for held in region.linux:
                predicted.setdefault(held.sbdf, []).append(region.range)
    found = []
    for each in compare_groups(host.groups, predicted, host.topology):
        place = span(each.range)
        where = f"IOMMU group {each.group.number}"
        text = (
            f"Linux has {place} in {where}; no region of the table says so"
            if each.kernel_has_it
            else f"Linux does not have {place} in {where}, which the table's scopes cover"
        )
        devices = frozenset(each.group.devices)
        found.append(Difference(numbers.get(each.range), text, devices))
    for group in host.groups:
        if has_isa_bridge(group, host.topology) and any(
            (one.base, one.limit + 1) == (FLOPPY.start, FLOPPY.end) for one in group.regions or ()
        ):
            text = (
                f"Linux has 0x0-0xffffff in IOMMU group {group.number}: its floppy workaround for "
                "the ISA bridge, not a region of the table"
            )
            found.append(Difference(None, text, frozenset(group.devices)))
    return tuple(found)
