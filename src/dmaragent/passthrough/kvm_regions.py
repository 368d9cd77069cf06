"""The effect of a device's reserved regions on a guest: by type, kernel release and guest RAM.

Pure.  Sources: ``linux/vfio.py``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dmaragent.addresses import FOUR_GIB, AddressRange
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.guests.qemu_memory import GuestRam
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.regions import FLOPPY, Hold, has_isa_bridge
from dmaragent.linux.vfio import VfioEffect, VfioOutcome
from dmaragent.passthrough import kvm_words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.unknown import gap_of_refusals
from dmaragent.passthrough.vfio_regions import VfioRegion, meets_guest_ram, vfio_regions
from dmaragent.policy.decisions import Decider, Decision, Effect, Harm, SourceRule, undecided

_FIRMWARE = frozenset({"direct", "direct-relaxable"})
"""The types of regions in which firmware expects the device's DMA to work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KvmGuestRam:
    """The guest's RAM, as far as it is known."""

    layouts: tuple[GuestRam, ...]
    guest: KvmGuest

    def overlaps(self, region: AddressRange) -> bool | None:
        """Return whether guest RAM overlaps `region`; None if that is unknown."""
        answers = {layout.overlaps(region) for layout in self.layouts}
        if len(answers) != 1:
            return None
        answer = next(iter(answers))
        if answer is False and self.guest.more_memory and region.end > FOUR_GIB:
            return None  # QEMU chooses the addresses of memory devices, above 4 GiB
        return answer

    def reaches(self, region: AddressRange) -> bool | None:
        """Return whether RAM overlaps a range that QEMU normally keeps free of guest RAM.

        None if the guest may be so large that its RAM overlaps the range.  QEMU before 7.1 does
        not move RAM out of AMD's HyperTransport range, and later releases do so only for AMD
        processors.
        """
        if region.start <= FOUR_GIB:
            return False
        memory, plugged = self.guest.memory, self.guest.plugged
        if memory is None or plugged is None or memory + plugged > region.start - FOUR_GIB:
            return None
        return False


def region_decisions(device: DeviceContext, ram: KvmGuestRam) -> Iterator[Decision]:
    """Yield the decision on each reserved region of the device's group.

    A refusal that is only predicted is unknown if a gap could change it, as in `explain`.
    """
    regions = vfio_regions(device.inventory, device.sbdf)
    if regions is None:
        yield undecided(kvm_words.reserved_regions_unknown(device.sbdf), device=device.sbdf)
        return
    gap = gap_of_refusals(device)
    asked = device.vendor is not IommuVendor.AMD and device.asks_to_relax
    for region in regions:
        if _is_of_isa_bridge(device, region):
            continue
        if asked and device.has_relax_rmrr and not region.by_kernel:
            continue  # relax_rmrr relaxes every region; its own case has the warning
        if asked and device.has_relax_rmrr is None and not region.by_kernel and region.refused:
            reason = kvm_words.region_may_be_relaxed(region.range, region.type, device.sbdf)
            yield undecided(reason, region=region.range, device=device.sbdf)
            continue
        for decision in _region_decision(device, region, ram):
            if gap is None or region.by_kernel or decision.effect is not Effect.REFUSED:
                yield decision
            else:
                reason = kvm_words.predicted_region_in_doubt(
                    region.range, region.type, device.sbdf, gap
                )
                yield undecided(reason, region=region.range, device=device.sbdf)


def _is_of_isa_bridge(device: DeviceContext, region: VfioRegion) -> bool:
    """Return whether Linux added the region for the ISA bridge of the group, and not firmware.

    No firmware uses it: only a floppy of the host does (CONFIG_INTEL_IOMMU_FLOPPY_WA).
    """
    group = device.group
    return (
        group is not None
        and region.range == FLOPPY
        and region.type == Hold.RELAXABLE.value
        and has_isa_bridge(group, device.inventory.host.topology)
    )


@dataclass(frozen=True, slots=True)
class _GuestEffect:
    """The effect of one outcome on this guest."""

    outcome: VfioOutcome
    effect: Effect | None
    """None: no effect."""
    sentence: str


def _region_decision(
    device: DeviceContext, region: VfioRegion, ram: KvmGuestRam
) -> Iterator[Decision]:
    """Yield the decision on a region, if it has an effect."""
    overlap = ram.overlaps(region.range) if meets_guest_ram(region) else ram.reaches(region.range)
    guest_effects = [
        _GuestEffect(outcome, *_effect(region, outcome, overlap=overlap))
        for outcome in region.outcomes
    ]
    effects = {guest_effect.effect for guest_effect in guest_effects}
    first = guest_effects[0]
    where = (region.range, region.type, device.sbdf)
    if len(effects) > 1:
        reason = kvm_words.region_effect_by_kernel(
            *where, _why_kernel_open(device), list(_by_release(guest_effects))
        )
        yield undecided(reason, region=region.range, device=device.sbdf)
        return
    effect = first.effect
    if effect is None:
        return
    if effect is Effect.UNDECIDED:
        reason = kvm_words.region_effect_unknown(*where, first.sentence)
        yield undecided(reason, region=region.range, device=device.sbdf)
        return
    errors = [(outcome.error, outcome.releases) for outcome in region.outcomes]
    yield Decision(
        decider=Decider.LINUX,
        effect=effect,
        reason=kvm_words.region_effect(*where, first.sentence, errors),
        rule=SourceRule(first.outcome.rule, first.outcome.error),
        shown=first.outcome.message or first.outcome.error,
        region=region.range,
        device=device.sbdf,
        harm=Harm.NONE if overlap is False or effect is not Effect.WARNING else Harm.CORRUPTION,
    )


def _why_kernel_open(device: DeviceContext) -> str:
    """Return why the checks of the kernel are unknown."""
    if device.kernel_release is None:
        return kvm_words.KERNEL_RELEASE_UNKNOWN
    if device.telling_release is None:
        return kvm_words.may_have_later_checks(str(device.inventory.host.system.kernel_release))
    if device.vendor is IommuVendor.UNKNOWN:
        return kvm_words.VENDOR_UNKNOWN
    return kvm_words.DEVICE_OF_REGION_UNKNOWN


def _by_release(guest_effects: Sequence[_GuestEffect]) -> Iterator[tuple[str, bool, str]]:
    """Yield each effect once: its releases, newest first, and whether it is on Intel only."""
    spans: dict[tuple[bool, str], list[VfioOutcome]] = {}
    for guest_effect in guest_effects:
        intel = guest_effect.outcome.rule.startswith("Linux intel/")
        spans.setdefault((intel, guest_effect.sentence), []).append(guest_effect.outcome)
    for (intel, sentence), outcomes in spans.items():
        since = min(outcome.since for outcome in outcomes)
        yield outcomes[0]._replace(since=since).releases, intel, sentence


def _effect(
    region: VfioRegion, outcome: VfioOutcome, *, overlap: bool | None
) -> tuple[Effect | None, str]:
    """Return the effect of one outcome on this guest (None: no effect), and its sentence."""
    firmware = region.type in _FIRMWARE
    match outcome.effect:
        case VfioEffect.REFUSED:
            return Effect.REFUSED, kvm_words.ONE_TO_ONE_REFUSED
        case VfioEffect.UNKNOWN:
            return Effect.UNDECIDED, kvm_words.TYPE_NOT_KNOWN
        case VfioEffect.MAPPING_FAILS if overlap:
            return Effect.REFUSED, kvm_words.RAM_NOT_MAPPED
        case VfioEffect.MAPPING_FAILS if overlap is None:
            return Effect.UNDECIDED, kvm_words.RAM_UNKNOWN_NOT_MAPPED
    if overlap is None:
        return Effect.WARNING, kvm_words.RAM_UNKNOWN_MAY_BE_OVERWRITTEN
    if overlap:
        return Effect.WARNING, kvm_words.RAM_MAY_BE_OVERWRITTEN
    if firmware:
        return Effect.WARNING, kvm_words.FIRMWARE_DMA_FAULTS
    return None, kvm_words.NO_RAM_NO_EFFECT
