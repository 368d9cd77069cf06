"""The first 64 bytes of PCI functions' configuration space, and the rows that lspci -x prints."""

from collections.abc import Container

EHCI_1A = bytes.fromhex("86802d1d060090020520030c00008000") + bytes(48)
EHCI_1D = bytes.fromhex("8680261d060090020520030c00008000") + bytes(48)
"""A USB controller of Intel's: class 0c03, interface 20, function 8086:1d26."""
HOST_BRIDGE = bytes.fromhex("8680003c000000000700000600000000") + bytes(48)


def rows(config: bytes, *, without: Container[int] = ()) -> str:
    """Return `config` in rows of 16 bytes as lspci -x prints them, but for offsets `without`."""
    return "".join(
        f"{at:02x}: {config[at : at + 16].hex(' ')}\n"
        for at in range(0, len(config), 16)
        if at not in without
    )
