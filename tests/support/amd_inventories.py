"""Inventories of hosts with AMD's table, for tests of what ``why`` relates to them."""

from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.inventory import Inventory, take_inventory
from support.hosts import FakeHost, Function, add_memory_map, fake_host
from support.ivrs_tables import ENTRIES, IV_INFO, ivhd, ivmd, ivrs

DESKTOP = (
    Function(sbdf="0000:00:00.0", class_code=0x060000),
    Function(sbdf="0000:00:00.2", class_code=0x080600),
    Function(sbdf="0000:00:14.0", class_code=0x0C0500),
    Function(sbdf="0000:01:00.0", class_code=0x030000, driver="vfio-pci"),
    Function(sbdf="0000:01:00.1", class_code=0x040300),
    Function(sbdf="0000:11:00.0", class_code=0x020000),
)
"""A host bridge, an IOMMU, a display device with sound, a network card on a bus above 0x0f."""
MEMORY = (
    "0x0 0x9ffff System RAM",
    "0x100000 0x7fffffff System RAM",
    "0x80000000 0xfebfffff Reserved",
)
GROUPS = {
    1: ("0000:00:14.0",),
    2: ("0000:01:00.0", "0000:01:00.1"),
    3: ("0000:11:00.0",),
}
WIDE = (
    ivmd(0x9618E000, 1, kind=0x22, device=0, auxiliary=0x0FFF),
    ivmd(0x97D9D000, 1, kind=0x22, device=0, auxiliary=0x0FFF),
)
"""Blocks for every device of the buses 0 to 15, as on boards for AM5."""


def amd_host(
    *blocks: bytes, kernel: str = "6.12.0-1-amd64", board: str = "", info: int = IV_INFO
) -> Host:
    """Return the desktop with a table of `blocks` besides its IOMMU's."""
    table = ivrs(ivhd(*ENTRIES), *blocks, ivhd(*ENTRIES, kind=0x40), iv_info=info)
    fake: FakeHost = fake_host(list(DESKTOP), {"IVRS": table})
    add_memory_map(fake, MEMORY)
    place = "/sys/kernel/iommu_groups"
    fake.directories[place] = tuple(map(str, GROUPS))
    for number, devices in GROUPS.items():
        fake.directories[f"{place}/{number}/devices"] = devices
        fake.files[f"{place}/{number}/reserved_regions"] = b""
    host = join(collect(fake))
    return host._replace(
        system=host.system._replace(kernel_release=kernel, cpu_vendor="AuthenticAMD"),
        machine=host.machine._replace(board=board or None),
    )


def amd_inventory(*blocks: bytes, **changes: object) -> Inventory:
    """Return the inventory of the desktop with `blocks`."""
    return take_inventory(amd_host(*blocks, **changes))  # type: ignore[arg-type]
