"""The PCI functions as udev lists them; pyudev's objects stay in here.

The output is sorted JSON, so that the same devices give the same bytes, which a recording can keep.
"""

import json
from typing import Any

from dmaragent.readings import Missing, MissingKind

NAME_PROPERTIES = (
    "ID_VENDOR_FROM_DATABASE",
    "ID_MODEL_FROM_DATABASE",
    "ID_PCI_CLASS_FROM_DATABASE",
    "ID_PCI_SUBCLASS_FROM_DATABASE",
)
"""The udev properties that are kept: the names in the hardware database."""


def enumerate_pci() -> bytes | Missing:
    """Return the PCI functions: a JSON list of name, sysfs path and names in the hardware database."""
    try:
        import pyudev  # noqa: PLC0415 - needs libudev, which can be missing; 11 ms
    except ImportError as error:
        return Missing(MissingKind.FAILED, f"pyudev cannot be used: {error}")
    try:
        devices = pyudev.Context().list_devices(subsystem="pci")
        functions = [_device(device) for device in devices]
    except (OSError, pyudev.DeviceNotFoundError) as error:
        return Missing(MissingKind.FAILED, f"udev: {error}")
    functions.sort(key=lambda device: str(device["name"]))
    return json.dumps(functions, indent=1).encode("ascii")


def _device(device: Any) -> dict[str, Any]:
    names: dict[str, str] = {}
    for name in NAME_PROPERTIES:
        try:
            value = device.properties.get(name)
        except UnicodeDecodeError:
            continue  # names are only for people, so one that does not decode is left out
        if value is not None:
            names[name] = value
    return {"name": device.sys_name, "path": device.sys_path, "names": names}
