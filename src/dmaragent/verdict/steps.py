"""What helps a device: what is needed first, then remedies, the safest first, each with its risk."""

import shlex
from collections.abc import Iterator

from dmaragent.addresses import SBDF
from dmaragent.platforms.vfio import IommuVendor
from dmaragent.policy.entries import quoted
from dmaragent.policy.remedies import remedies
from dmaragent.policy.remedies.trial import Remedy, RemedyKind
from dmaragent.verdict.drivers import HOLDERS, PCIBACK, is_vfio_driver
from dmaragent.verdict.iommu_off import iommu_unused, switch_on_step
from dmaragent.verdict.kernel import OPTION, kernel_release, knows_option
from dmaragent.verdict.linux_group import unready_mates
from dmaragent.verdict.model import Can, Safety, Side, Step
from dmaragent.verdict.published import published_only
from dmaragent.verdict.subject import Subject, names, region_list
from dmaragent.verdict.vendor import vendor_step
from dmaragent.verdict.virtual import remove_first
from dmaragent.verdict.vmd import vmd_steps
from dmaragent.verdict.xen import try_guest

_SHELL = "a root shell"
_DOM0 = "a root shell in dom0"
_XL = "the guest's xl.cfg"
_ASSIGNABLE, _BIND = "Make it assignable", "Bind it to vfio-pci"
_ORDER = tuple(Safety)
_MIB = 1 << 20
_STORAGE = 0x01
_MOST_APART = 5
"""More devices than that are bound in a loop."""
_IN_A_ROW = 4


def steps_of(subject: Subject, xen: Side, linux: Side) -> tuple[Step, ...]:
    """Give what is needed and what helps; a step is for Xen, for Linux or for both.

    What does not help this device is left out: options for groups where the group is not in
    the way, kernel options where Xen decides or the kernel does not have them.
    """
    function = subject.function
    behind_vmd = vmd_steps(subject)
    if behind_vmd is not None:
        return behind_vmd
    if function is None or subject.chipset:
        return ()
    xen_steps, linux_steps = list(_xen_steps(subject, xen)), list(_linux_steps(subject, linux))
    taken = any(step.title in (_ASSIGNABLE, _BIND) for step in (*xen_steps, *linux_steps))
    found = [*(remove_first(subject) if taken else ()), *xen_steps]
    if _in_the_way(subject, xen, linux):
        found += _virtual_function(subject)
        found.append(vendor_step(subject, function))
    found += linux_steps
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.safety)))


def _in_the_way(subject: Subject, xen: Side, linux: Side) -> bool:
    """Tell whether whoever decides here holds a region against the device."""
    direct = any(region.type == "direct" for region in published_only(subject))
    if not (subject.named or subject.held or direct):
        return False
    by_xen = not subject.on_linux and xen.can in (Can.CONDITIONS, Can.NO)
    refused = any(case.can is Can.NO for case in linux.cases)
    by_linux = not subject.on_xen and (refused or (direct and linux.can is not Can.YES))
    return by_xen or by_linux


def _taken(subject: Subject, owner: str) -> str:
    """Return what the owner loses by giving the device away."""
    function = subject.function
    driver = None if function is None else function.driver
    if function is not None and not function.driver_known:
        return f"Which driver of {owner} has it is unknown; {owner} loses the device"
    if function is None or driver is None:
        return f"No driver of {owner} has it now"
    if driver in HOLDERS or is_vfio_driver(driver):
        return f"{driver} has it now, so {owner} loses nothing more"
    disks = (function.class_code or 0) >> 16 == _STORAGE
    lost = "every disk behind it: not where the host boots from one" if disks else "the device"
    return f"Takes it from its driver {driver}, so that {owner} loses {lost}"


# Xen ------------------------------------------------------------------------------------


def _xen_steps(subject: Subject, xen: Side) -> Iterator[Step]:
    if subject.on_linux or xen.can is Can.NO or (xen.can is Can.UNKNOWN and not xen.cases):
        return
    sbdf, assignable = subject.sbdf, subject.facts.assignable
    if assignable is None and _driver(subject) in PCIBACK:
        assignable = frozenset({sbdf})
    if assignable is None or sbdf not in assignable:
        yield Step(
            safety=Safety.NEEDED,
            side="Xen",
            title=_ASSIGNABLE,
            said=f"{_taken(subject, 'dom0')}. It is bound to pciback. (Xen "
            "then moves it to its quarantine, domain 32753, always relaxed: a line about a risk "
            "that names d[IO] or Dom32753 is about that, not about a guest.)",
            lines=(f"xl pci-assignable-add {sbdf}",),
            where=_DOM0,
        )
    cases = {case.title: case for case in xen.cases}
    strict, relaxed = cases.get("strict"), cases.get("relaxed")
    if strict is None:
        yield _plain(subject)
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
        yield from _boundary(subject)
        yield from _relaxed(subject, relaxed is not None and relaxed.can is not Can.NO)


def _plain(subject: Subject) -> Step:
    """Give the line for a device that Xen ties no region to."""
    lost = [region for region, _ in subject.behind_bridge]
    return Step(
        safety=Safety.RISK if lost else Safety.SAFE,
        side="Xen",
        title="Pass it through without its region" if lost else "Pass it through",
        said=f"It goes without {region_list(lost)}: it works only if it does without, and what it "
        "or its firmware does there fails."
        if lost
        else "Nothing else is needed.",
        lines=(f"pci = [ {quoted(str(subject.sbdf))} ]",),
        where=_XL,
    )


def _boundary(subject: Subject) -> Iterator[Step]:
    """Give the settings that let a strict guest start, as tried by resolving it."""
    one = _out_of_the_way(subject, "strict")
    if one is not None:
        yield Step(
            safety=Safety.SAFE,
            side="Xen",
            title="Keep the guest's RAM out of the region",
            said=f"With this a strict guest of 4096 MiB starts: {one.effect}. For a guest of "
            "yours, `dmaragent resolve` finds the number.",
            lines=one.lines,
            where=_XL,
        )


def _out_of_the_way(subject: Subject, policy: str) -> Remedy | None:
    """Give the first remedy that moves RAM and leaves the policy as it is."""
    kinds = (RemedyKind.BOUNDARY, RemedyKind.MEMORY)
    found = remedies(try_guest(subject, policy)).found
    return next((one for one in found if one.kind in kinds), None)


def _relaxed(subject: Subject, helps: bool) -> Iterator[Step]:  # noqa: FBT001 - private
    if not helps:
        return
    apart = _out_of_the_way(subject, "relaxed")
    said = (
        "Xen assigns it all the same. The risk: device, firmware and guest can use the same "
        "memory by DMA; where the guest has RAM in the region, the firmware's DMA overwrites it."
    )
    if apart is not None:
        said += " With the second line libxl moves RAM out of the way of what lies higher."
    low = [one for one in subject.named if one.base < _MIB]
    if low:
        said += f" Nothing moves RAM out of what lies below 1 MiB: {region_list(low)}."
    if subject.sharers:
        said += (
            f" {names(subject.sharers)} can use the same memory: give of those to the same guest "
            "what the host can do without, and to other guests none."
        )
    yield Step(
        safety=Safety.RISK,
        side="Xen",
        title="Relax the policy of this device",
        said=said,
        lines=(
            f"pci = [ {quoted(f'{subject.sbdf},rdm_policy=relaxed')} ]",
            *(() if apart is None else apart.lines),
        ),
        where=_XL,
    )


# Both -----------------------------------------------------------------------------------


def _virtual_function(subject: Subject) -> Iterator[Step]:
    """Offer a virtual function: no region that names a device is tied to one of its own."""
    function = subject.function
    if function is None or not function.total_vfs:
        return
    if subject.behind_bridge and not subject.on_xen:
        return  # Linux ties a region that names a bridge to all that is below it
    existing = subject.existing_vfs
    path = shlex.quote(f"/sys/bus/pci/devices/{subject.sbdf}/sriov_numvfs")
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


# Linux ----------------------------------------------------------------------------------


def _linux_steps(subject: Subject, linux: Side) -> Iterator[Step]:
    """Give what helps on Linux without Xen; below Xen no option of its kernel does anything."""
    if subject.on_xen:
        return
    if iommu_unused(subject):
        yield switch_on_step(subject)
    refusing = [case for case in linux.cases if case.can is Can.NO and case.title != OPTION]
    if linux.can in (Can.YES, Can.CONDITIONS):
        yield _bind(subject, linux)
    if subject.locked_mates and refusing and not subject.held:
        yield from _see_mates(subject)
    old = subject.function is not None and knows_option(subject) is False
    locked = subject.held or subject.locked_mates or published_only(subject)
    if refusing and locked and subject.vendor is IommuVendor.INTEL and not old:
        yield _relax_option(subject)


def _bind(subject: Subject, linux: Side) -> Step:
    """Return the step that binds the device to vfio-pci, with the rest of its group."""
    lost = any(case.releases.startswith("before Linux") for case in linux.cases)
    safety = Safety.RISK if lost else Safety.NEEDED
    mates = unready_mates(subject)
    driver = _driver(subject)
    if driver is not None and is_vfio_driver(driver):
        if not mates:
            return Step(
                safety=Safety.RISK if lost else Safety.SAFE,
                side="Linux",
                title=f"Bound to {driver}: nothing to do",
                said="Give it to the guest."
                if subject.group is None or len(subject.group.devices) == 1
                else "So is the rest of its IOMMU group, or no driver of the host has it.",
            )
        return Step(
            safety=safety,
            side="Linux",
            title="Bind the rest of its IOMMU group to vfio-pci",
            said=f"It is bound to {driver} itself: nothing to do for it. The rest of its group is "
            f"not: {names(mates)}.",
            lines=("modprobe vfio-pci", *_binding(subject, mates)),
            where=_SHELL,
        )
    rest = f" So is the rest of its IOMMU group: {names(mates)}." if mates else ""
    return Step(
        safety=safety,
        side="Linux",
        title=_BIND,
        said=f"{_taken(subject, 'the host')}. It is bound to vfio-pci.{rest}",
        lines=("modprobe vfio-pci", *_binding(subject, (subject.sbdf, *mates))),
        where=_SHELL,
    )


def _driver(subject: Subject) -> str | None:
    return None if subject.function is None else subject.function.driver


def _binding(subject: Subject, devices: tuple[SBDF, ...]) -> Iterator[str]:
    """Yield the lines that bind all of `devices`: each for itself, or in a loop if they are many."""
    if len(devices) <= _MOST_APART:
        for device in devices:
            yield from _bind_lines(subject, device)
        return
    rows = [devices[at : at + _IN_A_ROW] for at in range(0, len(devices), _IN_A_ROW)]
    for number, row in enumerate(rows):
        begin = "  " if number else "for device in "
        end = "; do" if number == len(rows) - 1 else " \\"
        yield f"{begin}{' '.join(map(str, row))}{end}"
    yield "  path=/sys/bus/pci/devices/$device"
    yield "  echo vfio-pci > $path/driver_override"
    yield "  if [ -e $path/driver ]; then echo $device > $path/driver/unbind; fi"
    yield "  echo $device > /sys/bus/pci/drivers_probe"
    yield "done"


def _bind_lines(subject: Subject, sbdf: SBDF) -> Iterator[str]:
    function = subject.inventory.host.topology.known.get(sbdf)
    device = f"/sys/bus/pci/devices/{sbdf}"
    yield f"echo vfio-pci > {device}/driver_override"
    if function is not None and not function.driver_known:
        yield f"[ ! -e {device}/driver ] ||"
        yield f"  echo {sbdf} > {device}/driver/unbind"
    elif function is not None and function.driver is not None:
        yield f"echo {sbdf} > {device}/driver/unbind"
    yield f"echo {sbdf} > /sys/bus/pci/drivers_probe"


def _see_mates(subject: Subject) -> Iterator[Step]:
    """Point to what locks the group."""
    yield Step(
        safety=Safety.SAFE,
        side="Linux",
        title="Look at what locks its group",
        said=f"It is {names(subject.locked_mates)} that a region holds; what helps that one, as a "
        "setting of the firmware, helps this one too. Another slot may be another group.",
        lines=tuple(f"dmaragent explain {one}" for one in subject.locked_mates),
        where=_SHELL,
    )


def _relax_option(subject: Subject) -> Step:
    known = knows_option(subject)
    here = "This kernel has it." if known else "Other kernels log that it is unknown."
    if known is None and kernel_release(subject) is None:
        here = "Which kernel runs is not known; others log that it is unknown."
    return Step(
        safety=Safety.RISK,
        side="Linux",
        title=f"The kernel option {OPTION}, in Proxmox kernels alone",
        said=f"Lets every region of the host go. {here} The risk: where firmware or the management "
        "controller go on using the memory, their DMA meets the guest's RAM, and the guest's is "
        "corrupted or the host hangs. Patching another kernel so has the same risk.",
        lines=(f"intel_iommu=on,{OPTION}",),
        where="the kernel's command line",
    )
