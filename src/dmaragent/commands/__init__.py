"""The verbs, a module each: the one that was chosen is imported, and no other."""

import argparse
from importlib import import_module
from typing import Protocol, cast

VERBS = {
    "inventory": "every reserved region of a host, and who owns it",
    "check": "what is wrong with the firmware's table, and what to do",
    "devices": "which devices can be passed through, a line each",
    "explain": "may this device be passed through, why not, and what to do",
    "why": "what a message of the kernel, Xen, QEMU, libvirt or others means here",
    "resolve": "whether a guest starts with its PCI devices, and why",
    "hotplug": "what `xl pci-attach` will do to a running guest",
    "diff": "what differs between two hosts, or before and after an update",
    "rmrr-option": "write or check Xen's rmrr= boot option, for regions the firmware left out",
    "report": "all of it on one page: an HTML file to attach to a bug",
    "dump": "a support bundle: a host to carry, every command answers from it as here",
    "decode": "DMAR tables, structure by structure",
    "encode": "a table's bytes from its JSON: the inverse of decode --json",
    "status": "how the service is: running, what it publishes, what this user may read",
    "agent": "the service's programs, which systemd starts",
}
"""Each verb with its line in ``dmaragent --help``, in the order of that page."""


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
