"""The names of the hosts to collect from: ranges, groups and files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.errors import DmaragentError
from dmaragent.fleet.collection import names
from dmaragent.fleet.collection.names import checked, expanded, listed, needs_clustershell
from dmaragent.fleet.collection.node_sets import node_set
from support.cli import run


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("xen1", ["xen1"]),
        ("xen[01-03,50]", ["xen01", "xen02", "xen03", "xen50"]),
        ("xen[9-11]", ["xen9", "xen10", "xen11"]),
        ("xen[0,8-10]", ["xen0", "xen8", "xen9", "xen10"]),
        ("xen[0-10]", [f"xen{number}" for number in range(11)]),
        ("xen[00-02]", ["xen00", "xen01", "xen02"]),
        ("a[1-2]b[3-4].x, c d", ["a1b3.x", "a1b4.x", "a2b3.x", "a2b4.x", "c", "d"]),
        ("b,a,b", ["b", "a"]),
        (" a, ,b,", ["a", "b"]),
        ("x[1, 3-4]", ["x1", "x3", "x4"]),
        ("10.0.0.[7-8],fe80::1", ["10.0.0.7", "10.0.0.8", "fe80::1"]),
    ],
)
def test_names_and_ranges_are_expanded(text: str, hosts: list[str]) -> None:
    assert checked(expanded(text)) == hosts


@pytest.mark.parametrize(
    "text",
    [
        "x[",
        "x]",
        "x[]",
        "x[3-1]",
        "x[01-010]",
        "x[0-010]",
        "x[00-100]",
        "x[a-b]",
        "x[1-2",
        "x[[1]]",
        "x[1--2]",
        "x]1[",
    ],
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


def test_as_many_hosts_as_are_allowed_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "MOST_HOSTS", 3)

    assert checked(expanded("x[1-3],x1")) == ["x1", "x2", "x3"]
    with pytest.raises(DmaragentError):
        checked(expanded("x[1-4]"))


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

    ran = run(capsys, "fleet", "collect", "-w", "@rack1", "-o", tmp_path / "pool")

    assert needs_clustershell("@rack1")
    assert not needs_clustershell("xen[01-40,50].example.org")
    assert ran.code == 2
    assert "ClusterShell" in ran.err
    assert not (tmp_path / "pool").exists()


@pytest.mark.parametrize("text", ["root@xen1", "xen1,root@xen[2-3]"])
def test_a_user_before_a_host_is_no_group(
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """Also without ClusterShell, which would only repeat the name."""
    monkeypatch.setitem(sys.modules, "ClusterShell.NodeSet", None)

    ran = run(capsys, "fleet", "collect", "-w", text, "-o", tmp_path / "pool")

    assert ran.code == 2
    assert "--user root sets the user" in " ".join(ran.err.split())
    assert "ClusterShell" not in ran.err
    assert [needs_clustershell(f"{text}{other}") for other in (",@rack1", " @r", "!@r")] == [
        True
    ] * 3
