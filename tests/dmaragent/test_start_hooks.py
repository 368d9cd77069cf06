"""The hooks of libvirt and Proxmox log what dmaragent predicts, and stop no guest without a reason."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.kvm import domain, hostdev
from support.start_hooks import LIBVIRT, PROXMOX, RAID, SHELLS, StartHook

pytestmark = pytest.mark.slow  # programs run in each case

Require = Callable[[str], None]
HOOKS = pytest.mark.parametrize("script", [LIBVIRT, PROXMOX], ids=["libvirt", "proxmox"])
_SERVER, _LAPTOP = "hp-dl380e-gen8", "lenovo-laptop"
_NETWORK = "<interface type='network'><source network='lan'/></interface>"
_GARBAGE = '<<<"format": "something else">>>'


@HOOKS
@pytest.mark.parametrize("shell", SHELLS)
def test_a_refused_guest_starts_unless_the_administrator_wants_otherwise(
    script: Path, shell: str, tmp_path: Path, require: Require
) -> None:
    require(shell)
    hook = StartHook(script, tmp_path, shell)
    hook.answer_from(_SERVER)

    logged = hook.start(refused=True)
    assert (logged.code, logged.out) == (0, b"")
    assert "-p daemon.warning" in logged.log
    assert "0000:0a:00.0" in logged.log
    assert "refuse-guests" not in logged.log

    hook.refuse()
    refused = hook.start(refused=True)
    assert (refused.code, refused.out) == (1, b"")
    assert b"0000:0a:00.0" in refused.err  # libvirt and Proxmox show it to whoever starts the guest
    assert b"/etc/dmaragent/refuse-guests" in refused.err


@HOOKS
def test_a_guest_that_will_start_is_logged_and_starts(script: Path, tmp_path: Path) -> None:
    hook = StartHook(script, tmp_path)
    hook.answer_from(_LAPTOP)
    hook.refuse()

    started = hook.start()

    assert (started.code, started.out) == (0, b"")
    assert "-p daemon.info" in started.log
    assert len(started.asked) == 1


@HOOKS
def test_an_unknown_answer_stops_no_guest(script: Path, tmp_path: Path) -> None:
    hook = StartHook(script, tmp_path)
    hook.answer_from(_LAPTOP)
    hook.refuse()
    hook.write("etc/pve/qemu-server/100.conf", "memory: 8192\nhostpci0: mapping=unknown\n")
    hook.write("etc/libvirt/qemu/networks/lan.xml", "<forward mode='hostdev'/>")

    words = ("100", "pre-start") if script == PROXMOX else ("win10", "prepare", "begin", "-")
    started = hook.run(*words, stdin=domain(_NETWORK).encode())

    assert (started.code, len(started.asked)) == (0, 1)
    assert "-p daemon.notice" in started.log


def test_a_xen_guest_of_libvirt_is_answered_by_the_rules_of_xen(tmp_path: Path) -> None:
    hook = StartHook(LIBVIRT, tmp_path)
    hook.answer_from(_SERVER)
    hook.refuse()
    xml = domain(hostdev(RAID)).replace("type='kvm'", "type='xen'", 1)

    refused = hook.run("win10", "prepare", "begin", "-", stdin=xml.encode())

    assert refused.code == 1
    assert b"libxl" in refused.err


@HOOKS
@pytest.mark.parametrize(
    "line",
    [
        "exit 1",
        f"echo '{_GARBAGE}'; exit 1",
        "echo Traceback >&2; exit 1",
        'echo \'"format": "dmaragent.resolve"\'; exit 2',
        "exit 3",
        "kill -SEGV $$",
        "exec </dev/null; exit 1",
        "head -c 100000000 /dev/zero | tr '\\0' x; exit 1",
    ],
)
def test_a_broken_dmaragent_stops_no_guest(script: Path, line: str, tmp_path: Path) -> None:
    hook = StartHook(script, tmp_path)
    hook.answer_by(line)
    hook.refuse()

    started = hook.start(refused=True)

    assert (started.code, started.out) == (0, b"")
    assert started.asked
    assert started.log


@HOOKS
def test_a_guest_is_stopped_only_if_the_logged_answer_refuses_it(
    script: Path, tmp_path: Path
) -> None:
    """The second question is answered by a refusal, the first one was not."""
    hook = StartHook(script, tmp_path)
    document = """*--json*) echo '"format": "dmaragent.resolve"'; exit 1;;"""
    hook.answer_by(f'case "$*" in {document} esac; exit 2')
    hook.refuse()

    started = hook.start(refused=True)

    assert (started.code, started.out) == (0, b"")
    assert "-p daemon.notice" in started.log


@HOOKS
@pytest.mark.parametrize(
    "line", ["exec sleep 600", "trap '' TERM; sleep 600; sleep 600"], ids=["slow", "deaf"]
)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_dmaragent_that_does_not_answer_stops_no_guest(
    script: Path, line: str, shell: str, tmp_path: Path, require: Require
) -> None:
    require(shell)
    hook = StartHook(script, tmp_path, shell)
    hook.answer_by(line)
    hook.limit(1)
    hook.refuse()

    started = hook.start(refused=True)

    assert started.code == 0
    assert len(started.asked) == 1
    assert "within 1 seconds" in started.log


def test_a_guest_that_dmaragent_never_reads_does_not_block(tmp_path: Path) -> None:
    hook = StartHook(LIBVIRT, tmp_path)
    hook.answer_by("exec sleep 600")
    hook.limit(1)
    xml = domain(hostdev(RAID) + f"<!--{'x' * 1_000_000}-->")

    assert hook.run("win10", "prepare", "begin", "-", stdin=xml.encode()).code == 0


@HOOKS
def test_without_dmaragent_the_guest_starts_and_the_log_has_the_reason(
    script: Path, tmp_path: Path
) -> None:
    hook = StartHook(script, tmp_path)
    hook.refuse()

    started = hook.start(refused=True)

    assert started.code == 0
    assert "exit code 127" in started.log


@HOOKS
def test_a_broken_logger_changes_no_decision(script: Path, tmp_path: Path) -> None:
    hook = StartHook(script, tmp_path)
    hook.answer_from(_SERVER)
    hook._write_program("logger", "exit 1")

    assert hook.start(refused=True).code == 0
    hook.refuse()
    assert hook.start(refused=True).code == 1


@pytest.mark.parametrize(
    "operation",
    [
        *("start begin", "started begin", "stopped end", "release end", "reconnect begin"),
        *("migrate begin", "restore begin", "attach begin", "prepare end", "prepare"),
    ],
)
def test_other_operations_of_libvirt_succeed_without_a_question(
    operation: str, tmp_path: Path
) -> None:
    hook = StartHook(LIBVIRT, tmp_path)
    hook.answer_from(_SERVER)
    hook.refuse()

    done = hook.run("win10", *operation.split(), "-", stdin=domain(hostdev(RAID)).encode())

    assert done == (0, b"", b"", "", [])


@pytest.mark.parametrize("phase", ["post-start", "pre-stop", "post-stop", ""])
def test_other_phases_of_proxmox_succeed_without_a_question(phase: str, tmp_path: Path) -> None:
    hook = StartHook(PROXMOX, tmp_path)
    hook.answer_from(_SERVER)
    hook.refuse()
    hook.write("etc/pve/qemu-server/100.conf", "memory: 8192\nhostpci0: 0a:00.0\n")

    assert hook.run("100", phase) == (0, b"", b"", "", [])


@pytest.mark.parametrize(
    ("devices", "network", "asked"),
    [
        ("", "", False),
        ("<disk type='file'/>", "", False),
        (_NETWORK, "<network><name>lan</name><forward mode='nat'/></network>", False),
        (_NETWORK, "<network><forward mode='hostdev'/></network>", True),
        (hostdev(RAID), "", True),
        ("<interface type='hostdev'/>", "", True),
        ("<disk type='nvme'/>", "", True),
        ("</devices><qemu:commandline/><devices>", "", True),
    ],
)
def test_libvirt_guests_without_a_device_of_the_host_need_no_answer(
    devices: str, network: str, *, asked: bool, tmp_path: Path
) -> None:
    hook = StartHook(LIBVIRT, tmp_path)
    hook.answer_by("exit 0")
    hook.write("etc/libvirt/qemu/networks/lan.xml", network)

    started = hook.run("win10", "prepare", "begin", "-", stdin=domain(devices).encode())

    assert (started.code, bool(started.asked)) == (0, asked)


@pytest.mark.parametrize(
    ("config", "asked"),
    [
        (None, False),
        ("name: hostpci0\nnet0: virtio\n", False),
        ("name: x\n[snapshot]\nhostpci0: 0a:00.0\n", False),
        ("name: x\nhostpci0: 0a:00.0\n", True),
        ("name: x\nhostpci15: mapping=raid\n", True),
        ("name: x\nargs: -device vfio-pci,host=0a:00.0\n", True),
    ],
)
def test_proxmox_guests_without_a_device_of_the_host_need_no_answer(
    config: str | None, *, asked: bool, tmp_path: Path
) -> None:
    hook = StartHook(PROXMOX, tmp_path)
    hook.answer_by("exit 0")
    if config is not None:
        hook.write("etc/pve/qemu-server/100.conf", config)

    started = hook.run("100", "pre-start")

    assert (started.code, bool(started.asked)) == (0, asked)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_locked_guest_that_proxmox_starts_is_not_refused_for_its_lock(
    shell: str, tmp_path: Path, require: Require
) -> None:
    """Proxmox checks the lock before it runs the hookscript, unless it was told to skip it."""
    require(shell)
    hook = StartHook(PROXMOX, tmp_path, shell)
    hook.answer_from(_LAPTOP)
    hook.refuse()
    hook.write("etc/pve/qemu-server/100.conf", "lock: backup\nmemory: 8192\nhostpci0: 00:14.0\n")

    started = hook.run("100", "pre-start")
    hook.answer_from(_SERVER)
    hook.write("etc/pve/qemu-server/100.conf", "lock: backup\nmemory: 8192\nhostpci0: 0a:00.0\n")
    refused = hook.run("100", "pre-start")

    assert (started.code, refused.code) == (0, 1)
    assert "-p daemon.info" in started.log
    assert "is locked (" not in refused.log


@pytest.mark.parametrize("template", ["1", "yes"])
def test_a_template_starts_for_a_backup_without_a_question(template: str, tmp_path: Path) -> None:
    hook = StartHook(PROXMOX, tmp_path)
    hook.answer_from(_SERVER)
    hook.refuse()
    hook.write("etc/pve/qemu-server/100.conf", f"template: {template}\nhostpci0: 0a:00.0\n")

    assert hook.run("100", "pre-start") == (0, b"", b"", "", [])


@pytest.mark.parametrize("identifier", ["", "../100", "100;touch x", "-1", "$(id)"])
def test_proxmox_guests_have_numbers(identifier: str, tmp_path: Path) -> None:
    hook = StartHook(PROXMOX, tmp_path)
    hook.answer_by("exit 1")
    hook.write("etc/pve/100.conf", "hostpci0: 0a:00.0\n")

    assert hook.run(identifier, "pre-start") == (0, b"", b"", "", [])


@pytest.mark.parametrize(
    "name",
    ["--version", "a\n-p kern.emerg b", "$(touch {})", "`touch {}`", "; touch {};", "\x1b[2J\x07"],
)
def test_a_hostile_name_runs_nothing_and_forges_no_line(name: str, tmp_path: Path) -> None:
    made = tmp_path / "made"
    name = name.format(made)
    hook = StartHook(LIBVIRT, tmp_path)
    hook.answer_from(_SERVER)
    hook.refuse()
    written = name.replace("\x1b", "&#x9b;").replace("\x07", "")
    xml = domain(hostdev(RAID)).replace("win10", written)

    refused = hook.run(name, "prepare", "begin", "-", stdin=xml.encode())
    hook.answer_by("exit 3")
    started = hook.run(name, "prepare", "begin", "-", stdin=xml.encode())

    assert (refused.code, started.code) == (1, 0)
    assert not made.exists()
    shown = refused.log + started.log
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert not any(line.startswith(("-p kern", " -p kern")) for line in shown.splitlines())


@pytest.mark.parametrize(
    "xml",
    [
        "hostdev",
        "<domain type='kvm'><hostdev",
        "<!DOCTYPE d [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><domain>&b; hostdev</domain>",
        "<domain>" * 50_000 + "hostdev",
        "\xff\xfe hostdev",
        "-n hostdev \\c",
    ],
)
def test_text_that_is_no_guest_stops_nothing(xml: str, tmp_path: Path) -> None:
    hook = StartHook(LIBVIRT, tmp_path)
    hook.answer_from(_SERVER)
    hook.refuse()

    started = hook.run("win10", "prepare", "begin", "-", stdin=xml.encode("latin-1"))

    assert started.code == 0
    assert "-p daemon.notice" in started.log


def test_both_hooks_decide_by_the_same_lines() -> None:
    ends = [script.read_text("utf-8").split("\n\ntell() {")[1] for script in (LIBVIRT, PROXMOX)]

    assert ends[0] == ends[1]


@HOOKS
def test_shellcheck_finds_nothing(script: Path, require: Require) -> None:
    require("shellcheck")
    checked = subprocess.run(
        ["shellcheck", "--shell=sh", "--norc", script], capture_output=True, text=True, check=False
    )

    assert checked.stdout == ""
    assert script.stat().st_mode & 0o111 == 0o111


@HOOKS
def test_no_hook_calls_what_it_is_called_by(script: Path) -> None:
    code = [line for line in script.read_text("utf-8").splitlines() if not line.startswith("#")]

    assert not any(word in " ".join(code) for word in ("virsh", "qm ", "pvesh", "curl"))


@pytest.mark.parametrize(("shell", "marks"), [("sh", '"$@"'), ("perl", "@ARGV")])
@pytest.mark.parametrize("code", [0, 1])
def test_the_line_for_another_hookscript_stops_what_the_hook_stops(
    shell: str, marks: str, code: int, tmp_path: Path, require: Require
) -> None:
    require(shell)
    lines = (Path(__file__).parents[2] / "docs/start-hooks.md").read_text("utf-8").splitlines()
    path = "/var/lib/vz/snippets/dmaragent"
    (line,) = (each.strip() for each in lines if path in each and marks in each)
    hook = tmp_path / "dmaragent"
    hook.write_text(f'#!/bin/sh\necho "$@"\nexit {code}\n')
    hook.chmod(0o755)
    own = tmp_path / "own"
    own.write_text(line.replace(path, str(hook)) + "\nexit 0;\n")

    ran = subprocess.run([shell, own, "100", "pre-start"], capture_output=True, check=False)

    assert (ran.returncode, ran.stdout, ran.stderr) == (code, b"100 pre-start\n", b"")
