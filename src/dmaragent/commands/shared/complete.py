"""What the shells' completions ask the program: the devices of a host."""

from dmaragent.collect.open_host import open_host
from dmaragent.commands.shared.hosts import inventory_of
from dmaragent.errors import DmaragentError


def print_devices(path: str | None) -> int:
    """Print the addresses of the devices of a host, a line each; nothing if it cannot be read."""
    try:
        inventory = inventory_of(open_host(path))
    except DmaragentError:
        return 0
    for sbdf in sorted(inventory.host.topology.known):
        print(sbdf)
    return 0
