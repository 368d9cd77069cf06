"""What libxl refuses before it builds anything: settings that contradict each other.

Source: tools libxl_create.c, ``libxl__domain_config_setdefault`` and
``libxl__domain_build_info_setdefault``; libxl_x86.c.
"""

from collections.abc import Iterator

from dmaragent.guests.config import GuestConfig, GuestType, Vga
from dmaragent.guests.rdm import MIB
from dmaragent.policy.decisions import Decider, Decision, Effect, SourceRule, unsure
from dmaragent.policy.host_facts import HostFacts

DEFAULTS_RULE = SourceRule("libxl_create.c, libxl__domain_config_setdefault", of_regions=False)
VIDEO_RULE = SourceRule("libxl_create.c, libxl__domain_build_info_setdefault", of_regions=False)
PVH_RULE = SourceRule("libxl_x86.c, libxl__arch_passthrough_mode_setdefault", of_regions=False)
SHARE_RULE = PVH_RULE
"""The same function refuses ``share_pt``, from 4.13 on, which is the first that reads it."""


def early_refusals(guest: GuestConfig, host: HostFacts, devices: int) -> Iterator[Decision]:
    """Yield what libxl refuses of a guest with so many devices before anything is built."""
    passes = devices or guest.passthrough not in (None, "default", "disabled")
    if passes and host.iommu_off:
        reason = f"no device can be passed through: {host.iommu_off}"
        yield _refused(guest, reason, DEFAULTS_RULE, "pci")
    if devices and guest.passthrough == "disabled":
        reason = "it has devices, and passthrough is disabled"
        yield _refused(guest, reason, DEFAULTS_RULE, "passthrough")
    if guest.type is GuestType.PVH and devices:
        yield _refused(guest, "a PVH guest cannot be given PCI devices", PVH_RULE, "type")
    elif guest.type is GuestType.PVH and passes:
        reason = f"passthrough = {guest.passthrough} is refused for a PVH guest, devices or not"
        yield _refused(guest, reason, PVH_RULE, "passthrough")
    elif guest.passthrough == "share_pt" and passes:
        why = _why_not_shared(guest, host)
        if why:
            yield _refused(guest, f"passthrough = share_pt is {why}", SHARE_RULE, "passthrough")
        elif host.share_pt is None and host.xen_runs:
            reason = (
                "whether passthrough = share_pt is supported is unknown: virt_caps of `xl info` "
                "does not say (iommu_hap_pt_share)"
            )
            place = guest.places.get("passthrough", "")
            yield unsure(reason, rule=SHARE_RULE, place=place)
    less = guest.memory is not None and guest.memory < guest.most_memory
    if passes and less and guest.type is not GuestType.PV:
        reason = (
            f"memory ({(guest.memory or 0) // MIB} MiB) is less than maxmem "
            f"({guest.most_memory // MIB} MiB): populate on demand does not go with passthrough"
        )
        yield _refused(guest, reason, DEFAULTS_RULE, "maxmem")
    if guest.type is GuestType.HVM:
        yield from _video(guest)


def _why_not_shared(guest: GuestConfig, host: HostFacts) -> str:
    """Return why the guest cannot share the IOMMU's page tables with HAP; or an empty text."""
    if guest.type is GuestType.PV:
        return "not valid for a PV guest"
    if host.share_pt is False:
        return "not supported by this host: `xl info` lists no iommu_hap_pt_share"
    hap = guest.hap if guest.hap is not None else host.hap is not False
    return "" if hap else "only valid for guests with HAP"


def _video(guest: GuestConfig) -> Iterator[Decision]:
    least = guest.least_video
    model = "qemu-xen-traditional" if guest.is_traditional else "qemu-xen"
    if least is None:
        yield _refused(guest, f"{model} has no {guest.vga.value}", VIDEO_RULE, "vga")
    elif guest.video < least and not (guest.is_traditional and guest.vga is Vga.CIRRUS):
        reason = f"videoram is {guest.video // MIB} MiB; {guest.vga.value} needs {least // MIB}"
        yield _refused(guest, reason, VIDEO_RULE, "videoram")


def _refused(guest: GuestConfig, reason: str, rule: SourceRule, name: str) -> Decision:
    return Decision(
        decider=Decider.LIBXL,
        effect=Effect.REFUSED,
        reason=reason,
        rule=rule,
        place=guest.places.get(name, ""),
    )
