"""How to set and undo an option with each boot loader."""

from collections.abc import Iterable

LOADER_TITLES = {
    "grub": "GRUB",
    "grubby": "GRUB (Fedora, RHEL)",
    "proxmox-boot-tool": "systemd-boot on Proxmox VE",
    "systemd-boot": "systemd-boot",
    "xen.cfg": "Xen's EFI loader (xen.efi without GRUB)",
    "xen-cmdline": "XCP-ng, XenServer",
}
"""The loaders under the names that people know, by their ids."""
KERNEL_LINE_NEEDED = (
    "If /etc/kernel/cmdline does not exist, first write the options of /proc/cmdline to it, "
    "without initrd=."
)


def append_to_xen_cfg(key: str, options: str) -> str:
    """Return how to add options in the file of Xen's EFI loader; `key`: the line."""
    after = ", after the file name" if key == "kernel=" else ""
    return (
        "In xen.cfg beside xen.efi on the EFI system partition, append this to the line "
        f"{key} of the section that boots{after}, without quotes: {options}"
    )


def undo_xen_cfg(key: str) -> str:
    """Return how to remove options from the file of Xen's EFI loader."""
    return f"Undo: delete the option from {key} in xen.cfg and reboot."


def note_earlier_value(command: str, *, ranges: bool) -> str:
    """Return what to do before xen-cmdline sets an option; `command` shows the present value."""
    keep = " Include its ranges in the new value." if ranges else ""
    return (
        f"xen-cmdline replaces the present value. Note it first: {command}.{keep} If there was "
        "one, undo by setting it again; deleting the option would lose it."
    )


def ranges_too_long_for_xen_cmdline(name: str, options: str) -> str:
    """Return what to do if the ranges of the option `name` make a word too long for Xen."""
    return (
        f"xen-cmdline keeps one {name}=, and Xen cuts a word this long. In grub.cfg, append these "
        f"words to the multiboot2 line: {options}"
    )


UNDO_GRUB_CFG = "Undo: delete the words from grub.cfg and reboot."


def undo_grub(lines: int) -> str:
    """Return how to take back `lines` in /etc/default/grub."""
    what = "that line" if lines == 1 else "those lines"
    return (
        f"Undo: delete {what} from /etc/default/grub, run the last command again and reboot. If "
        "the host does not boot, press e in GRUB's menu and delete the option for one boot."
    )


UNDO_COMMANDS = "Undo (then reboot):"


def undo_comment(command: str) -> str:
    """Return a command of an undo as a comment of a shell."""
    return f"# Undo: {command}"


def undo_edit(back: str, refresh: str) -> str:
    """Return that an edit is undone by `back`, then `refresh` if that is not empty."""
    again = ", run the command again" if refresh else ""
    return f"Undo: {back[:1].lower()}{back[1:].rstrip('.')}{again} and reboot."


def replace_in(place: str, old: str, new: str) -> str:
    """Return how to replace an option in a file; an empty `new` removes it."""
    return f"In {place}, replace {old} with {new}." if new else f"In {place}, delete {old}."


def append_to(place: str, option: str) -> str:
    """Return how to add an option in a file."""
    return f"In {place}, add {option} again."


THEN_REBOOT = "Then reboot and check /proc/cmdline."
_KERNEL_PLACES = {
    "grub": "GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub, then update-grub or grub2-mkconfig.",
    "grubby": "grubby --update-kernel=ALL --args=OPTION, undone by --remove-args=OPTION.",
    "proxmox-boot-tool": "/etc/kernel/cmdline, then proxmox-boot-tool refresh.",
    "systemd-boot": "/etc/kernel/cmdline, then kernel-install add.",
}


def unknown_kernel_loader(loaders: Iterable[str]) -> str:
    """Return where each of `loaders`, by their ids, has the kernel's options."""
    places = (f"{LOADER_TITLES[loader]}: {_KERNEL_PLACES[loader]}" for loader in loaders)
    return (
        f"The boot loader is unknown. {' '.join(places)} Undo: delete the option in the same place, "
        "run the same command and reboot."
    )
