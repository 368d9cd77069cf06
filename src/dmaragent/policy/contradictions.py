"""What libxl refuses before it builds anything: settings that contradict each other or the host.

Sources: tools libxl_create.c, ``libxl__domain_config_setdefault`` and
``libxl__domain_build_info_setdefault``; libxl_x86.c.
"""

from collections.abc import Iterator

from dmaragent.guests.config import GuestConfig, GuestType, Vga
from dmaragent.policy.decisions import Decider, Decision, Effect, SourceRule, undecided
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.words import building as words

DEFAULTS_RULE = SourceRule("libxl_create.c, libxl__domain_config_setdefault", of_regions=False)
VIDEO_RULE = SourceRule("libxl_create.c, libxl__domain_build_info_setdefault", of_regions=False)
PVH_RULE = SourceRule("libxl_x86.c, libxl__arch_passthrough_mode_setdefault", of_regions=False)
SHARE_RULE = PVH_RULE
"""The same function refuses ``share_pt`` from 4.13 on, the first release that reads it."""


def contradictions(guest: GuestConfig, host: HostFacts, devices: int) -> Iterator[Decision]:
    """Yield what libxl refuses before it builds the guest, which has `passes` devices."""
    passes = devices or guest.passthrough not in (None, "default", "disabled")
    if passes and host.iommu_off:
        yield _contradiction(guest, words.iommu_off(host.iommu_off), DEFAULTS_RULE, "pci")
    if devices and guest.passthrough == "disabled":
        yield _contradiction(guest, words.PASSTHROUGH_DISABLED, DEFAULTS_RULE, "passthrough")
    if guest.type is GuestType.PVH and devices:
        yield _contradiction(guest, words.PVH_WITHOUT_DEVICES, PVH_RULE, "type")
    elif guest.type is GuestType.PVH and passes:
        reason = words.passthrough_of_pvh_guest(guest.passthrough)
        yield _contradiction(guest, reason, PVH_RULE, "passthrough")
    elif guest.passthrough == "share_pt" and passes:
        reason = _why_not_shared(guest, host)
        if reason:
            yield _contradiction(guest, reason, SHARE_RULE, "passthrough")
        elif host.share_pt is None and host.xen_runs:
            place = guest.places.get("passthrough", "")
            yield undecided(words.SHARE_PT_UNKNOWN, rule=SHARE_RULE, place=place)
    memory, maximum = guest.memory, guest.most_memory
    if passes and memory is not None and memory < maximum and guest.type is not GuestType.PV:
        reason = words.memory_below_maxmem(memory, maximum)
        yield _contradiction(guest, reason, DEFAULTS_RULE, "maxmem")
    if guest.type is GuestType.HVM:
        yield from _adapter_contradictions(guest)


def _why_not_shared(guest: GuestConfig, host: HostFacts) -> str:
    """Return why the guest cannot share the IOMMU's page tables with HAP; empty if it can."""
    if guest.type is GuestType.PV:
        return words.SHARE_PT_OF_PV_GUEST
    if host.share_pt is False:
        return words.SHARE_PT_UNSUPPORTED
    return "" if has_hap(guest, host) else words.SHARE_PT_WITHOUT_HAP


def has_hap(guest: GuestConfig, host: HostFacts) -> bool:
    """Return whether the guest has HAP, which is assumed if the host's support is unknown."""
    return guest.hap if guest.hap is not None else host.hap is not False


def _adapter_contradictions(guest: GuestConfig) -> Iterator[Decision]:
    least = guest.least_video
    if least is None:
        model = "qemu-xen-traditional" if guest.is_traditional else "qemu-xen"
        yield _contradiction(guest, words.adapter_missing(model, guest.vga), VIDEO_RULE, "vga")
    elif guest.video < least and not (guest.is_traditional and guest.vga is Vga.CIRRUS):
        reason = words.videoram_too_small(guest.video, guest.vga, least)
        yield _contradiction(guest, reason, VIDEO_RULE, "videoram")


def _contradiction(guest: GuestConfig, reason: str, rule: SourceRule, setting: str) -> Decision:
    return Decision(
        decider=Decider.LIBXL,
        effect=Effect.REFUSED,
        reason=reason,
        rule=rule,
        place=guest.places.get(setting, ""),
    )
