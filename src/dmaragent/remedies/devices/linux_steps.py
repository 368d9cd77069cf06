"""What helps a device on Linux without Xen: the IOMMU on, the group bound to vfio-pci, an option."""

from collections.abc import Iterator

from dmaragent.addresses import SBDF
from dmaragent.linux.options import RELAX_RMRR
from dmaragent.linux.vfio import HOLDERS, IommuVendor, is_vfio_driver
from dmaragent.passthrough.device_context import DeviceContext, names
from dmaragent.passthrough.iommu_off import iommu_unused, switch_on_step
from dmaragent.passthrough.linux_group import unready_mates
from dmaragent.passthrough.model import Can, PlatformVerdict, Safety, Step
from dmaragent.passthrough.published import published_only

BIND = "Bind it to vfio-pci"
_SHELL = "a root shell"
_STORAGE = 0x01
_MOST_APART = 5
"""More devices than that are bound in a loop."""
_IN_A_ROW = 4


def taken_words(device: DeviceContext, owner: str) -> str:
    """Return what the owner loses by giving the device away."""
    function = device.function
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


def linux_steps_of(device: DeviceContext, linux: PlatformVerdict) -> Iterator[Step]:
    """Give what helps on Linux without Xen; below Xen no option of its kernel does anything."""
    if device.on_xen:
        return
    if iommu_unused(device):
        yield switch_on_step(device)
    refusing = [case for case in linux.cases if case.can is Can.NO and case.title != RELAX_RMRR]
    if linux.can in (Can.YES, Can.CONDITIONS):
        yield _bind(device, linux)
    if device.locked_mates and refusing and not device.held:
        yield from _see_mates(device)
    old = device.function is not None and device.has_relax_rmrr is False
    locked = device.held or device.locked_mates or published_only(device)
    if refusing and locked and device.vendor is IommuVendor.INTEL and not old:
        yield _relax_option(device)


def _bind(device: DeviceContext, linux: PlatformVerdict) -> Step:
    """Return the step that binds the device to vfio-pci, with the rest of its group."""
    lost = any(case.releases.startswith("before Linux") for case in linux.cases)
    safety = Safety.RISK if lost else Safety.NEEDED
    mates = unready_mates(device)
    driver = device.driver
    if driver is not None and is_vfio_driver(driver):
        if not mates:
            return Step(
                safety=Safety.RISK if lost else Safety.SAFE,
                side="Linux",
                title=f"Bound to {driver}: nothing to do",
                said="Give it to the guest."
                if device.group is None or len(device.group.devices) == 1
                else "So is the rest of its IOMMU group, or no driver of the host has it.",
            )
        return Step(
            safety=safety,
            side="Linux",
            title="Bind the rest of its IOMMU group to vfio-pci",
            said=f"It is bound to {driver} itself: nothing to do for it. The rest of its group is "
            f"not: {names(mates)}.",
            lines=("modprobe vfio-pci", *_binding(device, mates)),
            where=_SHELL,
        )
    rest = f" So is the rest of its IOMMU group: {names(mates)}." if mates else ""
    return Step(
        safety=safety,
        side="Linux",
        title=BIND,
        said=f"{taken_words(device, 'the host')}. It is bound to vfio-pci.{rest}",
        lines=("modprobe vfio-pci", *_binding(device, (device.sbdf, *mates))),
        where=_SHELL,
    )


def _binding(device: DeviceContext, devices: tuple[SBDF, ...]) -> Iterator[str]:
    """Yield the lines that bind all of `devices`: each for itself, or in a loop if they are many."""
    if len(devices) <= _MOST_APART:
        for sbdf in devices:
            yield from _bind_lines(device, sbdf)
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


def _bind_lines(device: DeviceContext, sbdf: SBDF) -> Iterator[str]:
    function = device.inventory.host.topology.known.get(sbdf)
    path = f"/sys/bus/pci/devices/{sbdf}"
    yield f"echo vfio-pci > {path}/driver_override"
    if function is not None and not function.driver_known:
        yield f"[ ! -e {path}/driver ] ||"
        yield f"  echo {sbdf} > {path}/driver/unbind"
    elif function is not None and function.driver is not None:
        yield f"echo {sbdf} > {path}/driver/unbind"
    yield f"echo {sbdf} > /sys/bus/pci/drivers_probe"


def _see_mates(device: DeviceContext) -> Iterator[Step]:
    """Point to what locks the group."""
    yield Step(
        safety=Safety.SAFE,
        side="Linux",
        title="Look at what locks its group",
        said=f"It is {names(device.locked_mates)} that a region holds; what helps that one, as a "
        "setting of the firmware, helps this one too. Another slot may be another group.",
        lines=tuple(f"dmaragent explain {one}" for one in device.locked_mates),
        where=_SHELL,
    )


def _relax_option(device: DeviceContext) -> Step:
    known = device.has_relax_rmrr
    here = "This kernel has it." if known else "Other kernels log that it is unknown."
    if known is None and device.kernel_release is None:
        here = "Which kernel runs is not known; others log that it is unknown."
    return Step(
        safety=Safety.RISK,
        side="Linux",
        title=f"The kernel option {RELAX_RMRR}, in Proxmox kernels alone",
        said=f"Lets every region of the host go. {here} The risk: where firmware or the management "
        "controller go on using the memory, their DMA meets the guest's RAM, and the guest's is "
        "corrupted or the host hangs. Patching another kernel so has the same risk.",
        lines=(f"intel_iommu=on,{RELAX_RMRR}",),
        where="the kernel's command line",
    )
