"""The PCI functions as udev enumerates them; pyudev's objects stop here.

The output is JSON, sorted, so that the same devices give the same bytes and a
recording can hold it.
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
"""What is kept of a device's udev properties: its names in the hardware database."""


def enumerate_pci() -> bytes | Missing:
    """Enumerate the PCI functions: a JSON list of their name, sysfs path and hwdb names."""
    try:
        import pyudev  # noqa: PLC0415 - needs libudev, which may not be there; 11 ms
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
            continue  # a name is for people only; one that does not decode is no name
        if value is not None:
            names[name] = value
    return {"name": device.sys_name, "path": device.sys_path, "names": names}
