"""The verbs, one module each; only the module of the chosen verb is imported."""

import argparse
from importlib import import_module
from typing import Protocol, cast

VERBS = {
    "inventory": "list the reserved regions and the devices that own them",
    "devices": "list which devices can be passed through",
    "explain": "show whether one device can be passed through, and fixes",
    "check": "find errors in the firmware's table, and how to fix them",
    "boot-option": "write or check Xen's rmrr= or ivmd= boot option",
    "resolve": "predict whether a guest starts with its PCI devices",
    "hotplug": "predict what `xl pci-attach` does to a running guest",
    "why": "explain a message of Linux, Xen, QEMU or libvirt",
    "report": "write everything to one HTML page, for a bug report",
    "dump": "write a support bundle, a snapshot that --host can read",
    "fleet": "answer for a folder of many hosts",
    "diff": "compare two hosts, or one host before and after an update",
    "decode": "show DMAR and IVRS tables, structure by structure",
    "encode": "write a table's bytes from the JSON of decode --json",
    "schema": "print the JSON Schemas of the documents",
    "demo": "try a verb on a recorded machine that comes with dmaragent",
    "watch": "print what changes on this machine, a line each",
    "status": "show whether the service runs, and what it publishes",
    "agent": "run the service's own programs, as systemd does",
}
"""Each verb with its line in ``dmaragent --help``."""

GROUPS = {
    "Devices": ("inventory", "devices", "explain", "check", "boot-option"),
    "Guests": ("resolve", "hotplug"),
    "Messages": ("why",),
    "Fleet": ("fleet",),
    "Support": ("report", "dump", "diff", "decode", "encode", "schema", "demo"),
    "Service": ("watch", "status", "agent"),
}
"""The verbs by subject, in the order of ``dmaragent --help``."""


OTHER_NAMES = {"rmrr-option": "boot-option"}
"""Each earlier name of a verb, which still works, with the present one."""


class Verb(Protocol):
    """The members of a verb's module."""

    DESCRIPTION: str
    EXAMPLES: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add this verb's options to `parser`."""

    def run(self, options: argparse.Namespace) -> int:
        """Print the answer, and return the exit code."""


def load(name: str) -> Verb:
    """Import the module of the verb `name`."""
    return cast("Verb", import_module(f"{__name__}.{name.replace('-', '_')}"))
