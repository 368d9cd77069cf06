"""What helps a device, the safest first: lines for xl.cfg and a root shell, each with its risk."""

import shlex
from collections.abc import Iterator

from dmaragent.policy.entries import quoted
from dmaragent.policy.remedies import remedies
from dmaragent.policy.trial import Remedy, RemedyKind
from dmaragent.verdict.linux import OPTION, is_proxmox
from dmaragent.verdict.model import Can, Safety, Side, Step
from dmaragent.verdict.subject import Subject, names
from dmaragent.verdict.vendor import vendor_step
from dmaragent.verdict.xen import try_guest

_SHELL = "a root shell"
_DOM0 = "a root shell in dom0"
_ORDER = tuple(Safety)


def steps_of(subject: Subject, xen: Side, linux: Side) -> tuple[Step, ...]:
    """Give what helps, the safest first; a step is for Xen, for Linux or for both.

    What does not help this device is left out: options for groups where the group is not in
    the way, kernel options where Xen decides.
    """
    function = subject.function
    if function is None or function.is_bridge:
        return ()
    found = list(_xen_steps(subject, xen))
    if _in_the_way(subject, xen, linux):
        found += _virtual_function(subject)
        found.append(vendor_step(subject.inventory.host.machine, function))
    found += _linux_steps(subject, linux)
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.safety)))


def _in_the_way(subject: Subject, xen: Side, linux: Side) -> bool:
    """Tell whether whoever decides here holds a region against the device."""
    if not (subject.named or subject.held):
        return False
    by_xen = not subject.on_linux and xen.can in (Can.CONDITIONS, Can.NO)
    by_linux = not subject.on_xen and any(case.can is Can.NO for case in linux.cases)
    return by_xen or by_linux


# Xen ------------------------------------------------------------------------------------


def _xen_steps(subject: Subject, xen: Side) -> Iterator[Step]:
    if subject.on_linux or xen.can in (Can.NO, Can.UNKNOWN):
        return
    sbdf, assignable = subject.sbdf, subject.facts.assignable
    if assignable is None or sbdf not in assignable:
        yield Step(
            safety=Safety.SAFE,
            side="Xen",
            title="Make it assignable",
            said=f"{_taken(subject, 'dom0')}. It is bound to pciback, first of all. (Xen "
            "then moves it to its quarantine, domain 32753, always relaxed: a line about a risk "
            "that names d[IO] or Dom32753 is about that, not about a guest.)",
            lines=(f"xl pci-assignable-add {sbdf}",),
            where=_DOM0,
        )
    cases = {case.title: case for case in xen.cases}
    strict, relaxed = cases.get("strict"), cases.get("relaxed")
    if strict is None or strict.can is Can.YES:
        word = "" if strict is None else ",rdm_policy=strict"
        yield Step(
            safety=Safety.SAFE,
            side="Xen",
            title="Pass it through",
            said="Nothing else is needed.",
            lines=(f"pci = [ {quoted(f'{sbdf}{word}')} ]",),
            where="the guest's xl.cfg",
        )
    else:
        yield from _boundary(subject)
    if strict is not None and strict.can is not Can.YES:
        yield from _relaxed(subject, relaxed is not None and relaxed.can is not Can.NO)


def _taken(subject: Subject, owner: str) -> str:
    driver = None if subject.function is None else subject.function.driver
    if driver is None:
        return f"No driver of {owner} has it now"
    return f"Takes it from its driver {driver}: {owner} loses what hangs on it"


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
            where="the guest's xl.cfg",
        )


def _out_of_the_way(subject: Subject, policy: str) -> Remedy | None:
    """Give the first remedy that moves RAM and leaves the policy as it is."""
    kinds = (RemedyKind.BOUNDARY, RemedyKind.MEMORY)
    found = remedies(try_guest(subject, policy)).found
    return next((one for one in found if one.kind in kinds), None)


def _relaxed(subject: Subject, helps: bool) -> Iterator[Step]:  # noqa: FBT001 - private
    if not helps:
        return
    others = subject.sharers
    shares = f" Give the others of its region to the same guest: {names(others)}." if others else ""
    apart = _out_of_the_way(subject, "relaxed")
    less = f" The second line makes it smaller: {apart.effect}." if apart is not None else ""
    yield Step(
        safety=Safety.RISK,
        side="Xen",
        title="Relax the policy of this device",
        said="Xen assigns it all the same. The risk: device, firmware and guest can use the same "
        "memory by DMA; where the guest has RAM in the region, the firmware's DMA overwrites it."
        f"{less}{shares}",
        lines=(
            f"pci = [ {quoted(f'{subject.sbdf},rdm_policy=relaxed')} ]",
            *(() if apart is None else apart.lines),
        ),
        where="the guest's xl.cfg",
    )


# Both -----------------------------------------------------------------------------------


def _virtual_function(subject: Subject) -> Iterator[Step]:
    """Offer a virtual function: no region is ever tied to one."""
    function = subject.function
    if function is None or not function.total_vfs:
        return
    existing = subject.existing_vfs
    path = shlex.quote(f"/sys/bus/pci/devices/{subject.sbdf}/sriov_numvfs")
    there = f" There are some: {names(existing)}." if existing else ""
    yield Step(
        safety=Safety.SAFE,
        side="",
        title="Pass a virtual function through instead",
        said=f"It can have {function.total_vfs}. Neither Xen nor Linux ties a region to a virtual "
        f"function, so the region stays with the host.{there}",
        lines=() if existing else (f"echo 1 > {path}",),
        where=_SHELL,
    )


# Linux ----------------------------------------------------------------------------------


def _linux_steps(subject: Subject, linux: Side) -> Iterator[Step]:
    """Give what helps on Linux without Xen; below Xen no option of its kernel does anything."""
    if subject.on_xen:
        return
    if linux.can in (Can.YES, Can.CONDITIONS):
        sbdf = subject.sbdf
        driver = subject.function is not None and subject.function.driver
        device = shlex.quote(f"/sys/bus/pci/devices/{sbdf}/driver_override")
        yield Step(
            safety=Safety.SAFE,
            side="Linux",
            title="Bind it to vfio-pci",
            said=f"{_taken(subject, 'the host')}; the rest of its IOMMU group likewise.",
            lines=(
                f"echo vfio-pci > {device}",
                *([f"echo {sbdf} > /sys/bus/pci/devices/{sbdf}/driver/unbind"] if driver else []),
                f"echo {sbdf} > /sys/bus/pci/drivers_probe",
            ),
            where=_SHELL,
        )
    if not any(case.can is Can.NO for case in linux.cases):
        return
    if not any(case.releases.startswith("Linux") and case.can is Can.NO for case in linux.cases):
        return
    here = "This kernel has it." if is_proxmox(subject) else "Other kernels log that it is unknown."
    yield Step(
        safety=Safety.RISK,
        side="Linux",
        title=f"The kernel option {OPTION}, on Proxmox alone",
        said=f"Takes every region of the host for relaxable. {here} The risk: where firmware or "
        "the management controller go on using the memory, their DMA meets the guest's RAM, and "
        "the guest's is corrupted or the host hangs. Patching another kernel so has the same risk.",
        lines=(f"intel_iommu=on,{OPTION}",),
        where="the kernel's command line",
    )
