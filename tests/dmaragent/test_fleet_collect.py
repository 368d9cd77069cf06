"""Collecting from hosts, with a program in place of ssh.

``test_fleet_collect_ssh.py`` has the same with real sshd.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dmaragent.commands.fleet import collect
from dmaragent.fleet import cache
from dmaragent.fleet.collection import collecting
from dmaragent.fleet.collection.model import Received
from dmaragent.fleet.collection.ssh import Runner
from dmaragent.fleet.collection.stream import read_stream, script
from support.cli import Ran, run
from support.machines import MACHINES

MARK = "dmaragent-0123456789abcdef"
SSH = """\
#!/bin/sh
# In place of ssh: the host decides how it ends.
echo "$@" >>"$FAKE/lines"
while [ "$1" != -- ]; do shift; done
host=$2
shift 2
PATH=$FAKE/bin:$PATH
case $host in
good*) PATH=$FAKE/with:$PATH exec sh -c "$*" ;;
bare*) exec sh -c "$*" ;;
noisy) echo Welcome; printf 'no line end'; sh -c "$*"; echo Bye ;;
half) sh -c "$*" | head -c 3000; echo "Connection to half closed by remote host." >&2; exit 255 ;;
wrong) sh -c "$*" | sed '/^[A-Za-z0-9+\\/]*$/s/A/B/' ;;
table) PATH=$FAKE/other:$PATH exec sh -c "$*" ;;
fails) PATH=$FAKE/fails:$PATH exec sh -c "$*" ;;
user) PATH=$FAKE/user:$PATH exec sh -c "$*" ;;
hangs) echo $$ >"$FAKE/pid"; exec tail -f /dev/null ;;
endless) exec yes ;;
closed) printf 'This account is not available.\\n'; exit 1 ;;
evil) printf '\\033[2J\\nssh: \\033]0;x\\007 Connection refused\\n' >&2; exit 255 ;;
refused) echo "ssh: connect to host refused port 22: Connection refused" >&2; exit 255 ;;
esac
"""


def write_program(folder: Path, name: str, body: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a bundle of a recorded machine."""
    path = tmp_path_factory.mktemp("bundle") / "bundle.tar.xz"
    words = ["dump", "--host", str(MACHINES / "xen-pv-dom0"), "-o", str(path)]
    subprocess.run([sys.executable, "-m", "dmaragent", *words], capture_output=True, check=False)
    return path.read_bytes()


@pytest.fixture
def fake(tmp_path: Path, bundle: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program in place of ssh, and return its folder."""
    folder = tmp_path / "fake"
    folder.mkdir()
    (folder / "bundle").write_bytes(bundle)
    (folder / "ssh").write_text(SSH)
    (folder / "ssh").chmod(0o755)
    copies = f'[ "$1" = dump ] && cp "{folder}/bundle" "$3"; exit 1'
    write_program(folder / "bin", "id", "echo 0")
    write_program(folder / "user", "id", "echo 1000")
    write_program(folder / "with", "dmaragent", copies)
    write_program(folder / "other", "dmaragent", 'echo a table it is not >"$3"')
    write_program(
        folder / "fails", "dmaragent", "printf 'no room on the disk\\nNext: x\\n' >&2; exit 2"
    )
    monkeypatch.setenv("FAKE", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    # In place of capture.sh, which reads the machine that runs the tests.
    monkeypatch.setattr(
        collect, "capture_script", lambda: f'cp "{folder}/bundle" "$2"; echo ok >&2'
    )
    return folder


def rows(pool: Path) -> dict[str, dict[str, object]]:
    lines = (pool / "collect.ndjson").read_text("ascii").splitlines()
    return {row["host"]: row for row in map(json.loads, lines)}


def collected(capsys: pytest.CaptureFixture[str], pool: Path, names: str, *more: str) -> Ran:
    return run(capsys, "fleet", "collect", "-w", names, "-o", pool, *more)


# The script on a host ----------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["dash", "busybox"])
def test_the_script_runs_in_each_shell(
    shell: str, fake: Path, bundle: bytes, tmp_path: Path
) -> None:
    """With a document of capture.sh, and nothing left in the temporary folder."""
    (tmp_path / "tmp").mkdir()
    environment = {
        **os.environ,
        "PATH": f"{fake}/bin:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path / "tmp"),
    }
    words = ["busybox", "sh", "-s"] if shell == "busybox" else [shell, "-s"]
    try:
        done = subprocess.run(
            words,
            input=script(collecting._ON_HOST, f'cp "{fake}/bundle" "$2"', MARK).encode(),
            env=environment,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip(f"{shell} is not installed")

    assert read_stream(done.stdout, MARK) == Received("capture.sh", bundle)
    assert list((tmp_path / "tmp").iterdir()) == []


# The verb ---------------------------------------------------------------------------------


def test_each_host_ends_as_it_does_and_nothing_half_is_left(
    fake: Path, bundle: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pool = tmp_path / "pool"
    hosts = "good,bare,noisy,half,wrong,table,fails,user,closed,evil,refused"
    ran = collected(capsys, pool, hosts)

    results = {host: row["result"] for host, row in rows(pool).items()}
    assert results == {
        "good": "collected",
        "bare": "collected",
        "noisy": "collected",
        "half": "half",
        "wrong": "wrong-hash",
        "table": "not-a-document",
        "fails": "dump-failed",
        "user": "not-root",
        "closed": "no-shell",
        "evil": "refused",
        "refused": "refused",
    }
    assert list(results) == hosts.split(",")
    assert ran.code == 1
    assert sorted(path.name for path in pool.iterdir()) == [
        "bare.tar.xz",
        "collect.ndjson",
        "good.tar.xz",
        "noisy.tar.xz",
    ]
    assert (pool / "good.tar.xz").read_bytes() == bundle
    assert rows(pool)["good"]["made_by"] == "dmaragent"
    assert rows(pool)["bare"]["made_by"] == "capture.sh"
    assert rows(pool)["closed"]["detail"] == "This account is not available."
    assert rows(pool)["fails"]["detail"] == "no room on the disk"
    assert rows(pool)["half"]["detail"] == "Connection to half closed by remote host."
    assert rows(pool)["wrong"]["detail"] == ""
    for host in ("half", "wrong", "table", "fails", "user", "closed", "evil", "refused"):
        assert sum(line.startswith(f"{host}: ") for line in ran.err.splitlines()) == 1
    assert "\x1b" not in ran.err
    assert max(map(len, (ran.out + ran.err).replace(str(pool), "pool").splitlines())) <= 80


def test_the_exit_codes_are_of_all_some_and_none(
    fake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pool = tmp_path / "pool"

    assert collected(capsys, pool, "good[1-3]").code == 0
    assert collected(capsys, pool, "good1,refused").code == 1
    assert collected(capsys, pool, "refused").code == 2


def test_what_was_collected_is_in_the_cache(
    fake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = tmp_path / "pool"
    collected(capsys, pool, "good[1-3]")
    monkeypatch.setattr(cache, "read_record", None)  # no document is read again

    shown = run(capsys, "fleet", "show", pool, "--json").document
    assert shown["answer"]["classes"][0]["hosts"] == ["good1", "good2", "good3"]


def test_only_a_good_document_replaces_an_earlier_one(
    fake: Path, bundle: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pool = tmp_path / "pool"
    pool.mkdir()
    for host in ("good", "wrong", "table", "half"):
        (pool / f"{host}.tar.gz").write_bytes(b"earlier")

    collected(capsys, pool, "good,wrong,table,half")

    assert not (pool / "good.tar.gz").exists()
    assert (pool / "good.tar.xz").read_bytes() == bundle
    for host in ("wrong", "table", "half"):
        assert (pool / f"{host}.tar.gz").read_bytes() == b"earlier"
        assert not (pool / f"{host}.tar.xz").exists()
        assert rows(pool)[host]["earlier"] == f"{host}.tar.gz"


def test_a_host_that_hangs_is_ended_in_time_and_the_others_go_on(
    fake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pool = tmp_path / "pool"
    collected(capsys, pool, "hangs,good", "--timeout", "3", "--fanout", "1")

    assert rows(pool)["hangs"]["result"] == "timeout"
    assert rows(pool)["good"]["result"] == "collected"
    with pytest.raises(ProcessLookupError):
        os.kill(int((fake / "pid").read_text()), 0)


def test_a_host_that_never_stops_sending_is_ended(
    fake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dmaragent.fleet.collection.ssh.MOST_TEXT", 1 << 18)
    monkeypatch.setattr("dmaragent.fleet.collection.collecting.MOST_TEXT", 1 << 18)
    collected(capsys, tmp_path / "pool", "endless")

    assert rows(tmp_path / "pool")["endless"]["result"] == "too-large"


def test_an_interrupt_ends_each_ssh_and_keeps_what_is_there(fake: Path, tmp_path: Path) -> None:
    os.mkfifo(fake / "pid")
    pool = tmp_path / "pool"
    words = ["fleet", "collect", "-w", "refused,hangs", "-o", str(pool), "--fanout", "1"]
    python = [sys.executable, "-m", "dmaragent"]
    with subprocess.Popen([*python, *words], stderr=subprocess.PIPE, text=True) as program:
        pid = int((fake / "pid").read_text())  # when the second ssh has started
        assert program.stderr is not None
        assert program.stderr.readline().startswith("refused: ")  # the first one is known
        program.send_signal(signal.SIGTERM)
        code = program.wait()

    assert code == 128 + signal.SIGTERM
    assert [path.name for path in pool.iterdir()] == ["collect.ndjson"]
    assert rows(pool).keys() == {"refused"}
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_hosts_of_files_options_and_sudo_reach_ssh(
    fake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_program(fake / "bin", "sudo", '[ "$1" = -n ] && shift; exec "$@"')
    (tmp_path / "hosts").write_text("good[1-2] # rack 1\n")
    more = ("--user", "admin", "--sudo", "--ssh-option", "Port=2222")
    ran = run(
        capsys, "fleet", "collect", "--hosts-file", tmp_path / "hosts", "-o", tmp_path / "p", *more
    )

    assert ran.code == 0
    lines = (fake / "lines").read_text().splitlines()
    assert {line.partition(" -- ")[2] for line in lines} == {
        f"good{number} sudo -n sh -s" for number in (1, 2)
    }
    assert all("-l admin" in line and "-o Port=2222" in line for line in lines)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("-w", ""),
        ("-w", "x", "--fanout", "0"),
        ("-w", "x", "--timeout", "0"),
        ("-w", "x", "--timeout", "nan"),
        ("-w=-x",),
        ("--hosts-file", "absent"),
    ],
)
def test_a_wrong_command_asks_no_host(
    words: tuple[str, ...], fake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "fleet", "collect", *words, "-o", tmp_path / "pool").code == 2
    assert not (fake / "lines").exists()


def test_without_ssh_the_error_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = collected(capsys, tmp_path / "pool", "x")

    assert (ran.code, "openssh-client" in ran.err) == (2, True)


def test_of_long_errors_the_last_lines_are_kept(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(
        "i=0\nwhile [ $i -lt 4000 ]; do echo warning $i >&2; i=$((i+1)); done\necho the reason >&2\n"
    )

    ran = Runner().run(["sh", "-s"], str(program), 60, "mark")

    assert ran.code == 0
    assert ran.errors.endswith("warning 3999\nthe reason\n")
    assert len(ran.errors) <= 1 << 14
