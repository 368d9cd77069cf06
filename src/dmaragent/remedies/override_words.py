"""The sentences about booting with a copy of the firmware's table."""


def needs(reader: str) -> tuple[str, ...]:
    """Return the prerequisites of an override that `reader` uses: linux or xen."""
    if reader == "xen":
        return (
            "GRUB must start Xen: xen.efi without GRUB cannot replace a table.",
            "Secure Boot must be off, because GRUB does not have the command otherwise.",
        )
    return (
        "The kernel needs CONFIG_ACPI_TABLE_UPGRADE, which distributions set.",
        "Secure Boot must be off, because lockdown forbids other tables.",
    )


def risks(table: str) -> tuple[str, ...]:
    """Return the risks of a copy of `table` without a region."""
    still_used = (
        "If the firmware still uses the region, a DMA of the device there faults, or overwrites "
        "memory of a guest."
    )
    return (
        still_used,
        f"Undo it before a firmware update, which can change the {table}.",
        "Keep a boot entry without it.",
    )


def early_initrd(file: str) -> str:
    """Return how a loader gets `file` before the initrd."""
    return (
        f"Load /boot/{file} before the initrd. For GRUB, add the line "
        f'GRUB_EARLY_INITRD_LINUX_CUSTOM="{file}" to /etc/default/grub and write grub.cfg again. '
        "For systemd-boot, add a line initrd before the other. Undo: delete the line."
    )


def in_grub_cfg(command: str) -> str:
    """Return where `command` must be in a grub.cfg that is edited by hand."""
    return (
        f"In grub.cfg, add this line before the first menuentry: {command}. Undo: delete the line."
    )
