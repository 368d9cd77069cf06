"""Booting with a copy of the firmware's table that lacks some reserved regions.

Pure.  ``dmaragent encode --without`` makes the copy.  Linux loads it from an uncompressed cpio
archive before the initrd: drivers/acpi/tables.c, ``acpi_table_upgrade``, which lockdown forbids.
Debian's package acpi-override-initramfs and dracut's ``acpi_override`` make that archive.  Xen
reads what GRUB installs: GRUB grub-core/commands/acpi.c, which is not registered with Secure Boot
(CVE-2020-14372).  docs/override.md has the same steps.
"""

from collections.abc import Collection, Iterator
from enum import Enum
from typing import NamedTuple

from dmaragent.boot_option.boot_loaders import (
    Distribution,
    Loader,
    Reader,
    boot_setup,
    refresh_grub,
)
from dmaragent.boot_option.words.boot_loaders import undo_comment
from dmaragent.inventory import Inventory
from dmaragent.readings import Missing
from dmaragent.remedies import override_words as words
from dmaragent.shell_words import in_command
from fwtables import DamageKind

_LONGEST = 54
"""Characters of a line to which another region is added."""


class OverrideReader(Enum):
    """The program that uses the copy."""

    LINUX = "linux"
    XEN = "xen"


class TableOverride(NamedTuple):
    """The commands of one override; all are for a root shell."""

    table: str
    """The signature of the firmware's table: IVRS or DMAR."""
    regions: tuple[int, ...]
    """The numbers of the regions that are left out."""
    reader: OverrideReader
    make: tuple[str, ...]
    """Commands that write the copy into the current directory."""
    load: tuple[str, ...]
    """Commands that make the host boot with it."""
    edit: str
    """What to edit by hand instead; empty: nothing."""
    undo: tuple[str, ...]
    """Commands that undo `load`; empty: by hand."""
    needs: tuple[str, ...]
    """The prerequisites, a sentence each."""
    risks: tuple[str, ...]
    """A sentence each."""

    @property
    def lines(self) -> tuple[str, ...]:
        """All commands for pasting, those of the undo as comments."""
        return (*self.make, *self.load, *map(undo_comment, self.undo))


def table_override(
    inventory: Inventory, regions: Collection[int], reader: OverrideReader
) -> TableOverride | None:
    """Return how to boot without the regions of these numbers; None: the table cannot be cut."""
    table, reading = inventory.iommu, inventory.host.reading
    if isinstance(table, Missing) or table.header is None or reading is None or not regions:
        return None
    if any(flaw.kind is not DamageKind.CHECKSUM for flaw in table.damage):
        return None
    name = "IVRS" if table.is_ivrs else "DMAR"
    file = name.lower()
    numbers = tuple(sorted(regions))
    every = numbers == tuple(region.number for region in inventory.all_regions)
    names = ["all"] if every else list(map(str, numbers))
    load, edit, undo = (_for_linux if reader is OverrideReader.LINUX else _for_xen)(inventory, name)
    return TableOverride(
        table=name,
        regions=numbers,
        reader=reader,
        make=(
            f"dmaragent decode {in_command(reading.path)} --json > {file}.json",
            *_encode_lines(file, names),
        ),
        load=load,
        edit=edit,
        undo=undo,
        needs=words.needs(reader.value),
        risks=words.risks(name),
    )


def _encode_lines(file: str, names: list[str]) -> Iterator[str]:
    """Yield the command that leaves the regions `names` out, on several lines if it is long."""
    line = f"dmaragent encode {file}.json -o {file}.aml"
    for name in names:
        if len(line) > _LONGEST:
            yield f"{line} \\"
            line = " "
        line += f" --without {name}"
    yield line


_Steps = tuple[tuple[str, ...], str, tuple[str, ...]]
"""The commands, what to edit by hand, and the commands that undo it."""


def _for_linux(inventory: Inventory, name: str) -> _Steps:
    file = f"{name.lower()}.aml"
    distribution = boot_setup(inventory.host, Reader.LINUX).distribution
    if distribution in (Distribution.DEBIAN, Distribution.PROXMOX):
        return (
            (
                "mkdir -p /var/lib/acpi-override",
                f"cp {file} /var/lib/acpi-override/",
                "apt install acpi-override-initramfs",  # it runs update-initramfs
                "update-initramfs -u",
            ),
            "",
            ("apt remove acpi-override-initramfs",),  # likewise
        )
    if distribution in (Distribution.FEDORA, Distribution.SUSE, Distribution.QUBES):
        place = "/etc/dracut.conf.d/acpi.conf"
        return (
            (
                "mkdir -p /etc/acpi-override",
                f"cp {file} /etc/acpi-override/",
                f"echo 'acpi_override=\"yes\"' > {place}",
                f"echo 'acpi_table_dir=\"/etc/acpi-override\"' >> {place}",
                "dracut --force",
            ),
            "",
            (f"rm {place}", "dracut --force"),
        )
    return (
        (
            "mkdir -p kernel/firmware/acpi",
            f"cp {file} kernel/firmware/acpi/",
            "find kernel | cpio -o -H newc > /boot/acpi-override.cpio",
        ),
        words.early_initrd("acpi-override.cpio"),
        (),
    )


def _for_xen(inventory: Inventory, name: str) -> _Steps:
    setup = boot_setup(inventory.host, Reader.XEN)
    file = f"{name.lower()}.aml"
    command = f"acpi --exclude={name} $prefix/{file}"
    if setup.loader is Loader.XEN_CMDLINE:
        return (f"cp {file} /boot/grub/",), words.in_grub_cfg(command), ()
    debian = setup.distribution in (Distribution.DEBIAN, Distribution.PROXMOX)
    folder = "/boot/grub" if debian or setup.distribution is Distribution.UNKNOWN else "/boot/grub2"
    script, refresh = f"/etc/grub.d/09_{name.lower()}", refresh_grub(setup.distribution)
    quoted = command.replace("$", "\\$")
    return (
        (
            f"cp {file} {folder}/",
            f"echo '#!/bin/sh' > {script}",
            f"echo \"echo '{quoted}'\" >> {script}",
            f"chmod +x {script}",
            refresh,
        ),
        "",
        (f"rm {script}", refresh),
    )
