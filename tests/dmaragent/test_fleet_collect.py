"""Collecting from hosts: names, the stream, failures; with a program in place of ssh.

``test_fleet_collect_ssh.py`` has the same with real sshd.
"""

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.commands.fleet import collect
from dmaragent.commands.shared.installed import capture_script
from dmaragent.errors import DmaragentError
from dmaragent.fleet import cache
from dmaragent.fleet.collection import collecting, stream
from dmaragent.fleet.collection.failures import failure_of
from dmaragent.fleet.collection.model import Broken, Failure, Received
from dmaragent.fleet.collection.names import checked, expanded, listed, needs_clustershell
from dmaragent.fleet.collection.node_sets import node_set
from dmaragent.fleet.collection.ssh import SshOptions, command
from dmaragent.fleet.collection.stream import is_complete, read_stream, script
from dmaragent.fleet.collection.words import NEXT
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


# Names ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("xen1", ["xen1"]),
        ("xen[01-03,50]", ["xen01", "xen02", "xen03", "xen50"]),
        ("xen[9-11]", ["xen9", "xen10", "xen11"]),
        ("a[1-2]b[3-4].x, c d", ["a1b3.x", "a1b4.x", "a2b3.x", "a2b4.x", "c", "d"]),
        ("b,a,b", ["b", "a"]),
        ("10.0.0.[7-8],fe80::1", ["10.0.0.7", "10.0.0.8", "fe80::1"]),
    ],
)
def test_names_and_ranges_are_expanded(text: str, names: list[str]) -> None:
    assert checked(expanded(text)) == names


@pytest.mark.parametrize(
    "text",
    ["x[", "x]", "x[]", "x[3-1]", "x[01-010]", "x[a-b]", "x[1-2", "x[[1]]", "x[1--2]", "x]1["],
)
def test_a_wrong_range_is_an_error(text: str) -> None:
    with pytest.raises(DmaragentError):
        checked(expanded(text))


@pytest.mark.parametrize(
    "name", ["-oProxyCommand=x", "../x", "a/b", ".x", "", "a b", "root@x", "x\n", "é", "a\0", "a;b"]
)
def test_no_name_is_an_option_or_a_path(name: str) -> None:
    with pytest.raises(DmaragentError):
        checked([name])


def test_a_range_of_too_many_hosts_ends_early() -> None:
    with pytest.raises(DmaragentError):
        checked(expanded("x[1-999999999999]"))


def test_a_file_of_hosts_has_comments() -> None:
    assert list(listed("a[1-2] # rack 1\n\n# b\n c ,d\n")) == ["a[1-2]", "c ,d"]


SPANS = st.tuples(st.integers(0, 20), st.integers(0, 5), st.integers(1, 4))


@given(st.lists(SPANS, min_size=1, max_size=3), st.sampled_from(["", "-x", ".example.org"]))
def test_ranges_mean_what_clustershell_means(spans: list[tuple[int, int, int]], tail: str) -> None:
    ranges = [f"{first:0{w}}-{first + more:0{w}}" for first, more, w in spans]
    text = f"a[{','.join(ranges)}]{tail}"
    try:
        wanted = node_set(text)
    except DmaragentError:
        with pytest.raises(DmaragentError):
            checked(expanded(text))
        return

    assert sorted(checked(expanded(text))) == sorted(wanted)


def test_groups_are_of_clustershell(tmp_path: Path) -> None:
    (tmp_path / "groups.conf").write_text(
        "[Main]\ndefault: mine\n[mine]\nmap: [ $GROUP = rack1 ] && echo xen[1-3]\n"
    )
    program = "from dmaragent.fleet.collection.node_sets import node_set; print(node_set({!r}))"
    environment = {**os.environ, "CLUSTERSHELL_CFGDIR": str(tmp_path)}

    def said(text: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-c", program.format(text)]
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    assert said("@rack1!xen2").stdout == "['xen1', 'xen3']\n"
    assert "DmaragentError" in said("@rack2").stderr
    assert "DmaragentError" in said("@rack1[").stderr


def test_a_group_without_clustershell_is_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ClusterShell.NodeSet", None)

    ran = collected(capsys, tmp_path / "pool", "@rack1")

    assert needs_clustershell("@rack1")
    assert not needs_clustershell("xen[01-40,50].example.org")
    assert ran.code == 2
    assert "ClusterShell" in ran.err
    assert not (tmp_path / "pool").exists()


# The command line of ssh -----------------------------------------------------------------


def test_ssh_never_prompts_and_the_host_is_no_option() -> None:
    words = command("h", SshOptions("u", ("BatchMode=no", "Port=1"), sudo=True))

    assert words.index("BatchMode=yes") < words.index("BatchMode=no")
    assert words[-3:] == ["--", "h", "sudo -n sh -s"]
    assert words[words.index("-l") + 1] == "u"


# The stream ------------------------------------------------------------------------------


def sent(document: bytes, mark: str = MARK, maker: str = "dmaragent") -> bytes:
    encoded = base64.encodebytes(document).decode()
    digest = hashlib.sha256(document).hexdigest()
    return f"\n{mark} begin {maker}\n{encoded}\n{mark} end {digest}  -\n".encode()


@given(st.binary(max_size=300), st.binary(max_size=40), st.binary(max_size=40))
def test_a_document_arrives_among_other_output(data: bytes, before: bytes, after: bytes) -> None:
    text = before + sent(data) + after
    assert read_stream(text, MARK) == Received("dmaragent", data)
    assert is_complete(text, MARK)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_stream_that_is_cut_is_never_a_document(document: bytes, data: st.DataObject) -> None:
    text = sent(document)
    cut = data.draw(st.integers(0, len(text) - len("  -\n") - 1))

    assert not isinstance(read_stream(text[:cut], MARK), Received)
    assert not is_complete(text[:cut], MARK)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_changed_stream_is_never_another_document(document: bytes, data: st.DataObject) -> None:
    text = bytearray(sent(document))
    text[data.draw(st.integers(0, len(text) - 1))] ^= data.draw(st.integers(1, 255))
    read = read_stream(bytes(text), MARK)

    assert not isinstance(read, Received) or read.document == document


def test_a_mark_of_another_run_is_no_mark() -> None:
    assert read_stream(sent(b"x", "dmaragent-0"), MARK) is None


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


def test_capture_sh_is_in_the_script_as_it_is() -> None:
    capture = capture_script()

    assert capture.startswith("#!/bin/sh\n# capture.sh")
    assert script(collecting._ON_HOST, capture, MARK).count(f"\n{capture}{MARK}\n") == 1
    assert collecting._ON_HOST.count("@CAPTURE@") == 1


def test_shellcheck_accepts_what_runs_on_a_host(require: Callable[[str], None]) -> None:
    require("shellcheck")
    text = script(collecting._ON_HOST, "true", MARK)
    done = subprocess.run(
        ["shellcheck", "-"], input=text, capture_output=True, text=True, check=False
    )

    assert done.stdout == ""


# What ssh's failures mean -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("errors", "failure"),
    [
        ("ssh: connect to host x port 22: Connection refused\r\n", Failure.REFUSED),
        ("ssh: connect to host x port 22: Connection timed out", Failure.TIMEOUT),
        ("ssh: connect to host x port 22: No route to host", Failure.UNREACHABLE),
        ("ssh: Could not resolve hostname x: Name or service not known", Failure.UNKNOWN_NAME),
        ("root@x: Permission denied (publickey,password).", Failure.NO_LOGIN),
        ("Received disconnect: Too many authentication failures", Failure.NO_LOGIN),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
            Failure.WRONG_HOST_KEY,
        ),
        ("Host key verification failed.", Failure.UNKNOWN_HOST_KEY),
        ("No ED25519 host key is known for x and you have requested", Failure.UNKNOWN_HOST_KEY),
        ("kex_exchange_identification: Connection closed", Failure.SSH_FAILED),
        ("", Failure.SSH_FAILED),
    ],
)
def test_a_line_of_ssh_is_a_failure(errors: str, failure: Failure) -> None:
    assert failure_of(255, errors, "", sudo=False).failure is failure


def test_what_else_can_fail() -> None:
    denied = "sudo: a password is required"
    assert failure_of(1, denied, "", sudo=True) == Broken(Failure.NO_SUDO, denied)
    assert failure_of(1, denied, "", sudo=False).failure is Failure.NO_SHELL
    assert failure_of(127, "", "", sudo=False) == Broken(Failure.NO_SHELL, "exit code 127")
    assert failure_of(None, "", "", sudo=False).failure is Failure.TIMEOUT


def test_each_failure_has_a_next_step_and_is_in_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs/fleet.md").read_text("utf-8")

    assert NEXT.keys() == set(Failure)
    assert {each.value for each in Failure if f"| `{each.value}` |" not in page} == set()


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


def test_a_document_needs_no_more_than_the_limit() -> None:
    assert len(base64.encodebytes(bytes(3 << 20))) * (stream.MOST_BYTES // (3 << 20)) < (
        stream.MOST_TEXT
    )
    assert {stream.suffix_of(head) for head in (b"\xfd7zXZ\0", b"\x1f\x8b", b"x")} == set(
        stream.SUFFIXES
    )
