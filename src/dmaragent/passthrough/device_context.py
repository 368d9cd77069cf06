"""The facts about one device that the verdicts of both sides use."""

from dataclasses import dataclass

from dmaragent.addresses import SBDF
from dmaragent.host.groups import IommuGroup, KernelRegion
from dmaragent.host.topology import PciFunction, Presence
from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.linux.interrupts import (
    REMAPPING_FLAG,
    OffBy,
    RemappingOff,
    remapping_off_in_log,
    remapping_off_option,
    unsafe_interrupts,
)
from dmaragent.linux.options import (
    asks_to_relax_rmrrs,
    firmware_opts_out,
    has_relax_rmrr,
    iommu_off_option,
)
from dmaragent.linux.regions import THROUGH_BRIDGES, Held, Hold
from dmaragent.linux.release import kernel_release, telling_release
from dmaragent.linux.view import LinuxState
from dmaragent.policy.assignment import is_in_chipset
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolution import Stack
from dmaragent.readings import Missing, MissingKind


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceContext:
    """One device on one host."""

    sbdf: SBDF
    inventory: Inventory
    """Of the whole host."""
    facts: HostFacts
    stack: Stack

    @property
    def function(self) -> PciFunction | None:
        """The function at its address; None if it is absent or unknown."""
        return self.inventory.host.topology.known.get(self.sbdf)

    @property
    def driver(self) -> str | None:
        """The driver that has it; None if it has none or that is unknown."""
        return None if self.function is None else self.function.driver

    @property
    def absent(self) -> bool:
        """Whether it is known to be absent."""
        return self.facts.functions is not None and self.sbdf not in self.facts.functions

    @property
    def named_regions(self) -> tuple[Region, ...]:
        """The regions that name it in their scope, in table order."""
        return self.facts.by_device.naming(self.sbdf)

    @property
    def held_regions(self) -> tuple[tuple[Region, Held], ...]:
        """The regions that Linux applies to it, in table order."""
        published = self.unexplained_regions is not None
        ivrs = self.inventory.linux.ivrs
        if ivrs is not None and self.function is None:
            direct = {region.source for region in ivrs.direct_of(self.sbdf)}
            held = Held(self.sbdf, Hold.DIRECT, None)
            return tuple(
                (region, held) for region in self.inventory.all_regions if region.source in direct
            )
        return tuple(
            (region, held)
            for region, held in self.facts.by_device.held_by(self.sbdf)
            if not (published and _kernel_denies(region, held))
        )

    @property
    def without_group(self) -> bool:
        """Whether it is present but certainly in no IOMMU group: all groups are known."""
        groups = self.inventory.host.groups
        if isinstance(groups, Missing) or self.function is None or self.group is not None:
            return False
        return any(group.devices for group in groups) and all(
            group.devices_known for group in groups
        )

    @property
    def noiommu_group(self) -> int | None:
        """The group in sysfs that VFIO made for it without an IOMMU, if it did."""
        groups = self.inventory.host.noiommu_groups
        return next((group.number for group in groups if self.sbdf in group.devices), None)

    @property
    def vendor(self) -> IommuVendor:
        """The vendor of the host's IOMMU."""
        return iommu_vendor(self.inventory.host)

    @property
    def kernel_release(self) -> tuple[int, int] | None:
        """The host's kernel release, also under Xen, although it does not decide there."""
        return kernel_release(self.inventory.host.system.kernel_release)

    @property
    def telling_release(self) -> tuple[int, int] | None:
        """The kernel's release if it shows which checks the kernel has: see linux/release.py."""
        return telling_release(self.inventory.host.system.kernel_release)

    @property
    def has_relax_rmrr(self) -> bool | None:
        """Whether the kernel has the option ``relax_rmrr``; None if that is unknown."""
        return has_relax_rmrr(self.inventory.host.system.kernel_release)

    @property
    def asks_to_relax(self) -> bool:
        """Whether ``relax_rmrr`` is on the kernel's command line, with or without effect."""
        return asks_to_relax_rmrrs(self.inventory.host.system.options)

    def relaxes(self, held: Held) -> bool:
        """Return whether ``relax_rmrr`` relaxes a region for a device: the kernel's type refutes it."""
        effective = self.vendor is not IommuVendor.AMD and self.has_relax_rmrr
        return bool(effective and self.asks_to_relax and not held.by_kernel)

    @property
    def firmware_opts_out(self) -> bool:
        """Whether this kernel keeps the IOMMU off because of a flag of the table."""
        return firmware_opts_out(self.inventory.table_flags, self.kernel_release)

    @property
    def remapping_off(self) -> RemappingOff | None:
        """Why Linux does not remap interrupts, by its options, its log or Intel's table; None: it may."""
        host, table = self.inventory.host, self.inventory.iommu
        options, log = (None, None) if self.on_xen else (host.system.options, host.iommu_log)
        option = remapping_off_option(options or ())
        if option:
            return RemappingOff(OffBy.OPTION, option)
        logged = remapping_off_in_log(log or ())
        if logged:
            by = OffBy.IVRS if self.vendor is IommuVendor.AMD else OffBy.FIRMWARE
            return RemappingOff(by, f'its log: "{logged}"')
        header = None if isinstance(table, Missing) else table.header
        if header is None or self.vendor is not IommuVendor.INTEL or REMAPPING_FLAG in header.flags:
            return None
        return RemappingOff(OffBy.FIRMWARE, f"no {REMAPPING_FLAG} in the table")

    @property
    def remapping_unknown(self) -> bool:
        """Whether nothing shows if Linux remaps interrupts: see ``gaps_of``."""
        return any(gap.of_interrupts for gap in self.inventory.gaps.linux)

    @property
    def unsafe_interrupts(self) -> bool | None:
        """Whether VFIO accepts a kernel that does not remap interrupts; None if it is unknown.

        Its loaded module has the parameter.  Before that, the command line can set it.
        """
        system = self.inventory.host.system
        set_now = system.unsafe_interrupts
        if self.on_xen:
            return None
        if isinstance(set_now, bool):
            return set_now
        unread = set_now.kind not in (MissingKind.ABSENT, MissingKind.NOT_COLLECTED)
        return None if unread or system.options is None else unsafe_interrupts(system.options)

    @property
    def iommu_unused(self) -> bool:
        """Whether Linux does not use the IOMMU: no groups, or an option or the table forbids it."""
        state, options = self.inventory.linux.state, self.inventory.host.system.options
        if state is LinuxState.UNKNOWN and self.firmware_opts_out:
            return True
        if state is LinuxState.UNKNOWN and options is not None:
            return iommu_off_option(options, self.vendor) is not None
        return state is LinuxState.NO_GROUPS

    @property
    def unexplained_regions(self) -> tuple[KernelRegion, ...] | None:
        """The regions that Linux publishes for its group; None if they are unknown.

        Every group has at least the range of message-signaled interrupts, so an empty file was cut.
        """
        group = self.group
        return group.regions if group is not None and group.regions_whole else None

    @property
    def in_chipset(self) -> bool:
        """Whether it is a bridge of any kind, which is a part of the chipset that the host needs."""
        return is_in_chipset(self.function)

    @property
    def behind_bridge(self) -> tuple[tuple[Region, SBDF], ...]:
        """The regions that apply to it only because they name a bridge above it, and that bridge.

        Linux may take a device of another segment for one behind a bridge: not here.
        """
        return tuple(
            (region, held.through)
            for region, held in self.held_regions
            if held.through and held.through.segment == self.sbdf.segment
        )

    @property
    def sharers(self) -> tuple[SBDF, ...]:
        """The other present devices that its regions name."""
        owners = (owner for region in self.named_regions for owner in region.owners)
        present = {
            owner.sbdf for owner in owners if owner.presence is Presence.PRESENT and owner.sbdf
        }
        return tuple(sorted(present - {self.sbdf}))

    @property
    def named_sharers(self) -> tuple[SBDF, ...]:
        """The sharers; if the PCI functions are unknown, all the devices its regions name."""
        if self.facts.functions is not None:
            return self.sharers
        owners = (owner for region in self.named_regions for owner in region.owners)
        return tuple(sorted({owner.sbdf for owner in owners if owner.sbdf} - {self.sbdf}))

    @property
    def group(self) -> IommuGroup | None:
        """Its IOMMU group, if the kernel has groups."""
        function, group_of = self.function, self.facts.by_device.group_of
        return group_of(self.sbdf) or (None if function is None else group_of(function.dma_device))

    @property
    def locked_mates(self) -> tuple[SBDF, ...]:
        """The other devices of its group that are locked by a region."""
        return self._mates_with_region(relaxed=False)

    @property
    def relaxed_mates(self) -> tuple[SBDF, ...]:
        """The other devices of its group that only ``relax_rmrr`` does not lock by a region."""
        return self._mates_with_region(relaxed=True)

    def _mates_with_region(self, *, relaxed: bool) -> tuple[SBDF, ...]:
        group, release = self.group, self.telling_release
        if group is None:
            return ()
        published = self.unexplained_regions is not None
        exact = release is not None and release < THROUGH_BRIDGES
        return tuple(
            mate
            for mate in group.devices
            if mate != self.sbdf
            and any(
                held.hold is Hold.DIRECT
                and not (published and _kernel_denies(region, held))
                and not (exact and held.through)
                and self.relaxes(held) is relaxed
                for region, held in self.facts.by_device.held_by(mate)
            )
        )

    @property
    def on_xen(self) -> bool:
        """Whether a reading shows that this host runs Xen."""
        return self.inventory.linux.state is LinuxState.UNDER_XEN

    @property
    def on_linux(self) -> bool:
        """Whether a reading shows that this host runs Linux without Xen."""
        return self.inventory.linux.state in (LinuxState.GROUPS, LinuxState.NO_GROUPS)

    @property
    def existing_vfs(self) -> tuple[SBDF, ...]:
        """Its virtual functions that are present."""
        return self.facts.virtual_functions(self.sbdf)

    @property
    def possible_vfs(self) -> tuple[SBDF, ...]:
        """The functions that may be its virtual functions: no reading shows it."""
        own = self.function
        if own is None:
            return ()
        possible = (one for one in self.facts.perhaps_virtual if one.may_be_virtual_of(own))
        return tuple(sorted(function.sbdf for function in possible))


def _kernel_denies(region: Region, held: Held) -> bool:
    """Return whether Linux publishes the regions of the group and `region` is not among them."""
    return region.range is not None and not held.by_kernel
