"""The firmware's table of a machine, and tables made of it."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from support.tables import patched, resummed
from vm.machine import Boot, linux

_COPY = "#!/bin/sh\ncat /sys/firmware/acpi/tables/{} >table || exit 1\n"


@cache
def firmware_table(platform: tuple[str, ...], devices: tuple[str, ...]) -> bytes:
    """Give QEMU's own table of IOMMUs for these devices, from a boot of them."""
    boot = Boot(
        name="firmware",
        platform=platform,
        devices=devices,
        mode="mini",
        inside=_COPY.format("IVRS" if "amd-iommu" in platform else "DMAR"),
    )
    return linux(boot).read("table")


def table_of(boot: Boot, structures: Iterable[bytes]) -> bytes:
    """Give the machine's table with `structures` after its own, one OEM revision higher.

    The kernel takes a table in place of the firmware's only if its revision is higher.
    """
    own = firmware_table(boot.platform, boot.devices)
    data = own + b"".join(structures)
    revision = int.from_bytes(own[24:28], "little") + 1
    changes = [(4, len(data).to_bytes(4, "little")), (24, revision.to_bytes(4, "little"))]
    return resummed(patched(data, changes))


def with_structures(boot: Boot, *structures: bytes) -> Boot:
    """Give the boot with a table that has `structures` besides."""
    return replace(boot, table=table_of(boot, structures))
