"""integrations/capture.sh on a running machine: its calls, what it keeps of them, an initramfs."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dmaragent.collect import ledger, outputs
from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.live.host import LiveHost
from dmaragent.collect.recorded.recording import record, write_files
from dmaragent.readings import Missing, MissingKind
from dmaragent.redaction import Redactor
from support.capturing import (
    SCRIPT,
    SHELLS,
    Copy,
    add_program,
    add_script,
    captured,
    comparable,
    copy_machine,
    read_log,
    unpack,
)
from support.wording import Worded

pytestmark = pytest.mark.slow  # the script runs for each case and shell


Require = Callable[[str], None]
APPLETS = "awk cat cp date dd find ln mkdir mv readlink rm sed sh sha256sum tar true"
UUID = "4c4c4544-0036-3510-8052-b4c04f4b3232"
MAC = "00:1B:21:0a:0b:0c"
XL = f"""\
host                   : secret-host.example.org
release                : 6.1.0 {UUID}
virt_caps              : pv hvm {MAC} {MAC.lower()} 0{MAC} {MAC}:00
xen_major              : 4
xen_commandline        : iommu=debug console=com1 placeholder rmrr=0x1=0:3.0 no-x2apic ivrs_ioapic[4]=00:14.0 ivrs-hpet[0]=00:14.0 password=x
xen_scheduler          :
cc_compile_by          : somebody
no colon
"""
XL_DMESG = f"""\
(XEN) Xen version 4.17.1 (alice@build.example) (gcc 12) debug=n
(XEN) Command line: iommu=debug console=com1 dom0_mem=1G ivrs_ioapic[4]=00:14.0
(XEN) CMDLINE[0000000048000000]:chosen root=/dev/secret iommu=pt
(XEN)     mod[0].cmdline:    'root=/dev/secret intel_iommu=on quiet'
(XEN) parameter "hunter2" unknown!
(XEN) secret-host.example.org or secret-host, not secret-hosts or my-secret-host
(XEN) [2026-11-24 00:00:00] (d1) a guest says {MAC}
(XEN) (d2v0) and another
(XEN) [2026-11-24 00:00:00] [VT-D]Host address width 39 {MAC}
no line of Xen
"""
XENSTORE = f"""\
/local/domain/0/backend/pci/1/0/dev-0 = "0000:01:00.0"
/local/domain/0/backend/pci/1/0/domain = "a guest's name"
/local/domain/0/backend/pci/1/0/frontend-id = "1"
/local/domain/0/backend/pci/1/0/uuid = "{UUID}"
"""
LOG = f"""\
[    0.000000] Command line: root=UUID={UUID} intel_iommu=on DMAR quiet
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff] usable
[    0.000000] ACPI: DMAR 0x000000007FFE0000 0000B0 (v01 secret-host)
[    0.000000] ACPI: DMARX 0x000000007FFE0000
[    0.000000] usb 1-1: secret-host {MAC}
[    0.000000] secret-host: DMAR: DRHD base
[    0.000000] xDMAR-IR: a b
[    0.000000] dmar0: c {MAC}
[    0.000000] IOMMUX
[    0.000000] Unknown kernel command line parameters "pw=hunter2 IOMMU=1", will be passed
"""
LOG_KEPT = """\
[    0.000000] Command line: intel_iommu=on
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff] usable
[    0.000000] ACPI: DMAR 0x000000007FFE0000 0000B0 (v01 secret-host)
[    0.000000] secret-host: DMAR: DRHD base
[    0.000000] xDMAR-IR: a b
[    0.000000] dmar0: c mac-1
[    0.000000] Unknown kernel command line parameters removed
"""
"""The kernel knows no name of its host: where one stands in its lines, it is a word that answers
read, after which somebody called a host."""


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Give a Xen dom0 as a tree, whose host has a name and says too much."""
    copy = copy_machine("xen-pv-dom0", tmp_path)
    add_program(copy.programs, "dmesg", LOG.encode())
    add_script(copy.programs, "xl", f'cat "{copy.programs}/xl-$1"')
    (copy.programs / "xl-info").write_text(XL)
    (copy.programs / "xl-dmesg").write_text(XL_DMESG)
    add_program(copy.programs, "xenstore-ls", XENSTORE.encode())
    (copy.tree / "proc/sys/kernel/hostname").write_text("secret-host.example.org\n")
    (copy.tree / "proc/cmdline").write_text(f"root=UUID={UUID} memmap=2M$0x3c000000 a=b\n")
    (copy.tree / "sys/class/dmi/id/product_name").write_text(f"Box {UUID}\n")
    return copy


def _without_names(redactor: Redactor) -> Callable[[str], str]:
    return lambda text: redactor.names(redactor.log(text))


@pytest.mark.parametrize("shell", SHELLS)
def test_what_names_a_host_is_replaced_and_marked(
    shell: str, copy: Copy, tmp_path: Path, require: Require
) -> None:
    require(shell)
    bundle = captured(shell, tmp_path, *copy.options)
    log = (bundle / "calls/boot-log").read_text()
    assert log == LOG_KEPT
    redactor = Redactor()
    redactor.identifiers(f"{UUID} {MAC}")
    redactor.host_name("secret-host.example.org")
    for name, text, change in (
        ("xl-dmesg", outputs.xens_lines(XL_DMESG.encode()), _without_names(redactor)),
        ("xenstore-pci", outputs.backends_lines(XENSTORE.encode()), redactor.identifiers),
        ("xl-info", XL.encode(), redactor.info),
    ):
        assert (bundle / "calls" / name).read_text() == change(text.decode()), name
    assert (bundle / "root/proc/cmdline").read_text() == "memmap=2M$0x3c000000\n"
    assert (bundle / "root/proc/sys/kernel/hostname").read_text() == "host-1\n"
    assert (bundle / "root/sys/class/dmi/id/product_name").read_text() == f"Box {UUID}\n"
    manifest = (bundle / "manifest.json").read_text()
    marked = set(re.findall(r'"path": "([^"]*)".*"redacted": true', manifest))
    assert marked == {
        "boot-log",
        "xl-dmesg",
        "xl-info",
        "/proc/cmdline",
        "/proc/sys/kernel/hostname",
    }
    assert json.loads(manifest)["redaction"] == {
        "replaced": {"host-1": 4, "mac-1": 4, "removed": 5, "uuid-1": 1},
        "boot_words_left_out": 12,
    }


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "words",  # the kernel's line, and what is kept of it
    [
        ('"intel_iommu=on" quiet iommu="pt"', "intel_iommu=on iommu=pt"),
        ('"iommu" x="a iommu=off b" pci="nomsi secret"', "iommu pci=nomsi"),
        ('"intel_iommu amd_iommu" intremap=off -- iommu=off acpi=off', "intremap=off"),
        ('BOOT_IMAGE=/secret "iommu=pt', "BOOT_IMAGE= iommu=pt"),
        ('--=x iommu iommu.passthrough\t=1 memmap="2M$1G"', "iommu iommu.passthrough memmap=2M$1G"),
        ("", ""),
    ],
)
def test_the_kernels_line_is_read_with_its_quotes_and_without_words_for_init(
    shell: str, words: tuple[str, str], copy: Copy, tmp_path: Path, require: Require
) -> None:
    require(shell)
    line, kept = words
    (copy.tree / "proc/cmdline").write_text(f"{line}\n")
    redactor = Redactor()
    assert redactor.linux_line(f"{line}\n") == f"{kept}\n"

    bundle = captured(shell, tmp_path, *copy.options)

    assert (bundle / "root/proc/cmdline").read_text() == f"{kept}\n"
    left_out = json.loads((bundle / "manifest.json").read_text())["redaction"]
    assert left_out["boot_words_left_out"] == redactor.words + 10  # of the logs


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("length", [1022, 1023])
def test_the_last_word_is_left_out_of_a_command_line_that_xen_cut(
    shell: str, length: int, copy: Copy, tmp_path: Path, require: Require
) -> None:
    """Xen reports 1,023 bytes: xen/include/public/version.h, xen_commandline_t."""
    require(shell)
    end = " rmrr=0x1=0:3.0"
    line = f"iommu=debug {'x' * (length - len(end) - 12)}{end}"
    text = f"xen_major              : 4\nxen_commandline        : {line}\n"
    (copy.programs / "xl-info").write_text(text)

    bundle = captured(shell, tmp_path, *copy.options)

    kept = (bundle / "calls/xl-info").read_text()
    assert kept == Redactor().info(text)
    assert (len(line), end in kept) == (length, length < 1023)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_complaint_is_redacted_as_a_dump_does_it(
    shell: str, copy: Copy, tmp_path: Path, require: Require, worded: Worded
) -> None:
    require(shell)
    said = f"secret-host: no {UUID} at {MAC}"
    add_script(copy.programs, "xl", f'echo "{said}" >&2; exit 3')
    bundle = captured(shell, tmp_path, *copy.options)
    readings = json.loads((bundle / "manifest.json").read_text())["readings"]
    details = {each["path"]: each.get("detail") for each in readings}
    worded(details["xl-dmesg"])
    worded(details["xl-info"])


@pytest.mark.parametrize("shell", SHELLS)
def test_on_request_nothing_is_replaced(
    shell: str, copy: Copy, tmp_path: Path, require: Require
) -> None:
    require(shell)
    bundle = captured(shell, tmp_path, *copy.options, "--no-redact")
    assert (bundle / "calls/xl-info").read_text() == XL
    assert '"redacted": true' not in (bundle / "manifest.json").read_text()


@pytest.mark.parametrize(
    ("program", "body", "outcome"),
    [
        pytest.param("xl", 'echo "xl: Permission denied" >&2; exit 1', "denied", id="denied"),
        pytest.param("xl", 'echo "what?" >&2; exit 3', "failed", id="failed"),
        pytest.param("xl", "exit 3", "failed", id="failed in silence"),
        pytest.param("timeout", '[ "$2" = true ] || exit 124', "failed", id="too slow"),
    ],
)
def test_a_command_that_does_not_answer_is_logged_with_its_reason(
    program: str, body: str, outcome: str, copy: Copy, tmp_path: Path
) -> None:
    add_script(copy.programs, program, body)
    bundle = captured("dash", tmp_path, *copy.options)
    assert comparable(read_log(bundle))["call", "xl-info"] == outcome
    assert not (bundle / "calls/xl-info").exists()


def test_of_a_dmesg_without_the_option_kernel_the_kernel_s_lines_are_kept(
    copy: Copy, tmp_path: Path, require: Require, worded: Worded
) -> None:
    require("dash")
    lines = "<6>[ 0.1] DMAR: kernel|<30>[ 9.1] secret-host: IOMMU|<8>[ 9.2] IOMMU|<2>IOMMU"
    add_script(
        copy.programs,
        "dmesg",
        f'[ "$*" = -r ] || {{ echo "bad option" >&2; exit 1; }}; echo "{lines}" | tr "|" "\\n"',
    )
    bundle = captured("dash", tmp_path, *copy.options)
    worded((bundle / "calls/boot-log").read_text(), "0.1")


def test_a_dmesg_without_any_option_is_taken_as_it_is(
    copy: Copy, tmp_path: Path, require: Require
) -> None:
    require("dash")
    add_script(
        copy.programs, "dmesg", '[ $# = 0 ] || { echo "bad option" >&2; exit 1; }; echo IOMMU'
    )
    bundle = captured("dash", tmp_path, *copy.options)
    assert (bundle / "calls/boot-log").read_text() == "IOMMU\n"


class _WithoutUdev(LiveHost):
    def call(self, request: HostRequest) -> bytes | Missing:
        missing = Missing(MissingKind.NOT_COLLECTED)
        return missing if request.path == ledger.UDEV_PCI.path else super().call(request)


@pytest.mark.parametrize("shell", [*SHELLS, "bash"])
def test_this_machine_is_captured_as_dmaragent_records_it(
    shell: str, tmp_path: Path, require: Require
) -> None:
    require(shell)
    (tmp_path / "programs").mkdir()
    bundle = captured(shell, tmp_path, "--no-redact")
    write_files(record(_WithoutUdev())[1], str(tmp_path / "recorded"))
    captured_log, recorded = read_log(bundle), read_log(tmp_path / "recorded")
    assert captured_log.keys() == recorded.keys()
    mine, theirs = comparable(captured_log), comparable(recorded)
    # The clock is set now and then, and with it the time of boot; the log grows.
    for moving in (("call", "resources"), ("call", "boot-log")):
        assert isinstance(mine.pop(moving), str) == isinstance(theirs.pop(moving), str)
    assert mine == theirs
    memory = re.compile(rb'\{"memory_total": (\d+), "boot_time": \d+\}')
    answers = [
        memory.fullmatch((each / "calls/resources").read_bytes())
        for each in (bundle, tmp_path / "recorded")
    ]
    assert all(answers)
    assert len({each[1] for each in answers if each}) == 1


def _initramfs(root: Path, copy: Copy) -> None:
    """Make a root file system of `copy` that holds busybox and its libraries, and no more."""
    shutil.copytree(copy.tree, root, symlinks=True)
    for folder in ("bin", "dev", "tmp", "run"):
        (root / folder).mkdir()
    (root / "dev/null").touch()
    busybox = shutil.which("busybox") or ""
    listed = subprocess.run(["ldd", busybox], capture_output=True, text=True, check=False).stdout
    for library in (busybox, *re.findall(r"(?:=> |^\s*)(/\S+)", listed, re.MULTILINE)):
        place = root / library.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, place)
    for applet in APPLETS.split():
        (root / "bin" / applet).symlink_to(busybox)
    shutil.copy(SCRIPT, root / "capture.sh")


def test_it_runs_in_an_initramfs_with_busybox_alone(tmp_path: Path, require: Require) -> None:
    require("busybox")
    if os.geteuid() != 0:
        pytest.skip("only root may change its root directory")
    copy = copy_machine("qemu-q35-rmrr", tmp_path)
    _initramfs(tmp_path / "initramfs", copy)
    expected: dict[Any, Any] = comparable(copy.record(tmp_path / "recorded"))
    words = [
        shutil.which("chroot") or "",
        str(tmp_path / "initramfs"),
        "/bin/sh",
        "-c",
        "cd /run && sh /capture.sh --no-redact",
    ]
    ran = subprocess.run(words, env={"PATH": "/bin"}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert list((tmp_path / "initramfs/tmp").iterdir()) == []
    (made,) = (tmp_path / "initramfs/run").iterdir()
    assert re.fullmatch(r"dmaragent-\d{8}-\d{6}\.tar", made.name)
    assert f"dmaragent inventory --host {made.name}\n" in ran.stderr
    found = comparable(read_log(unpack(made, tmp_path / "unpacked")))
    assert found.pop(("call", "boot-log")) == "absent"
    # What this host lacks is absent, since it was asked; where it is not on Xen, no more is asked.
    assert "not-collected" not in found.values()
    expected = {
        key: "absent" if outcome == "not-collected" else outcome
        for key, outcome in expected.items()
        if key in found or not re.search("xen|xl-|pciback|/sys/hypervisor|boot-log", key[1])
    }
    assert found == expected
