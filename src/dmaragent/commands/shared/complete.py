"""The devices of a host, for the completion of shells."""

from dmaragent.collect.open_host import open_host
from dmaragent.commands.shared.hosts import inventory_of
from dmaragent.errors import DmaragentError


def print_devices(path: str | None) -> int:
    """Print the addresses of a host's devices, one per line; nothing if it cannot be read."""
    try:
        inventory = inventory_of(open_host(path))
    except DmaragentError:
        return 0
    for sbdf in sorted(inventory.host.topology.known):
        print(sbdf)
    return 0
