"""Fixes on Linux without Xen: enable the IOMMU, bind the group to vfio-pci, ``relax_rmrr``."""

from collections.abc import Iterator
from dataclasses import replace

from dmaragent.addresses import SBDF
from dmaragent.boot_option.boot_loaders import (
    Reader,
    boot_setup,
    kernel_option_words,
    lines_and_undo,
    steps_to_add,
    steps_to_replace,
)
from dmaragent.host.topology import PciFunction
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.options import RELAX_RMRR, iommu_asked_for, iommu_off_option
from dmaragent.linux.vfio import HOLDERS, is_vfio_driver
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.linux_group import unready_mates
from dmaragent.passthrough.model import Can, CaseKind, PlatformVerdict
from dmaragent.passthrough.unexplained_regions import unexplained_in_group
from dmaragent.remedies.devices import words
from dmaragent.remedies.devices.words import linux as linux_words
from dmaragent.remedies.remedy import DeviceRemedy, Safety

_STORAGE = 0x01
_MOST_APART = 5
"""Up to this many devices are bound by separate lines, more in a loop."""
_IN_A_ROW = 4


def loss_of_owner(device: DeviceContext, owner: str) -> str:
    """Return what `owner` (the host or dom0) loses if the device is passed through."""
    function = device.function
    driver = None if function is None else function.driver
    if function is not None and not function.driver_known:
        return linux_words.driver_unknown(owner)
    if function is None or driver is None:
        return linux_words.no_driver(owner)
    if driver in HOLDERS or is_vfio_driver(driver):
        return linux_words.held_already(driver, owner)
    return linux_words.taken_from(driver, owner, disks=bool(_has_disks(function)))


def warning_to_owner(device: DeviceContext, owner: str) -> str:
    """Return the warning for `owner` before the device is passed through; or empty."""
    function = device.function
    driver = None if function is None else function.driver
    if function is None or (driver is None and function.driver_known):
        return ""
    if driver is not None and (driver in HOLDERS or is_vfio_driver(driver)):
        return ""
    disks = _has_disks(function)
    if disks is None:
        return linux_words.unknown_class_warning(owner)
    return linux_words.disks_warning(owner) if disks else ""


def _has_disks(function: PciFunction) -> bool | None:
    """Return whether the function is a storage controller; None: its class is unknown."""
    return None if function.class_code is None else function.class_code >> 16 == _STORAGE


def linux_remedies(device: DeviceContext, linux: PlatformVerdict) -> Iterator[DeviceRemedy]:
    """Yield the fixes on Linux without Xen; under Xen, Linux's options have no effect."""
    if device.on_xen:
        return
    if device.iommu_unused:
        yield _switch_iommu_on(device)
    refusing = [
        case
        for case in linux.cases
        if case.can is Can.NO and case.kind not in (CaseKind.OPTION, CaseKind.INTERRUPTS)
    ]
    if linux.can in (Can.YES, Can.CONDITIONS):
        yield _bind(device, linux)
    if device.locked_mates and refusing and not device.held_regions:
        yield DeviceRemedy(
            safety=Safety.SAFE,
            side="Linux",
            title=linux_words.EXPLAIN_LOCKED_MATES,
            explanation=linux_words.explain_locked_mates(device.locked_mates),
            lines=tuple(f"dmaragent explain {mate}" for mate in device.locked_mates),
            where=words.ROOT_SHELL,
        )
    lacks_option = device.function is not None and device.has_relax_rmrr is False
    locked = device.held_regions or device.locked_mates or unexplained_in_group(device)
    if refusing and locked and device.vendor is IommuVendor.INTEL and not lacks_option:
        remedy = DeviceRemedy(
            safety=Safety.RISK,
            side="Linux",
            title=linux_words.RELAX_OPTION,
            explanation=linux_words.relax_every_region(
                has_option=device.has_relax_rmrr, release_known=device.kernel_release is not None
            ),
            cost=linux_words.RELAX_OPTION_COST,
        )
        yield _with_option(device, remedy, f"intel_iommu=on,{RELAX_RMRR}")


# The IOMMU ------------------------------------------------------------------------------


def _switch_iommu_on(device: DeviceContext) -> DeviceRemedy:
    """Return how to make Linux use the IOMMU."""
    if device.firmware_opts_out:
        return _needed(linux_words.SWITCH_IOMMU_ON, linux_words.CLEAR_OPT_OUT)
    options = device.inventory.host.system.options
    off = None if options is None else iommu_off_option(options, device.vendor)
    if off is not None:
        remedy = _needed(
            linux_words.change_off_option(off.option, off.replacement),
            linux_words.option_switches_off(off.option, off.replacement, off.earlier),
        )
        return _with_option(device, remedy, off.replacement, off.option)
    if device.vendor is IommuVendor.AMD:
        return _needed(linux_words.SWITCH_IOMMU_ON, linux_words.SWITCH_AMD_IOMMU_ON)
    if device.vendor is IommuVendor.ARM:
        return _needed(linux_words.SWITCH_IOMMU_ON, linux_words.SWITCH_SMMU_ON)
    if device.vendor is IommuVendor.UNKNOWN:
        return _needed(linux_words.SWITCH_IOMMU_ON, linux_words.SWITCH_UNKNOWN_IOMMU_ON)
    option = "" if options is None else iommu_asked_for(options)
    if option:
        return _needed(linux_words.SWITCH_IOMMU_ON, linux_words.iommu_on_without_effect(option))
    remedy = _needed(
        linux_words.SWITCH_IOMMU_ON, linux_words.switch_vtd_on(options_known=options is not None)
    )
    return _with_option(device, remedy, "intel_iommu=on")


def _needed(title: str, explanation: str) -> DeviceRemedy:
    return DeviceRemedy(
        safety=Safety.NEEDED,
        side="Linux",
        title=title,
        explanation=explanation,
        cost=linux_words.REBOOT_COST,
    )


def _with_option(
    device: DeviceContext, remedy: DeviceRemedy, option: str, old: str = ""
) -> DeviceRemedy:
    """Return `remedy` with the commands of the host's boot loader for `option` instead of `old`.

    If the loader is unknown, its line is the option itself.
    """
    setup = boot_setup(device.inventory.host, Reader.LINUX)
    ways = steps_to_replace(old, option, setup) if old else steps_to_add((option,), setup)
    explanation = f"{remedy.explanation} {kernel_option_words(ways)}"
    if len(ways) == 1:
        lines, where = lines_and_undo(ways[0]), words.ROOT_SHELL
    else:
        lines, where = (
            (option,) if option else (),
            linux_words.KERNEL_COMMAND_LINE if option else "",
        )
    return replace(remedy, explanation=explanation, lines=lines, where=where)


# vfio-pci -------------------------------------------------------------------------------


def _bind(device: DeviceContext, linux: PlatformVerdict) -> DeviceRemedy:
    """Return how to bind the device to vfio-pci, with the rest of its group."""
    region_lost = any(case.kind is CaseKind.UNCHECKED for case in linux.cases)
    safety = Safety.RISK if region_lost else Safety.NEEDED
    mates = unready_mates(device)
    driver = device.driver
    if driver is not None and is_vfio_driver(driver):
        if not mates:
            alone = device.group is None or len(device.group.devices) == 1
            return DeviceRemedy(
                safety=Safety.RISK if region_lost else Safety.SAFE,
                side="Linux",
                title=linux_words.bound_already(driver),
                explanation=linux_words.GIVE_TO_GUEST if alone else linux_words.GROUP_BOUND_TOO,
            )
        return DeviceRemedy(
            safety=safety,
            side="Linux",
            title=linux_words.BIND_REST_OF_GROUP,
            preparation=True,
            explanation=linux_words.bind_rest_of_group(driver, mates),
            lines=("modprobe vfio-pci", *_bind_lines(device, mates)),
            where=words.ROOT_SHELL,
            cost=linux_words.bind_cost("", mates),
        )
    loss, warning = loss_of_owner(device, "the host"), warning_to_owner(device, "the host")
    return DeviceRemedy(
        safety=safety,
        side="Linux",
        title=linux_words.BIND,
        preparation=True,
        takes_device=True,
        explanation=linux_words.bind_to_vfio(loss, mates, warning),
        lines=("modprobe vfio-pci", *_bind_lines(device, (device.sbdf, *mates))),
        where=words.ROOT_SHELL,
        cost=linux_words.bind_cost(loss, mates),
        warning=warning,
    )


def _bind_lines(device: DeviceContext, devices: tuple[SBDF, ...]) -> Iterator[str]:
    """Yield the lines that bind all `devices`: separately, or in a loop if they are many."""
    if len(devices) <= _MOST_APART:
        for sbdf in devices:
            yield from _bind_one_lines(device, sbdf)
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


def _bind_one_lines(device: DeviceContext, sbdf: SBDF) -> Iterator[str]:
    function = device.inventory.host.topology.known.get(sbdf)
    path = f"/sys/bus/pci/devices/{sbdf}"
    yield f"echo vfio-pci > {path}/driver_override"
    if function is not None and not function.driver_known:
        yield f"[ ! -e {path}/driver ] ||"
        yield f"  echo {sbdf} > {path}/driver/unbind"
    elif function is not None and function.driver is not None:
        yield f"echo {sbdf} > {path}/driver/unbind"
    yield f"echo {sbdf} > /sys/bus/pci/drivers_probe"
