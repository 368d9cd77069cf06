r"""How a host's boot loader gets an option of Xen or Linux, and how to undo that.

Pure.  Every remedy that names a boot option takes its commands from here.  Each form:

* GRUB: ``grub-mkconfig`` reads /etc/default/grub as a shell.  10_linux and 20_linux_xen put the
  variables unchanged into grub.cfg, which GRUB's own script language reads.  There ``;`` ends a
  command and ``\;`` is the character.  The ``_DEFAULT`` variables come last, so their options
  win, and the recovery entry does not get them.  Source: GRUB util/grub.d/20_linux_xen.in,
  ``linux_entry``; the manual, "Simple configuration".
* grubby: Fedora, RHEL and their rebuilds change kernel entries with it; the shell alone reads its
  quotes.  Source: grubby(8), ``--args`` and ``--remove-args``.
* proxmox-boot-tool and systemd-boot: /etc/kernel/cmdline is one line without quotes.  Source:
  pve-docs, system-booting.adoc, "Editing the Kernel Commandline"; kernel-install(8).
* xen.cfg of Xen's EFI loader: ``options=`` is Xen's line, ``kernel=`` the file and the line of
  dom0.  ``#`` starts a comment, ``;`` at the start of a line only.  Source: Xen
  docs/misc/efi.pandoc; common/efi/boot.c, ``pre_parse``.
* xen-cmdline of XCP-ng and XenServer: it writes grub.cfg itself and keeps one value of an option.
  Source: docs.xcp-ng.org, "PCI Passthrough"; xenserver/python-libs, xcp/bootloader.py,
  ``writeGrub2``, which writes the words as they are.  ``\;`` follows from that and was not tried.
"""

import re
import shlex
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from dmaragent.boot_option.rmrr_writer import PageRange
from dmaragent.boot_option.words import boot_loaders as words
from dmaragent.boot_words import LoaderMark
from dmaragent.host import Host

_LONGEST = 127
"""Characters of a word that Xen 4.10 and later read."""
_RANGES = frozenset({"rmrr", "ivmd"})
"""The options that are lists of ranges."""
_XEN_CMDLINE = "/opt/xensource/libexec/xen-cmdline"
_FAMILIES = (
    (re.compile(r"\d+\.\d+\.\d+\+\d+"), "XCP_NG"),
    (re.compile(r".*-pve"), "PROXMOX"),
    (re.compile(r".*\.qubes\..*"), "QUBES"),
    (re.compile(r".*\.(?:fc|el)\d.*"), "FEDORA"),
    (re.compile(r".*-default"), "SUSE"),
    (re.compile(r".*-(?:(?:cloud-|rt-)?amd64|generic|lowlatency)"), "DEBIAN"),
)


class Loader(Enum):
    """A way to give boot options."""

    GRUB = "grub"
    GRUBBY = "grubby"
    PROXMOX_BOOT_TOOL = "proxmox-boot-tool"
    SYSTEMD_BOOT = "systemd-boot"
    XEN_EFI = "xen.cfg"
    XEN_CMDLINE = "xen-cmdline"


class Reader(Enum):
    """The program that reads the option."""

    XEN = "xen"
    DOM0 = "dom0"
    """Linux as dom0 of Xen."""
    LINUX = "linux"
    """Linux without Xen."""


class Distribution(Enum):
    """The distributions that differ in how boot options are set."""

    DEBIAN = "debian"
    """Debian, Ubuntu."""
    PROXMOX = "proxmox"
    FEDORA = "fedora"
    """Fedora, RHEL and their rebuilds."""
    QUBES = "qubes"
    SUSE = "suse"
    XCP_NG = "xcp-ng"
    """XCP-ng, XenServer."""
    UNKNOWN = "unknown"


class BootSetup(NamedTuple):
    """How a host boots, as far as its readings show."""

    reader: Reader
    loader: Loader | None
    """None: unknown."""
    distribution: Distribution


class Steps(NamedTuple):
    """How one loader gets the options."""

    loader: Loader
    lines: tuple[str, ...]
    """Commands for a root shell."""
    edit: str
    """What to edit by hand before the commands; empty: nothing."""
    undo: str
    """How to take the options back by hand; empty: `undo_lines` do it."""
    undo_lines: tuple[str, ...] = ()
    """Commands that take them back."""

    @property
    def title(self) -> str:
        """The loader under the name that people know."""
        return words.LOADER_TITLES[self.loader.value]


def boot_setup(host: Host, reader: Reader | None = None) -> BootSetup:
    """Return how `host` gives options to `reader`; None: to the Linux that runs on it."""
    if reader is None:
        reader = Reader.LINUX if host.xen is None else Reader.DOM0
    distribution = _distribution(host.system.kernel_release)
    return BootSetup(reader, _loader(host, reader, distribution), distribution)


def steps_to_add(options: Sequence[str], setup: BootSetup) -> tuple[Steps, ...]:
    """Return how to add `options`: the host's own way, or every way if its loader is unknown."""
    return tuple(_ADD[loader](options, setup) for loader in _loaders(setup))


def steps_to_replace(old: str, new: str, setup: BootSetup) -> tuple[Steps, ...]:
    """Return how to write `new` instead of `old`, or to remove `old` if `new` is empty."""
    return tuple(_replace(old, new, setup, loader) for loader in _loaders(setup))


def kernel_option_words(ways: Sequence[Steps]) -> str:
    """Return in sentences how to give the kernel an option by one of `ways`, and how to undo it."""
    if len(ways) != 1:
        return words.unknown_kernel_loader(way.loader.value for way in ways)
    (way,) = ways
    return " ".join(text for text in (way.edit, words.THEN_REBOOT, way.undo) if text)


def lines_and_undo(way: Steps) -> tuple[str, ...]:
    """Return the commands of `way`, those of its undo as comments: all can be pasted."""
    return (*way.lines, *(words.undo_comment(line) for line in way.undo_lines))


# Which loader ---------------------------------------------------------------------------


def _distribution(kernel_release: str | None) -> Distribution:
    """Return the distribution that builds kernels with such a release."""
    for pattern, name in _FAMILIES:
        if kernel_release is not None and pattern.fullmatch(kernel_release):
            return Distribution[name]
    return Distribution.UNKNOWN


def _loader(host: Host, reader: Reader, distribution: Distribution) -> Loader | None:
    if reader is Reader.LINUX:
        mark = host.system.loader_mark
        if mark is LoaderMark.GRUB and distribution is Distribution.FEDORA:
            return Loader.GRUBBY
        return None if mark is None else _BY_MARK[mark]
    if distribution is Distribution.XCP_NG:
        return Loader.XEN_CMDLINE
    line = None if host.xen is None else host.xen.command_line
    # GRUB's 20_linux_xen alone writes this word: Xen arch/x86/setup.c, ignore_param.
    return Loader.GRUB if line is not None and "placeholder" in line.split() else None


_BY_MARK = {
    LoaderMark.GRUB: Loader.GRUB,
    LoaderMark.PROXMOX_BOOT_TOOL: Loader.PROXMOX_BOOT_TOOL,
    LoaderMark.KERNEL_INSTALL: Loader.SYSTEMD_BOOT,
}


def _loaders(setup: BootSetup) -> tuple[Loader, ...]:
    """Return the host's loader, or those that are possible."""
    if setup.loader is not None:
        return (setup.loader,)
    if setup.reader is not Reader.LINUX:
        unknown = setup.distribution is Distribution.UNKNOWN
        return (Loader.GRUB, Loader.XEN_EFI, *((Loader.XEN_CMDLINE,) if unknown else ()))
    if setup.distribution is Distribution.PROXMOX:
        return (Loader.GRUB, Loader.PROXMOX_BOOT_TOOL)
    if setup.distribution is Distribution.FEDORA:
        return (Loader.GRUBBY,)
    if setup.distribution is Distribution.DEBIAN:
        return (Loader.GRUB, Loader.SYSTEMD_BOOT)
    return (Loader.GRUB, Loader.GRUBBY, Loader.PROXMOX_BOOT_TOOL, Loader.SYSTEMD_BOOT)


# The words of Xen's rmrr= ---------------------------------------------------------------


def one_word(ranges: Sequence[PageRange], longest: int) -> str | None:
    """Return `ranges` as one word with ``;``; None if it is over the `longest` that Xen reads."""
    word = "rmrr=" + ";".join(pages.text for pages in ranges)
    return word if len(word) <= longest else None


# GRUB -----------------------------------------------------------------------------------

_VARIABLES = {
    Reader.XEN: "GRUB_CMDLINE_XEN_DEFAULT",
    Reader.DOM0: "GRUB_CMDLINE_LINUX_DEFAULT",
    Reader.LINUX: "GRUB_CMDLINE_LINUX_DEFAULT",
}


def grub_default(options: str, reader: Reader = Reader.XEN) -> str:
    """Return the line for /etc/default/grub that adds `options` to what is there.

    Within the shell's double quotes a backslash before ``;`` stays, so that it reaches grub.cfg.
    """
    variable = _VARIABLES[reader]
    escaped = options.replace(";", r"\;")
    return f'{variable}="${variable} {escaped}"'


def refresh_grub(distribution: Distribution) -> str:
    """Return the command that writes grub.cfg anew."""
    if distribution in (Distribution.DEBIAN, Distribution.PROXMOX):
        return "update-grub"
    redhat = "grub2-mkconfig -o /boot/grub2/grub.cfg"
    if distribution is Distribution.UNKNOWN:
        return f"update-grub    # Fedora, Qubes OS, SUSE: {redhat}"
    return redhat


def _grub(options: Sequence[str], setup: BootSetup) -> Steps:
    lines = [grub_default(option, setup.reader) for option in options]
    return Steps(
        Loader.GRUB,
        lines=(
            *(f"echo {shlex.quote(line)} >> /etc/default/grub" for line in lines),
            refresh_grub(setup.distribution),
        ),
        edit="",
        undo=words.undo_grub(len(lines)),
    )


def _grubby(options: Sequence[str], _setup: BootSetup) -> Steps:
    given = shlex.quote(" ".join(options))
    return Steps(
        Loader.GRUBBY,
        lines=(f"grubby --update-kernel=ALL --args={given}",),
        edit="",
        undo="",
        undo_lines=(f"grubby --update-kernel=ALL --remove-args={given}",),
    )


# /etc/kernel/cmdline --------------------------------------------------------------------

_KERNEL_LINE = "/etc/kernel/cmdline"


def _kernel_line(options: Sequence[str], loader: Loader, refresh: str) -> Steps:
    added = " " + " ".join(options)
    new, old = re.sub(r"([\\&|])", r"\\\1", added), re.sub(r"([\\|.*^$\[\]])", r"\\\1", added)
    undo = f"sed -i {shlex.quote(f'1s|{old}$||')} {_KERNEL_LINE}"
    return Steps(
        loader,
        lines=(f"sed -i {shlex.quote(f'1s|$|{new}|')} {_KERNEL_LINE}", refresh),
        edit="" if loader is Loader.PROXMOX_BOOT_TOOL else words.KERNEL_LINE_NEEDED,
        undo="",
        undo_lines=(undo, refresh),
    )


def _proxmox_boot_tool(options: Sequence[str], _setup: BootSetup) -> Steps:
    return _kernel_line(options, Loader.PROXMOX_BOOT_TOOL, "proxmox-boot-tool refresh")


def _kernel_install(setup: BootSetup) -> str:
    """Return the command that writes the running kernel's entry anew."""
    debian = setup.distribution is Distribution.DEBIAN
    image = "/boot/vmlinuz-$(uname -r)" if debian else "/lib/modules/$(uname -r)/vmlinuz"
    return f'kernel-install add "$(uname -r)" "{image}"'


def _systemd_boot(options: Sequence[str], setup: BootSetup) -> Steps:
    return _kernel_line(options, Loader.SYSTEMD_BOOT, _kernel_install(setup))


# Xen's own ------------------------------------------------------------------------------


def _xen_efi(options: Sequence[str], setup: BootSetup) -> Steps:
    key = "options=" if setup.reader is Reader.XEN else "kernel="
    return Steps(
        Loader.XEN_EFI,
        lines=(),
        edit=words.append_to_xen_cfg(key, " ".join(options)),
        undo=words.undo_xen_cfg(key),
    )


def _xen_cmdline(options: Sequence[str], setup: BootSetup) -> Steps:
    """Return the commands for the options; those of one name become one word with ``;``."""
    kind = "xen" if setup.reader is Reader.XEN else "dom0"
    values: dict[str, list[str]] = {}
    for option in options:
        name, _, value = option.partition("=")
        values.setdefault(name, []).append(value)
    words_of = {name: _joined(name, found) for name, found in values.items()}
    too_long = [name for name, word in words_of.items() if len(word.replace("\\;", ";")) > _LONGEST]
    if too_long:
        edit = words.ranges_too_long_for_xen_cmdline(too_long[0], " ".join(options))
        return Steps(Loader.XEN_CMDLINE, (), edit, words.UNDO_GRUB_CFG)
    shown = f"{_XEN_CMDLINE} --get-{kind} {' '.join(values)}"
    return Steps(
        Loader.XEN_CMDLINE,
        lines=tuple(
            f"{_XEN_CMDLINE} --set-{kind} {shlex.quote(word)}" for word in words_of.values()
        ),
        edit=words.note_earlier_value(shown, ranges=not _RANGES.isdisjoint(values)),
        undo="",
        undo_lines=tuple(f"{_XEN_CMDLINE} --delete-{kind} {shlex.quote(name)}" for name in values),
    )


def _joined(name: str, values: Sequence[str]) -> str:
    r"""Return one word with all `values`; xen-cmdline leaves ``\;`` to GRUB."""
    value = r"\;".join(value.replace(";", r"\;") for value in values)
    return f"{name}={value}" if value else name


_ADD = {
    Loader.GRUB: _grub,
    Loader.GRUBBY: _grubby,
    Loader.PROXMOX_BOOT_TOOL: _proxmox_boot_tool,
    Loader.SYSTEMD_BOOT: _systemd_boot,
    Loader.XEN_EFI: _xen_efi,
    Loader.XEN_CMDLINE: _xen_cmdline,
}


# Replacing ------------------------------------------------------------------------------


def _replace(old: str, new: str, setup: BootSetup, loader: Loader) -> Steps:
    place, refresh = _place(setup, loader)
    back = words.replace_in(place, new, old) if new else words.append_to(place, old)
    if loader is Loader.GRUBBY:
        added = f" --args={shlex.quote(new)}" if new else ""
        removed = f" --remove-args={shlex.quote(new)}" if new else ""
        command = "grubby --update-kernel=ALL"
        return Steps(
            loader,
            lines=(f"{command} --remove-args={shlex.quote(old)}{added}",),
            edit="",
            undo="",
            undo_lines=(f"{command}{removed} --args={shlex.quote(old)}",),
        )
    if loader is Loader.XEN_CMDLINE:
        kind = "xen" if setup.reader is Reader.XEN else "dom0"
        name = old.partition("=")[0]
        change = f"--set-{kind} {shlex.quote(new)}" if new else f"--delete-{kind} {name}"
        return Steps(
            loader,
            lines=(f"{_XEN_CMDLINE} {change}",),
            edit="",
            undo="",
            undo_lines=(f"{_XEN_CMDLINE} --set-{kind} {shlex.quote(old)}",),
        )
    return Steps(
        loader,
        lines=(refresh,) if refresh else (),
        edit=words.replace_in(place, old, new),
        undo=words.undo_edit(back, refresh),
    )


def _place(setup: BootSetup, loader: Loader) -> tuple[str, str]:
    """Return where a loader has the options, and the command that makes it read them."""
    key = "options=" if setup.reader is Reader.XEN else "kernel="
    return {
        Loader.GRUB: ("/etc/default/grub", refresh_grub(setup.distribution)),
        Loader.PROXMOX_BOOT_TOOL: (_KERNEL_LINE, "proxmox-boot-tool refresh"),
        Loader.SYSTEMD_BOOT: (_KERNEL_LINE, _kernel_install(setup)),
        Loader.XEN_EFI: (f"{key} of xen.cfg", ""),
    }.get(loader, ("", ""))
