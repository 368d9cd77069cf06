"""The verbs, a module each: the one that was chosen is imported, and no other."""

import argparse
from importlib import import_module
from typing import Protocol, cast

VERBS = {
    "inventory": "every reserved region of a host, and the devices that own it",
    "devices": "which devices can be passed through, a line each",
    "explain": "can this device be passed through, why not, and what to do",
    "check": "what is wrong with the firmware's table, and how to fix it",
    "rmrr-option": "write or check Xen's rmrr= boot option",
    "resolve": "does a guest start with its PCI devices, and why",
    "hotplug": "what `xl pci-attach` will do to a running guest",
    "why": "what a message of Linux, Xen, QEMU or libvirt means on this host",
    "report": "everything on one HTML page, to attach to a bug report",
    "dump": "a support bundle, from which every verb answers as on this host",
    "diff": "what differs between two hosts, or before and after an update",
    "decode": "DMAR and IVRS tables, structure by structure",
    "encode": "a table's bytes, from the JSON of decode --json",
    "schema": "the JSON Schemas of the documents",
    "demo": "answers about a recorded machine that comes with dmaragent",
    "status": "whether the service runs, and what it publishes",
    "agent": "the service's own programs, which systemd starts",
}
"""Each verb with its line in ``dmaragent --help``."""

GROUPS = {
    "Devices": ("inventory", "devices", "explain", "check", "rmrr-option"),
    "Guests": ("resolve", "hotplug"),
    "Messages": ("why",),
    "Support": ("report", "dump", "diff", "decode", "encode", "schema", "demo"),
    "Service": ("status", "agent"),
}
"""The verbs by what they are about, in the order of ``dmaragent --help``."""


class Verb(Protocol):
    """What the module of a verb has."""

    DESCRIPTION: str
    EXAMPLES: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add this verb's options to `parser`."""

    def run(self, options: argparse.Namespace) -> int:
        """Print the answer, and return the exit code."""


def load(name: str) -> Verb:
    """Import the module of the verb `name`."""
    return cast("Verb", import_module(f"{__name__}.{name.replace('-', '_')}"))
