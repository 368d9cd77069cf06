"""Fixes on Xen: make the device assignable, and lines of the guest's xl.cfg.

Pure.  The lines are tested by resolving a sample guest with the device.
"""

from collections.abc import Iterator

from dmaragent.addresses import MIB
from dmaragent.linux.vfio import PCIBACK
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, CaseKind, PlatformVerdict
from dmaragent.passthrough.xen import try_guest
from dmaragent.remedies.devices.linux import loss_of_owner, warning_to_owner
from dmaragent.remedies.devices.words import xen as words
from dmaragent.remedies.guests import guest_remedies
from dmaragent.remedies.remedy import DeviceRemedy, GuestRemedy, RemedyKind, Safety
from dmaragent.remedies.xlcfg_lines import quote


def xen_remedies(device: DeviceContext, xen: PlatformVerdict) -> Iterator[DeviceRemedy]:
    """Yield prerequisites and fixes on Xen, whose verdict is `xen`."""
    if device.on_linux or xen.can is Can.NO or (xen.can is Can.UNKNOWN and not xen.cases):
        return
    if xen.can is Can.UNKNOWN and any(gap.of_dom0 for gap in device.inventory.gaps.xen):
        return
    sbdf, assignable = device.sbdf, device.facts.assignable
    if assignable is None and device.driver in PCIBACK:
        assignable = frozenset({sbdf})
    if assignable is None or sbdf not in assignable:
        loss, warning = loss_of_owner(device, "dom0"), warning_to_owner(device, "dom0")
        yield DeviceRemedy(
            safety=Safety.NEEDED,
            side="Xen",
            title=words.MAKE_ASSIGNABLE,
            preparation=True,
            takes_device=True,
            explanation=words.make_assignable(loss, warning),
            lines=(f"xl pci-assignable-add {sbdf}",),
            where=words.DOM0_SHELL,
            cost=loss,
            warning=warning,
        )
    cases = {case.kind: case for case in xen.cases}
    strict, relaxed = cases.get(CaseKind.STRICT), cases.get(CaseKind.RELAXED)
    if strict is None:
        yield _without_region(device)
    elif strict.can is Can.YES:
        yield DeviceRemedy(
            safety=Safety.SAFE,
            side="Xen",
            title=words.GIVE_IT,
            explanation=words.NOTHING_ELSE,
            lines=(*_type_line(device), f"pci = [ {quote(f'{sbdf},rdm_policy=strict')} ]"),
            where=words.GUEST_FILE,
            cost=words.NO_COST,
        )
    else:
        yield from _move_ram(device)
        if relaxed is not None and relaxed.can is not Can.NO:
            yield _relax(device)


def _type_line(device: DeviceContext) -> tuple[str, ...]:
    """Return the line for the guest's type if only one type can run."""
    return () if device.facts.may_run_hvm else (f"type = {quote('pv')}",)


def _without_region(device: DeviceContext) -> DeviceRemedy:
    """Return the line for a device that Xen applies no region to."""
    lost = [region for region, _ in device.behind_bridge]
    return DeviceRemedy(
        safety=Safety.RISK if lost else Safety.SAFE,
        side="Xen",
        title=words.GIVE_WITHOUT_REGION if lost else words.GIVE_IT,
        explanation=words.goes_without(lost) if lost else words.NOTHING_ELSE,
        lines=(*_type_line(device), f"pci = [ {quote(str(device.sbdf))} ]"),
        where=words.GUEST_FILE,
        cost=words.goes_without_in_short(lost) if lost else words.NO_COST,
    )


def _move_ram(device: DeviceContext) -> Iterator[DeviceRemedy]:
    """Yield the settings that let a strict guest start."""
    ram_remedy = _ram_remedy(device, "strict")
    if ram_remedy is not None:
        yield DeviceRemedy(
            safety=Safety.SAFE,
            side="Xen",
            title=words.KEEP_RAM_OUT,
            explanation=words.keep_ram_out(ram_remedy.effect),
            lines=ram_remedy.lines,
            where=words.GUEST_FILE,
            brief=words.keep_ram_out_in_short(ram_remedy.lines),
            cost=words.KEEP_RAM_OUT_COST,
        )


def _ram_remedy(device: DeviceContext, policy: str) -> GuestRemedy | None:
    """Return the first remedy that moves a guest's RAM and leaves the policy as it is."""
    kinds = (RemedyKind.BOUNDARY, RemedyKind.MEMORY)
    remedies = guest_remedies(try_guest(device, policy)).ranked
    return next((remedy for remedy in remedies if remedy.kind in kinds), None)


def _relax(device: DeviceContext) -> DeviceRemedy:
    ram_remedy = _ram_remedy(device, "relaxed")
    settings = () if ram_remedy is None else ram_remedy.lines
    unmovable = [region for region in device.named_regions if region.first < MIB]
    return DeviceRemedy(
        safety=Safety.RISK,
        side="Xen",
        title=words.RELAX_DEVICE,
        explanation=words.relax_device(
            ram_moved=ram_remedy is not None,
            unmovable=unmovable,
            sharers=device.sharers,
        ),
        lines=(
            *_type_line(device),
            f"pci = [ {quote(f'{device.sbdf},rdm_policy=relaxed')} ]",
            *settings,
        ),
        where=words.GUEST_FILE,
        brief=words.relax_device_in_short(settings),
        cost=words.relax_cost(unmovable),
    )
