"""What helps a device: what is needed first, then remedies, the safest first, each with its risk."""

import shlex
from collections.abc import Iterator

from dmaragent.linux.vfio import PCIBACK
from dmaragent.passthrough.device_context import DeviceContext, names, region_list
from dmaragent.passthrough.model import Can, PlatformVerdict, Safety, Step
from dmaragent.passthrough.published import published_only
from dmaragent.passthrough.sriov import remove_first
from dmaragent.passthrough.vmd import vmd_steps
from dmaragent.passthrough.xen import try_guest
from dmaragent.policy.harm import Harm
from dmaragent.remedies.devices.linux_steps import BIND, linux_steps_of, taken_words
from dmaragent.remedies.devices.vendor import vendor_step
from dmaragent.remedies.guests import remedies
from dmaragent.remedies.guests.trial import Remedy, RemedyKind
from dmaragent.remedies.rank import Cost, Rank
from dmaragent.remedies.xlcfg_lines import quoted

_SHELL = "a root shell"
_DOM0 = "a root shell in dom0"
_XL = "the guest's xl.cfg"
_ASSIGNABLE = "Make it assignable"
_RANKS = {
    Safety.NEEDED: Rank(Harm.NONE, Cost.NEEDED),
    Safety.SAFE: Rank(Harm.NONE, Cost.NOTHING),
    Safety.FIRMWARE: Rank(Harm.NONE, Cost.FIRMWARE),
    Safety.RISK: Rank(Harm.CORRUPTION, Cost.POLICY),
}
"""A step's place among the others, by the order of all remedies."""
_MIB = 1 << 20
_STORAGE = 0x01


def steps_of(
    device: DeviceContext, xen: PlatformVerdict, linux: PlatformVerdict
) -> tuple[Step, ...]:
    """Give what is needed and what helps; a step is for Xen, for Linux or for both.

    What does not help this device is left out: options for groups where the group is not in
    the way, kernel options where Xen decides or the kernel does not have them.
    """
    function = device.function
    behind_vmd = vmd_steps(device)
    if behind_vmd is not None:
        return behind_vmd
    if function is None or device.chipset:
        return ()
    xen_steps, linux_steps = list(_xen_steps(device, xen)), list(linux_steps_of(device, linux))
    taken = any(step.title in (_ASSIGNABLE, BIND) for step in (*xen_steps, *linux_steps))
    found = [*(remove_first(device) if taken else ()), *xen_steps]
    if _in_the_way(device, xen, linux):
        found += _virtual_function(device)
        found.append(vendor_step(device, function))
    found += linux_steps
    return tuple(sorted(found, key=lambda one: _RANKS[one.safety]))


def _in_the_way(device: DeviceContext, xen: PlatformVerdict, linux: PlatformVerdict) -> bool:
    """Tell whether whoever decides here holds a region against the device."""
    direct = any(region.type == "direct" for region in published_only(device))
    if not (device.named or device.held or direct):
        return False
    by_xen = not device.on_linux and xen.can in (Can.CONDITIONS, Can.NO)
    refused = any(case.can is Can.NO for case in linux.cases)
    by_linux = not device.on_xen and (refused or (direct and linux.can is not Can.YES))
    return by_xen or by_linux


# Xen ------------------------------------------------------------------------------------


def _xen_steps(device: DeviceContext, xen: PlatformVerdict) -> Iterator[Step]:
    if device.on_linux or xen.can is Can.NO or (xen.can is Can.UNKNOWN and not xen.cases):
        return
    sbdf, assignable = device.sbdf, device.facts.assignable
    if assignable is None and device.driver in PCIBACK:
        assignable = frozenset({sbdf})
    if assignable is None or sbdf not in assignable:
        yield Step(
            safety=Safety.NEEDED,
            side="Xen",
            title=_ASSIGNABLE,
            said=f"{taken_words(device, 'dom0')}. It is bound to pciback. (Xen "
            "then moves it to its quarantine, domain 32753, always relaxed: a line about a risk "
            "that names d[IO] or Dom32753 is about that, not about a guest.)",
            lines=(f"xl pci-assignable-add {sbdf}",),
            where=_DOM0,
        )
    cases = {case.title: case for case in xen.cases}
    strict, relaxed = cases.get("strict"), cases.get("relaxed")
    if strict is None:
        yield _plain(device)
    elif strict.can is Can.YES:
        yield Step(
            safety=Safety.SAFE,
            side="Xen",
            title="Pass it through",
            said="Nothing else is needed.",
            lines=(f"pci = [ {quoted(f'{sbdf},rdm_policy=strict')} ]",),
            where=_XL,
        )
    else:
        yield from _boundary(device)
        yield from _relaxed(device, relaxed is not None and relaxed.can is not Can.NO)


def _plain(device: DeviceContext) -> Step:
    """Give the line for a device that Xen ties no region to."""
    lost = [region for region, _ in device.behind_bridge]
    return Step(
        safety=Safety.RISK if lost else Safety.SAFE,
        side="Xen",
        title="Pass it through without its region" if lost else "Pass it through",
        said=f"It goes without {region_list(lost)}: it works only if it does without, and what it "
        "or its firmware does there fails."
        if lost
        else "Nothing else is needed.",
        lines=(f"pci = [ {quoted(str(device.sbdf))} ]",),
        where=_XL,
    )


def _boundary(device: DeviceContext) -> Iterator[Step]:
    """Give the settings that let a strict guest start, as tried by resolving it."""
    one = _out_of_the_way(device, "strict")
    if one is not None:
        yield Step(
            safety=Safety.SAFE,
            side="Xen",
            title="Keep the guest's RAM out of the region",
            said=f"{one.effect}. With this a strict guest of 4096 MiB starts. For a guest of "
            "yours, `dmaragent resolve` finds the number.",
            lines=one.lines,
            where=_XL,
        )


def _out_of_the_way(device: DeviceContext, policy: str) -> Remedy | None:
    """Give the first remedy that moves RAM and leaves the policy as it is."""
    kinds = (RemedyKind.BOUNDARY, RemedyKind.MEMORY)
    found = remedies(try_guest(device, policy)).found
    return next((one for one in found if one.kind in kinds), None)


def _relaxed(device: DeviceContext, helps: bool) -> Iterator[Step]:  # noqa: FBT001 - private
    if not helps:
        return
    apart = _out_of_the_way(device, "relaxed")
    said = (
        "Xen assigns it all the same. The risk: device, firmware and guest can use the same "
        "memory by DMA; where the guest has RAM in the region, the firmware's DMA overwrites it."
    )
    if apart is not None:
        said += " With the second line libxl moves RAM out of the way of what lies higher."
    low = [one for one in device.named if one.base < _MIB]
    if low:
        said += f" Nothing moves RAM out of what lies below 1 MiB: {region_list(low)}."
    if device.sharers:
        said += (
            f" {names(device.sharers)} can use the same memory: give of those to the same guest "
            "what the host can do without, and to other guests none."
        )
    yield Step(
        safety=Safety.RISK,
        side="Xen",
        title="Relax the policy of this device",
        said=said,
        lines=(
            f"pci = [ {quoted(f'{device.sbdf},rdm_policy=relaxed')} ]",
            *(() if apart is None else apart.lines),
        ),
        where=_XL,
    )


# Both -----------------------------------------------------------------------------------


def _virtual_function(device: DeviceContext) -> Iterator[Step]:
    """Offer a virtual function: no region that names a device is tied to one of its own."""
    function = device.function
    if function is None or not function.total_vfs:
        return
    if device.behind_bridge and not device.on_xen:
        return  # Linux ties a region that names a bridge to all that is below it
    existing = device.existing_vfs
    group = device.group
    if not device.on_xen and group is not None and set(existing) & set(group.devices):
        return  # VFIO takes a group whole: what holds the physical function holds them
    path = shlex.quote(f"/sys/bus/pci/devices/{device.sbdf}/sriov_numvfs")
    there = f" There are some: {names(existing)}." if existing else ""
    yield Step(
        safety=Safety.SAFE,
        side="",
        title="Pass a virtual function through instead",
        said=f"It can have {function.total_vfs}. No region is tied to them, so theirs stay with the "
        f"host. The device itself then keeps its driver.{there}",
        lines=() if existing else (f"echo 1 > {path}",),
        where="" if existing else _SHELL,
    )
