"""Boot options for each boot loader: how they are set, and that the undo takes them back."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from dmaragent.boot_option.boot_loaders import (
    BootSetup,
    Distribution,
    Loader,
    Reader,
    Steps,
    boot_setup,
    refresh_grub,
    steps_to_add,
    steps_to_replace,
)
from dmaragent.boot_words import LoaderMark, linux_words_and_marks, loader_mark
from support.inventories import UNIT, XEN, inventory_of

RANGES = ("rmrr=0xbdf3e-0xbdf4d=00:1d.0", "rmrr=0xbdf4e-0xbdf5d=00:1d.0")
MACHINE_ID = "4c4c4544005135108052b4c04f4a4e31"

needs_sh = pytest.mark.skipif(not shutil.which("sh"), reason="there is no sh")


def _only(setup: BootSetup, *options: str) -> Steps:
    (steps,) = steps_to_add(options, setup)
    return steps


def _setup(
    loader: Loader | None,
    reader: Reader = Reader.LINUX,
    distribution: Distribution = Distribution.DEBIAN,
) -> BootSetup:
    return BootSetup(reader, loader, distribution)


def _run(script: str) -> str:
    done = subprocess.run(["sh", "-ec", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def _grub_words(text: str) -> list[str]:
    """Read a line of grub.cfg as GRUB does: a backslash takes the meaning off ';'."""
    before_end = text.replace(r"\;", "\0").split(";", maxsplit=1)[0]
    return before_end.replace("\0", ";").split()


# Which loader a host has ----------------------------------------------------------------


def _host_setup(line: str, release: str, xen_line: str | None = None) -> BootSetup:
    files = {"/proc/cmdline": line.encode(), "/proc/sys/kernel/osrelease": release.encode()}
    calls = {}
    if xen_line is not None:
        files |= XEN
        calls = {"xl-info": f"xen_commandline : {xen_line}\n".encode()}
    host = inventory_of(UNIT, files=files, calls=calls).host
    return boot_setup(host, None if xen_line is None else Reader.XEN)


@pytest.mark.parametrize(
    ("line", "release", "loader", "distribution"),
    [
        ("BOOT_IMAGE=/vmlinuz root=x", "6.1.0-18-amd64", "grub", "debian"),
        ("BOOT_IMAGE=/vmlinuz root=x", "5.15.0-91-generic", "grub", "debian"),
        ("BOOT_IMAGE=/boot/vmlinuz-6.8.12-2-pve", "6.8.12-2-pve", "grub", "proxmox"),
        (
            r"initrd=\EFI\proxmox\6.8.12-2-pve\initrd.img-6.8.12-2-pve root=ZFS=rpool boot=zfs",
            "6.8.12-2-pve",
            "proxmox-boot-tool",
            "proxmox",
        ),
        ("BOOT_IMAGE=(hd0,gpt2)/vmlinuz", "6.8.5-301.fc40.x86_64", "grubby", "fedora"),
        ("BOOT_IMAGE=(hd0,gpt2)/vmlinuz", "5.14.0-427.el9.x86_64", "grubby", "fedora"),
        ("BOOT_IMAGE=/boot/vmlinuz", "5.14.21-150500.55-default", "grub", "suse"),
        (rf"initrd=\{MACHINE_ID}\6.9.1-arch1-1\initrd ro", "6.9.1-arch1-1", "systemd-boot", ""),
        ("root=/dev/sda1 ro", "6.1.0-18-amd64", None, "debian"),
        ("", "", None, ""),
    ],
)
def test_the_loader_of_a_kernel_is_in_its_command_line(
    line: str, release: str, loader: str | None, distribution: str
) -> None:
    assert _host_setup(line, release) == BootSetup(
        Reader.LINUX,
        None if loader is None else Loader(loader),
        Distribution(distribution or "unknown"),
    )


@pytest.mark.parametrize(
    ("xen_line", "release", "loader", "distribution"),
    [
        ("placeholder dom0_mem=2G", "6.1.0-18-amd64", "grub", "debian"),
        ("placeholder dom0_mem=2G", "6.6.48-1.qubes.fc37.x86_64", "grub", "qubes"),
        ("dom0_mem=4288M,max:4288M watchdog", "4.19.0+1", "xen-cmdline", "xcp-ng"),
        ("dom0_mem=2G", "6.1.0-18-amd64", None, "debian"),
        ("", "6.1.0-18-amd64", None, "debian"),
    ],
)
def test_the_loader_of_xen_is_in_its_command_line_or_follows_from_the_distribution(
    xen_line: str, release: str, loader: str | None, distribution: str
) -> None:
    expected = None if loader is None else Loader(loader)

    assert _host_setup("root=/dev/sda1", release, xen_line) == BootSetup(
        Reader.XEN, expected, Distribution(distribution)
    )


@pytest.mark.parametrize("mark", LoaderMark)
def test_a_bundle_keeps_what_shows_the_loader_and_no_path(mark: LoaderMark) -> None:
    lines = {
        LoaderMark.GRUB: "BOOT_IMAGE=/secret/vmlinuz",
        LoaderMark.PROXMOX_BOOT_TOOL: r"initrd=\EFI\proxmox\secret\initrd.img",
        LoaderMark.KERNEL_INSTALL: rf"initrd=\{MACHINE_ID}\6.1.0\secret",
    }
    kept = linux_words_and_marks(f"{lines[mark]} root=secret iommu=pt")

    assert kept == (mark.value, "iommu=pt")
    assert loader_mark(" ".join(kept)) is mark
    assert linux_words_and_marks(" ".join(kept)) == kept


# Setting and undoing --------------------------------------------------------------------


@needs_sh
@pytest.mark.parametrize(
    ("reader", "variable", "options"),
    [
        (Reader.XEN, "GRUB_CMDLINE_XEN_DEFAULT", RANGES),
        (Reader.XEN, "GRUB_CMDLINE_XEN_DEFAULT", ("rmrr=1=0:1d.0;2=0:1a.0",)),
        (Reader.XEN, "GRUB_CMDLINE_XEN_DEFAULT", ("dom0-iommu=map-inclusive",)),
        (Reader.DOM0, "GRUB_CMDLINE_LINUX_DEFAULT", ("xen-pciback.hide=(0a:00.0)",)),
        (Reader.LINUX, "GRUB_CMDLINE_LINUX_DEFAULT", ("intel_iommu=on,relax_rmrr",)),
    ],
)
def test_grub_gets_the_options_after_those_that_are_there(
    reader: Reader, variable: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "grub"
    before = f'{variable}="quiet"\n'
    file.write_text(before)
    steps = _only(_setup(Loader.GRUB, reader), *options)
    *lines, refresh = steps.lines
    script = "\n".join(lines).replace("/etc/default/grub", str(file))

    seen = _run(f'{script}\n. {file}\nprintf %s "${variable}"')

    assert _grub_words(seen) == ["quiet", *options]
    assert refresh == "update-grub"
    # The undo: the lines that were added go.
    assert file.read_text().splitlines()[: -len(lines)] == before.splitlines()
    assert "/etc/default/grub" in steps.undo


@pytest.mark.parametrize(
    ("distribution", "command"),
    [
        (Distribution.DEBIAN, "update-grub"),
        (Distribution.PROXMOX, "update-grub"),
        (Distribution.FEDORA, "grub2-mkconfig -o /boot/grub2/grub.cfg"),
        (Distribution.QUBES, "grub2-mkconfig -o /boot/grub2/grub.cfg"),
        (Distribution.SUSE, "grub2-mkconfig -o /boot/grub2/grub.cfg"),
    ],
)
def test_grub_cfg_is_written_by_the_distribution_s_own_command(
    distribution: Distribution, command: str
) -> None:
    assert refresh_grub(distribution) == command
    assert command in refresh_grub(Distribution.UNKNOWN)


def test_grubby_removes_the_same_arguments_that_it_added() -> None:
    steps = _only(_setup(Loader.GRUBBY), "intel_iommu=on", "iommu=pt")

    assert [shlex.split(line) for line in steps.lines] == [
        ["grubby", "--update-kernel=ALL", "--args=intel_iommu=on iommu=pt"]
    ]
    assert [shlex.split(line) for line in steps.undo_lines] == [
        ["grubby", "--update-kernel=ALL", "--remove-args=intel_iommu=on iommu=pt"]
    ]


def test_grubby_takes_back_an_option_that_replaced_another() -> None:
    (steps,) = steps_to_replace("intel_iommu=off", "intel_iommu=on", _setup(Loader.GRUBBY))
    (removed,) = steps_to_replace("intel_iommu=off", "", _setup(Loader.GRUBBY))

    assert [shlex.split(line)[2:] for line in (*steps.lines, *steps.undo_lines)] == [
        ["--remove-args=intel_iommu=off", "--args=intel_iommu=on"],
        ["--remove-args=intel_iommu=on", "--args=intel_iommu=off"],
    ]
    assert [shlex.split(line)[2:] for line in (*removed.lines, *removed.undo_lines)] == [
        ["--remove-args=intel_iommu=off"],
        ["--args=intel_iommu=off"],
    ]


@needs_sh
@pytest.mark.parametrize(
    ("loader", "distribution", "refresh"),
    [
        (Loader.PROXMOX_BOOT_TOOL, Distribution.PROXMOX, "proxmox-boot-tool refresh"),
        (
            Loader.SYSTEMD_BOOT,
            Distribution.DEBIAN,
            'kernel-install add "$(uname -r)" "/boot/vmlinuz-$(uname -r)"',
        ),
        (
            Loader.SYSTEMD_BOOT,
            Distribution.UNKNOWN,
            'kernel-install add "$(uname -r)" "/lib/modules/$(uname -r)/vmlinuz"',
        ),
    ],
)
@pytest.mark.parametrize("option", ["intel_iommu=on,relax_rmrr", r"odd=a&b|c\d.*[e]$f'g"])
def test_the_kernel_s_line_gets_the_option_and_loses_it_again(
    loader: Loader, distribution: Distribution, refresh: str, option: str, tmp_path: Path
) -> None:
    file = tmp_path / "cmdline"
    before = "root=ZFS=rpool/ROOT/pve-1 boot=zfs\n"
    file.write_text(before)
    steps = _only(_setup(loader, distribution=distribution), option)

    _run(steps.lines[0].replace("/etc/kernel/cmdline", str(file)))

    assert file.read_text() == f"{before.rstrip()} {option}\n"
    assert steps.lines[1:] == (refresh,)
    undo, again = steps.undo_lines
    _run(undo.replace("/etc/kernel/cmdline", str(file)))
    assert file.read_text() == before
    assert again == refresh


def _xen_cfg_value(text: str, key: str) -> str:
    """Read a line of xen.cfg as Xen does: common/efi/boot.c, pre_parse and get_value."""
    (line,) = (line for line in text.splitlines() if line.startswith(key))
    return line.removeprefix(key).split("#")[0]


@pytest.mark.parametrize(
    ("reader", "key"), [(Reader.XEN, "options="), (Reader.DOM0, "kernel=vmlinuz ")]
)
def test_xen_cfg_has_the_options_without_quotes(reader: Reader, key: str) -> None:
    steps = _only(_setup(Loader.XEN_EFI, reader), *RANGES)
    added = steps.edit.rpartition(": ")[2]
    cfg = "[global]\ndefault=xen\n[xen]\noptions=loglvl=all\nkernel=vmlinuz quiet\n"
    old = _xen_cfg_value(cfg, key)

    value = _xen_cfg_value(cfg.replace(f"{key}{old}", f"{key}{old} {added}"), key)

    assert value.split() == [old, *RANGES]
    assert steps.lines == ()
    assert key.partition("=")[0] in steps.edit
    assert key.partition("=")[0] in steps.undo


@pytest.mark.parametrize(
    ("reader", "kind", "options", "word", "name"),
    [
        (
            Reader.XEN,
            "xen",
            RANGES,
            r"rmrr=0xbdf3e-0xbdf4d=00:1d.0\;0xbdf4e-0xbdf5d=00:1d.0",
            "rmrr",
        ),
        (Reader.XEN, "xen", ("dom0-iommu=strict",), "dom0-iommu=strict", "dom0-iommu"),
        (
            Reader.DOM0,
            "dom0",
            ("xen-pciback.hide=(0a:00.0)",),
            "xen-pciback.hide=(0a:00.0)",
            "xen-pciback.hide",
        ),
    ],
)
def test_xen_cmdline_gets_one_word_of_a_name_and_deletes_it_by_name(
    reader: Reader, kind: str, options: tuple[str, ...], word: str, name: str
) -> None:
    steps = _only(_setup(Loader.XEN_CMDLINE, reader, Distribution.XCP_NG), *options)
    tool = "/opt/xensource/libexec/xen-cmdline"

    assert [shlex.split(line) for line in steps.lines] == [[tool, f"--set-{kind}", word]]
    assert [shlex.split(line) for line in steps.undo_lines] == [[tool, f"--delete-{kind}", name]]
    assert f"{tool} --get-{kind} {name}" in steps.edit
    values = _grub_words(word)[0].split(";")
    assert len(values) == len(options)


def test_ranges_that_xen_would_cut_are_not_given_to_xen_cmdline() -> None:
    many = [f"rmrr=0x{page:x}-0x{page + 15:x}=00:1d.0" for page in range(0x1000, 0x1060, 16)]
    steps = _only(_setup(Loader.XEN_CMDLINE, Reader.XEN, Distribution.XCP_NG), *many)

    assert steps.lines == ()
    assert " ".join(many) in steps.edit


def test_the_backslashes_for_the_shell_do_not_count_for_the_length_that_xen_reads() -> None:
    """124 characters, and 128 with the backslashes; Xen reads 127 of a word."""
    five = [f"rmrr=0x{page:x}-0x{page + 15:x}=00:1d.0" for page in range(0x10000, 0x10050, 16)]
    steps = _only(_setup(Loader.XEN_CMDLINE, Reader.XEN, Distribution.XCP_NG), *five)

    (value,) = {line.partition("rmrr=")[2] for line in steps.lines if "rmrr=" in line}
    assert value.count("\\;") == 4


@pytest.mark.parametrize(("length", "fits"), [(127, True), (128, False)])
def test_xen_reads_127_characters_of_a_word(length: int, *, fits: bool) -> None:
    option = "rmrr=0x10000=" + "00:1d.0".rjust(length - len("rmrr=0x10000="), "0")
    steps = _only(_setup(Loader.XEN_CMDLINE, Reader.XEN, Distribution.XCP_NG), option)

    assert len(option) == length
    assert bool(steps.lines) is fits


# An unknown loader ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reader", "distribution", "loaders"),
    [
        (Reader.XEN, "unknown", ["grub", "xen.cfg", "xen-cmdline"]),
        (Reader.XEN, "debian", ["grub", "xen.cfg"]),
        (Reader.DOM0, "unknown", ["grub", "xen.cfg", "xen-cmdline"]),
        (Reader.DOM0, "debian", ["grub", "xen.cfg"]),
        (Reader.LINUX, "proxmox", ["grub", "proxmox-boot-tool"]),
        (Reader.LINUX, "fedora", ["grubby"]),
        (Reader.LINUX, "debian", ["grub", "systemd-boot"]),
        (Reader.LINUX, "unknown", ["grub", "grubby", "proxmox-boot-tool", "systemd-boot"]),
    ],
)
def test_of_an_unknown_loader_every_way_that_is_possible_is_offered(
    reader: Reader, distribution: str, loaders: list[str]
) -> None:
    setup = _setup(None, reader, Distribution(distribution))

    assert [one.loader.value for one in steps_to_add(["iommu=on"], setup)] == loaders
    assert [one.loader.value for one in steps_to_replace("iommu=off", "", setup)] == loaders


# Replacing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loader", "reader", "named"),
    [
        (Loader.GRUB, Reader.LINUX, "/etc/default/grub"),
        (Loader.GRUBBY, Reader.LINUX, "grubby"),
        (Loader.PROXMOX_BOOT_TOOL, Reader.LINUX, "/etc/kernel/cmdline"),
        (Loader.SYSTEMD_BOOT, Reader.LINUX, "/etc/kernel/cmdline"),
        (Loader.XEN_EFI, Reader.XEN, "xen.cfg"),
        (Loader.XEN_CMDLINE, Reader.XEN, "xen-cmdline"),
    ],
)
@pytest.mark.parametrize("new", ["iommu=pt", ""])
def test_an_option_is_replaced_or_removed_and_the_undo_names_the_old_one(
    loader: Loader, reader: Reader, named: str, new: str
) -> None:
    (steps,) = steps_to_replace("iommu=off,pt", new, _setup(loader, reader))
    shown = " ".join((*steps.lines, steps.edit))

    assert named in shown
    assert new in shown
    assert re.search(r"iommu(=off,pt)?\b", shown)
    assert "iommu=off,pt" in " ".join((steps.undo, *steps.undo_lines))
