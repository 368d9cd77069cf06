"""The fixes for a device: prerequisites first, then the safest.

Pure.  :mod:`xen <.xen>`, :mod:`linux <.linux>`, :mod:`firmware <.firmware>` and
:mod:`virtual_functions <.virtual_functions>` find them; this module combines them.
"""

from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, PlatformVerdict
from dmaragent.passthrough.unexplained_regions import unexplained_in_group
from dmaragent.passthrough.vmd import parent_unknown
from dmaragent.readings import Missing
from dmaragent.remedies.devices.firmware import firmware_remedy, vmd_remedies
from dmaragent.remedies.devices.linux import linux_remedies
from dmaragent.remedies.devices.virtual_functions import (
    remove_virtual_functions,
    use_virtual_function,
)
from dmaragent.remedies.devices.xen import xen_remedies
from dmaragent.remedies.remedy import DeviceRemedy, ranked


def device_remedies(
    device: DeviceContext, xen: PlatformVerdict, linux: PlatformVerdict
) -> tuple[DeviceRemedy, ...]:
    """Return prerequisites and fixes for Xen, for Linux or for both, safest first.

    Fixes without effect on this device are left out: options for groups if the group does not
    block it, and kernel options if Xen decides or the kernel does not have them.
    """
    function = device.function
    if function is not None and function.vmd is not None:
        return vmd_remedies(device, function.vmd)
    if function is None or parent_unknown(device) or device.in_chipset:
        return ()
    on_xen, on_linux = list(xen_remedies(device, xen)), list(linux_remedies(device, linux))
    taken = any(remedy.takes_device for remedy in (*on_xen, *on_linux))
    remedies = [*(remove_virtual_functions(device) if taken else ()), *on_xen]
    in_the_way = _region_in_the_way(device, xen, linux)
    if in_the_way:
        remedies += use_virtual_function(device)
    if _has_ivrs(device):
        from dmaragent.remedies.devices.amd import (  # noqa: PLC0415 - for AMD hosts only
            region_remedies,
            xen_off_remedies,
        )

        off = tuple(xen_off_remedies(device))
        remedies += off or (region_remedies(device) if in_the_way else ())
    elif in_the_way:
        remedies.append(firmware_remedy(device, function))
    remedies += on_linux
    return ranked(remedies)


def _has_ivrs(device: DeviceContext) -> bool:
    table = device.inventory.iommu
    return not isinstance(table, Missing) and table.is_ivrs


def _region_may_refuse(verdict: PlatformVerdict) -> bool:
    """Return whether the verdict is no, and not only for reasons that are independent of regions."""
    refusing = [case for case in verdict.cases if case.can is Can.NO]
    others = [case for case in refusing if case.rule is not None and not case.rule.of_regions]
    return bool(refusing or verdict.can is Can.NO) and (not others or len(others) < len(refusing))


def _region_in_the_way(device: DeviceContext, xen: PlatformVerdict, linux: PlatformVerdict) -> bool:
    """Return whether a region blocks the device on the side that decides on this host."""
    direct = any(region.type == "direct" for region in unexplained_in_group(device))
    if not (device.named_regions or device.held_regions or direct):
        return False
    by_xen = not device.on_linux and (xen.can is Can.CONDITIONS or _region_may_refuse(xen))
    refused = any(case.can is Can.NO for case in linux.cases) and _region_may_refuse(linux)
    by_linux = not device.on_xen and (refused or (direct and linux.can is not Can.YES))
    return by_xen or by_linux
