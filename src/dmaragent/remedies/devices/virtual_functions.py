"""Fixes with SR-IOV: pass a virtual function through, or remove those of the device first."""

import shlex
from collections.abc import Iterator

from dmaragent.linux.vfio import HOLDERS, is_vfio_driver
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.virtual_function_regions import (
    regions_may_cover_new_ones,
    without_regions,
)
from dmaragent.remedies.devices import words
from dmaragent.remedies.devices.words import virtual_functions as virtual_functions_words
from dmaragent.remedies.remedy import DeviceRemedy, Safety


def use_virtual_function(device: DeviceContext) -> Iterator[DeviceRemedy]:
    """Yield the fix to use a virtual function, if it is known that it has no region."""
    function = device.function
    if function is None or not function.total_vfs:
        return
    existing = device.existing_vfs
    group = device.group
    if not device.on_xen and group is not None and set(existing) & set(group.devices):
        return  # VFIO attaches only whole groups, and the group has the physical function
    free = without_regions(device, existing)
    if not free and (existing or regions_may_cover_new_ones(device)):
        return
    yield DeviceRemedy(
        safety=Safety.SAFE,
        side="",
        title=virtual_functions_words.USE_VIRTUAL_FUNCTION,
        explanation=virtual_functions_words.use_virtual_function(function.total_vfs, free),
        lines=() if existing else (_set_count(device, 1),),
        where="" if existing else words.ROOT_SHELL,
        cost=virtual_functions_words.VIRTUAL_FUNCTION_COST,
    )


def remove_virtual_functions(device: DeviceContext) -> Iterator[DeviceRemedy]:
    """Yield the step that removes the virtual functions of a device, if it has any."""
    function = device.function
    if function is None or not device.existing_vfs:
        return
    driver = function.driver
    if driver is not None and _keeps_for_guest(driver):
        return
    known = device.inventory.host.topology.known
    used = tuple(
        sbdf
        for sbdf in device.existing_vfs
        if (driver := known[sbdf].driver) is not None and _keeps_for_guest(driver)
    )
    yield DeviceRemedy(
        safety=Safety.NEEDED,
        side="",
        title=virtual_functions_words.REMOVE_VIRTUAL_FUNCTIONS,
        preparation=True,
        explanation=virtual_functions_words.remove_virtual_functions(device.existing_vfs, used),
        lines=(_set_count(device, 0),),
        where=words.ROOT_SHELL,
        cost=virtual_functions_words.virtual_functions_cost(device.existing_vfs, used),
    )


def _keeps_for_guest(driver: str) -> bool:
    return driver in HOLDERS or is_vfio_driver(driver)


def _set_count(device: DeviceContext, count: int) -> str:
    path = shlex.quote(f"/sys/bus/pci/devices/{device.sbdf}/sriov_numvfs")
    return f"echo {count} > {path}"
