"""Inventories of tables made up for tests, on a host of a few functions and bridges."""

from collections.abc import Mapping, Sequence

from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.linux.view import LinuxState
from support.hosts import Function, add_memory_map, fake_host
from support.tables import drhd, table

BRIDGE = 0x060400
FUNCTIONS = [
    Function(sbdf="0000:00:02.0", class_code=0x030000),
    Function(sbdf="0000:00:14.0", class_code=0x0C0330),
    Function(sbdf="0000:00:1c.0", class_code=BRIDGE, secondary_bus=1, subordinate_bus=2),
    Function(sbdf="0000:01:00.0", total_vfs=2),
    Function(sbdf="0000:01:00.1", physical_function="0000:01:00.0"),
    Function(sbdf="0000:01:01.0", class_code=BRIDGE, secondary_bus=2),
    Function(sbdf="0000:02:00.0", class_code=0x030200),
    Function(sbdf="0000:00:1f.0", class_code=0x060100),
]
UNIT = drhd(0xFED91000, flags=1)
XEN = {"/sys/hypervisor/type": b"xen\n", "/proc/xen/capabilities": b"control_d\n"}


def inventory_of(
    *structures: bytes, memory: Sequence[str] = (), **answers: Mapping[str, object]
) -> Inventory:
    """Take the inventory of a table of `structures`, on a host that has `memory` and `answers`."""
    fake = fake_host(FUNCTIONS, {"DMAR": table(*structures)})
    add_memory_map(fake, memory)
    for name, values in answers.items():
        getattr(fake, name).update(values)
    return take_inventory(join(collect(fake)))


def in_linux_state(inventory: Inventory, state: LinuxState) -> Inventory:
    """Give an inventory whose kernel is said to be in `state`."""
    return inventory._replace(linux=inventory.linux._replace(state=state))
