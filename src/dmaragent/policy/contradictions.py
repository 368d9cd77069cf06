"""What libxl refuses before it builds anything: settings that contradict each other or the host.

Sources: tools libxl_create.c, ``libxl__domain_config_setdefault`` and
``libxl__domain_build_info_setdefault``; libxl_x86.c.
"""

from collections.abc import Iterator

from dmaragent.guests.config import GuestConfig, GuestType, Vga
from dmaragent.policy.decisions import Decider, Decision, Effect, SourceRule, undecided
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.settings import WITHOUT_TRADITIONAL
from dmaragent.policy.words import building as words
from dmaragent.releases import Release

DEFAULTS_RULE = SourceRule("libxl_create.c, libxl__domain_config_setdefault", of_regions=False)
VIDEO_RULE = SourceRule("libxl_create.c, libxl__domain_build_info_setdefault", of_regions=False)
PVH_RULE = SourceRule("libxl_x86.c, libxl__arch_passthrough_mode_setdefault", of_regions=False)
NODES_RULE = SourceRule(
    "libxl_vnuma.c, libxl__vnuma_config_check, libxl__vnuma_build_vmemrange_hvm", of_regions=False
)
SHARE_RULE = PVH_RULE
"""The same function refuses ``share_pt`` from 4.13 on, the first release that reads it."""


def contradictions(
    guest: GuestConfig, host: HostFacts, devices: int, release: Release
) -> Iterator[Decision]:
    """Yield what libxl of `release` refuses before it builds the guest, which has `devices`."""
    passes = devices or guest.passthrough not in (None, "default", "disabled")
    if passes and host.iommu_off and not goes_without_iommu(guest, host, release):
        yield _contradiction(guest, words.iommu_off(host.iommu_off), DEFAULTS_RULE, "pci")
    if devices and guest.passthrough == "disabled":
        yield _contradiction(guest, words.PASSTHROUGH_DISABLED, DEFAULTS_RULE, "passthrough")
    if passes:
        yield from _mode_contradictions(guest, host, devices)
    memory, maximum = guest.memory, guest.most_memory
    if passes and memory is not None and memory < maximum and guest.type is not GuestType.PV:
        reason = words.memory_below_maxmem(memory, maximum)
        yield _contradiction(guest, reason, DEFAULTS_RULE, "maxmem")
    if guest.vnuma:
        yield from _node_contradictions(guest)
    if guest.type is GuestType.HVM:
        yield from _device_model_contradictions(guest, release)


def _mode_contradictions(guest: GuestConfig, host: HostFacts, devices: int) -> Iterator[Decision]:
    """Yield what libxl refuses of the mode of passthrough, of a guest that has one."""
    if guest.type is GuestType.PVH and devices:
        yield _contradiction(guest, words.PVH_WITHOUT_DEVICES, PVH_RULE, "type")
    elif guest.type is GuestType.PVH:
        reason = words.passthrough_of_pvh_guest(guest.passthrough)
        yield _contradiction(guest, reason, PVH_RULE, "passthrough")
    elif guest.passthrough == "share_pt":
        reason = _why_not_shared(guest, host)
        if reason:
            yield _contradiction(guest, reason, SHARE_RULE, "passthrough")
        elif host.share_pt is None and host.xen_runs:
            place = guest.places.get("passthrough", "")
            yield undecided(words.SHARE_PT_UNKNOWN, rule=SHARE_RULE, place=place)


_NEEDS_IOMMU = (4, 13)
"""From this release on libxl, and for each guest Xen, refuse devices without an IOMMU."""


def goes_without_iommu(guest: GuestConfig, host: HostFacts, release: Release) -> bool:
    """Return whether the guest can have devices without an IOMMU, with tools of `release`.

    Up to 4.12, libxl ignores for a PV guest that Xen cannot assign a device: ``do_pci_add``, ENOSYS.
    """
    releases = (release, host.release)
    old = all(one is not None and one.series < _NEEDS_IOMMU for one in releases)
    return guest.type is GuestType.PV and old


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


def _device_model_contradictions(guest: GuestConfig, release: Release) -> Iterator[Decision]:
    if guest.is_traditional and release.series >= WITHOUT_TRADITIONAL:
        reason = words.device_model_removed(release)
        yield _contradiction(guest, reason, VIDEO_RULE, "device_model_version")
        return
    least = guest.least_video
    if least is None:
        model = "qemu-xen-traditional" if guest.is_traditional else "qemu-xen"
        yield _contradiction(guest, words.adapter_missing(model, guest.vga), VIDEO_RULE, "vga")
    elif guest.video < least and not (guest.is_traditional and guest.vga is Vga.CIRRUS):
        reason = words.videoram_too_small(guest.video, guest.vga, least)
        yield _contradiction(guest, reason, VIDEO_RULE, "videoram")


def _node_contradictions(guest: GuestConfig) -> Iterator[Decision]:
    """Yield what libxl refuses of virtual NUMA nodes: 27524b5e15, 4.6."""
    total, maximum = sum(guest.vnuma), guest.most_memory
    memory = maximum if guest.memory is None else guest.memory
    if guest.type is GuestType.PV:
        yield _contradiction(guest, words.NODES_OF_PV_GUEST, DEFAULTS_RULE, "vnuma")
    elif memory < maximum:
        reason = words.nodes_without_all_memory(memory, maximum)
        yield _contradiction(guest, reason, DEFAULTS_RULE, "vnuma")
    elif total != maximum:
        yield _contradiction(guest, words.nodes_mismatch(total, maximum), NODES_RULE, "vnuma")
    elif guest.type is GuestType.HVM and guest.vnuma[0] < guest.video:
        reason = words.first_node_too_small(guest.vnuma[0], guest.video)
        yield _contradiction(guest, reason, NODES_RULE, "vnuma")


def _contradiction(guest: GuestConfig, reason: str, rule: SourceRule, setting: str) -> Decision:
    return Decision(
        decider=Decider.LIBXL,
        effect=Effect.REFUSED,
        reason=reason,
        rule=rule,
        place=guest.places.get(setting, ""),
    )
