"""What the reserved regions of a device mean for a guest: by type, kernel release and guest RAM.

Pure.  Sources: ``linux/vfio.py``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dmaragent.addresses import AddressRange, span
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.guests.qemu_memory import GuestRam
from dmaragent.guests.rdm import FOUR_GIB
from dmaragent.linux.vfio import VfioEffect, VfioOutcome, kernel_release, telling_release
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.linux_release import knows_option, relaxed_by_option
from dmaragent.passthrough.vfio_regions import VfioRegion, meets_guest_ram, vfio_regions
from dmaragent.policy.decisions import Decider, Decision, Effect, SourceRule, unsure
from dmaragent.policy.harm import Harm

_FIRMWARE = frozenset({"direct", "direct-relaxable"})
"""The types of regions in which firmware expects the device's DMA to work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ram:
    """The guest's RAM, as far as it is known."""

    layouts: tuple[GuestRam, ...]
    guest: KvmGuest

    def overlaps(self, region: AddressRange) -> bool | None:
        """Return whether guest RAM lies in `region`; None if that is unknown."""
        answers = {one.overlaps(region) for one in self.layouts}
        if len(answers) != 1:
            return None
        answer = next(iter(answers))
        if answer is False and self.guest.more_memory and region.end > FOUR_GIB:
            return None  # memory devices lie above 4 GiB, at addresses that QEMU chooses
        return answer

    def reaches(self, region: AddressRange) -> bool | None:
        """Return whether RAM lies in a range that QEMU keeps free of a guest's RAM if it can.

        None if the guest is so large that its RAM may lie there: QEMU before 7.1 does not move
        RAM out of AMD's HyperTransport range, and later ones do for AMD processors alone.
        """
        large = region.start > FOUR_GIB and (self.guest.memory or 0) > region.start - FOUR_GIB
        return None if large else False

    @property
    def why_unknown(self) -> str:
        """Why the layout is unknown, in words."""
        if self.guest.memory is None:
            return "its memory size is not written"
        if not self.layouts:
            machine = self.guest.machine or "unnamed"
            return f"the memory layout of the machine type '{machine[:40]}' is not modelled"
        return "memory devices, ROMs or an unnamed machine type decide"


def region_decisions(subject: DeviceContext, ram: Ram) -> Iterator[Decision]:
    """Yield what each reserved region of the device's group does."""
    regions = vfio_regions(subject.inventory, subject.sbdf)
    if regions is None:
        yield unsure(
            f"the reserved regions of {subject.sbdf} are unknown: "
            "/sys/kernel/iommu_groups/*/reserved_regions or the whole table would tell",
            device=subject.sbdf,
        )
        return
    for region in regions:
        if not region.by_kernel and knows_option(subject) and relaxed_by_option(subject):
            continue  # the kernel has let all regions go; the warning stands with the option
        yield from _decide(subject, region, ram)


def _decide(subject: DeviceContext, region: VfioRegion, ram: Ram) -> Iterator[Decision]:
    overlap = ram.overlaps(region.range) if meets_guest_ram(region) else ram.reaches(region.range)
    told = [(one, *_outcome(region, one, overlap=overlap)) for one in region.outcomes]
    effects = {effect for _, effect, _ in told}
    if effects == {None}:
        return
    where = f"{span(region.range)} ({region.type})"
    if len(effects) > 1:
        yield unsure(
            f"the effect of {where} on {subject.sbdf} depends on the kernel, and "
            f"{_why_open(subject)}. {_by_release(told)}",
            region=region.range,
            device=subject.sbdf,
        )
        return
    effect = next(iter(effects))
    if effect is Effect.UNDECIDED:
        yield unsure(
            f"{where} of {subject.sbdf}: {told[0][2]}", region=region.range, device=subject.sbdf
        )
        return
    words = told[0][2]
    if len(told) > 1:
        words += f" ({'; '.join(f'{one.error}: {one.releases}' for one, _, _ in told)})"
    first = told[0][0]
    yield Decision(
        decider=Decider.LINUX,
        effect=Effect.WARNING if effect is None else effect,
        reason=f"{subject.sbdf} has the reserved region {where}: {words}",
        rule=SourceRule(first.rule, first.error),
        shown=first.message or first.error,
        region=region.range,
        device=subject.sbdf,
        harm=Harm.NONE if overlap is False or effect is not Effect.WARNING else Harm.CORRUPTION,
    )


def _why_open(subject: DeviceContext) -> str:
    """Return why the kernel's release does not tell which checks it has."""
    kernel = subject.inventory.host.system.kernel_release
    if kernel_release(kernel) is None:
        return "its release (uname -r) is unknown"
    if telling_release(kernel) is None:
        return f"{str(kernel)[:60]} may have checks of later releases"
    return "the IOMMU's vendor is unknown"


def _by_release(told: Sequence[tuple[VfioOutcome, Effect | None, str]]) -> str:
    """Return each effect with its releases, the newest first; one effect once."""
    spans: dict[tuple[str, str], list[VfioOutcome]] = {}
    for outcome, _, said in told:
        on_intel = " on Intel" if outcome.rule.startswith("Linux intel/") else ""
        spans.setdefault((on_intel, said), []).append(outcome)
    return "; ".join(
        f"{one[0]._replace(since=min(other.since for other in one)).releases}{on_intel}: {said}"
        for (on_intel, said), one in spans.items()
    )


def _outcome(
    region: VfioRegion, outcome: VfioOutcome, *, overlap: bool | None
) -> tuple[Effect | None, str]:
    """Return the effect of one outcome on this guest; None: it has none."""
    firmware = region.type in _FIRMWARE
    match outcome.effect:
        case VfioEffect.REFUSED:
            return Effect.REFUSED, "firmware requires a 1:1 mapping, so Linux refuses the device"
        case VfioEffect.UNKNOWN:
            return Effect.UNDECIDED, "a type of region that is not known"
        case VfioEffect.MAPPING_FAILS if overlap:
            return Effect.REFUSED, "guest RAM lies in it, and VFIO does not map RAM there"
        case VfioEffect.MAPPING_FAILS if overlap is None:
            return Effect.UNDECIDED, "VFIO maps no RAM there, and where guest RAM lies is unknown"
    if overlap is None:
        said = "VFIO does not map it 1:1. DMA of the firmware there reaches guest RAM, or faults"
        return Effect.WARNING, said
    if overlap:
        said = "VFIO does not map it 1:1, and guest RAM lies there: DMA of the firmware can overwrite it"
        return Effect.WARNING, said
    if firmware:
        return Effect.WARNING, "VFIO does not map it, so DMA of the firmware there faults"
    return None, "no effect: no guest RAM lies there"
