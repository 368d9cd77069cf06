"""The completions of bash, zsh and fish: they are the parser's, and each offers what it should."""

import argparse
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dmaragent import cli
from dmaragent.commands import VERBS
from support import completion_page
from support.machines import MACHINES

ROOT = Path(__file__).parents[1]
FILE = ROOT / "completions/dmaragent"
LIBRARY = Path("/usr/share/bash-completion/bash_completion")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a file and a folder in it; skip without bash-completion."""
    if not LIBRARY.exists():
        message = "bash-completion is not installed (Debian package bash-completion)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    (tmp_path / "table.bin").touch()
    (tmp_path / "tables").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", completion_page.PAGES)
def test_the_completion_is_the_parsers(name: str) -> None:
    written = (ROOT / "completions" / name).read_text("utf-8")

    assert written == completion_page.PAGES[name](), "run make docs"


def test_every_verb_is_offered(folder: Path) -> None:
    assert set(VERBS) <= set(_offered(folder, "dmaragent ", ""))


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_of_a_verb_is_offered(folder: Path, verb: str) -> None:
    parser = dict(completion_page.walk("", cli._parser()))[verb]

    assert _offered(folder, "dmaragent", verb, "--") == sorted(
        each for each in completion_page.options_of(parser) if each.startswith("--")
    )


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        pytest.param(["inv"], ["inventory"], id="a verb"),
        pytest.param(["re"], ["report", "resolve"], id="a verb by its beginning"),
        pytest.param(["--v"], ["--version"], id="an option before any verb"),
        pytest.param(["inventory", "--wi"], ["--wide"], id="an option"),
        pytest.param(["inventory", "--host", "tab"], ["table.bin", "tables"], id="a host"),
        pytest.param(["inventory", "--host", "=", "tab"], ["table.bin", "tables"], id="after ="),
        pytest.param(["diff", "table.bin", "t"], ["table.bin", "tables"], id="an operand"),
        pytest.param(["fleet", "diff", "tables", "t"], ["table.bin", "tables"], id="a folder"),
        pytest.param(["fleet", "move", "--from", "tab"], ["table.bin", "tables"], id="a document"),
        pytest.param(["resolve", "--type", "p"], ["pv", "pvh"], id="a choice"),
        pytest.param(["check", "--fail-on", "e"], ["error"], id="a severity"),
        pytest.param(["resolve", "--memory", ""], [], id="a number: nothing to offer"),
        pytest.param(["resolve", "--memory", "4096", "--ty"], ["--type"], id="after a value"),
        pytest.param(["boot-option", "--check", "--ho"], ["--host"], id="a value left out"),
        pytest.param(["explain", "check", "--fail"], [], id="an operand that is a verb's name"),
        pytest.param(["nonsense", "--"], [], id="no verb"),
        pytest.param(["help", "re"], ["report", "resolve"], id="the verb of help"),
        pytest.param(["explain", "--xen", "4.17"], ["4.17"], id="a release"),
        pytest.param(["explain", "0000:0a"], ["0a:00.0"], id="a device, what follows its colon"),
    ],
)
def test_bash_offers(folder: Path, words: list[str], offered: list[str]) -> None:
    assert _offered(folder, "dmaragent", *words) == offered


def test_a_file_with_a_blank_is_one_word(folder: Path) -> None:
    (folder / "my table").touch()

    assert _offered(folder, "dmaragent", "decode", "my") == ["my table"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        pytest.param(["agent", ""], ["capture", "run"], id="the verbs below a verb"),
        pytest.param(["agent", "run", "--r"], ["--runtime"], id="an option of one of them"),
        pytest.param(["agent", "capture", "--r"], [], id="not of the other"),
        pytest.param(["agent", "run", "--runtime", "tables"], ["tables"], id="its value"),
    ],
)
def test_verbs_below_a_verb_are_completed(
    folder: Path, words: list[str], offered: list[str]
) -> None:
    parser = argparse.ArgumentParser(prog="dmaragent")
    below = parser.add_subparsers().add_parser("agent").add_subparsers()
    below.add_parser("capture")
    below.add_parser("run").add_argument("--runtime", metavar="DIR")
    (folder / "completion").write_text(completion_page.page(parser), "utf-8")

    assert _offered(folder, "dmaragent", *words, file=folder / "completion") == offered


def _offered(folder: Path, *words: str, file: Path = FILE) -> list[str]:
    """Ask bash what it offers for the last of `words`, as it does when Tab is pressed."""
    script = f"""
        source {LIBRARY}
        source {shlex.quote(str(file))}
        dmaragent() {{ [[ $1 = __devices ]] && echo 0000:0a:00.0 0000:00:1d.0 $2; }}
        COMP_WORDS=({" ".join(map(shlex.quote, [words[0].strip(), *words[1:]]))})
        COMP_CWORD={len(words) - 1}
        COMP_LINE="${{COMP_WORDS[*]}}" COMP_LINE="${{COMP_LINE// = /=}}"
        COMP_POINT=${{#COMP_LINE}}
        compopt() {{ :; }}
        _dmaragent
        [[ ${{COMPREPLY-}} ]] && printf '%s\\n' "${{COMPREPLY[@]}}"
        exit 0
    """
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        check=True,
    )
    assert done.stderr == ""
    return sorted(done.stdout.splitlines())


def _shell(name: str) -> str:
    """Return the path of a shell, or skip without it."""
    path = shutil.which(name)
    if path is None:
        message = f"{name} is not installed (Debian package {name})"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path


def _zsh_offers(folder: Path, *words: str) -> set[str]:
    """Ask the function of zsh what it offers; zsh itself would take those that fit."""
    script = f"""
        compadd() {{ shift; print -rl -- "$@" }}
        _files() {{ print -rl -- * }}
        dmaragent() {{ print -l 0000:0a:00.0 0000:00:1d.0 $2 }}
        words=(dmaragent {" ".join(map(shlex.quote, words))}) CURRENT={len(words) + 1}
        source {shlex.quote(str(ROOT / "completions/_dmaragent"))}
    """
    done = subprocess.run(
        [_shell("zsh"), "-f", "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return {offer for offer in done.stdout.splitlines() if offer.startswith(words[-1])}


def _fish_offers(folder: Path, *words: str) -> set[str]:
    """Ask fish what it offers for the last word."""
    file = shlex.quote(str(ROOT / "completions/dmaragent.fish"))
    script = f"""
        function dmaragent; printf '%s\\n' 0000:0a:00.0 0000:00:1d.0 $argv[2]; end
        source {file}
        complete -C {shlex.quote(" ".join(["dmaragent", *words]))}
    """
    done = subprocess.run(
        [_shell("fish"), "--no-config", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": str(folder)},
    )
    assert done.stderr == ""
    return {line.partition("\t")[0] for line in done.stdout.splitlines()}


def test_fish_has_each_line_once() -> None:
    lines = completion_page.fish_page().splitlines()
    offers = [line for line in lines if line.startswith("complete ")]

    assert len(offers) == len(set(offers))


@pytest.mark.parametrize("offers", [_zsh_offers, _fish_offers], ids=["zsh", "fish"])
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        pytest.param(["inv"], {"inventory"}, id="a verb"),
        pytest.param(["help", "res"], {"resolve"}, id="the verb of help"),
        pytest.param(["agent", "cap"], {"capture"}, id="a verb below a verb"),
        pytest.param(["inventory", "--wi"], {"--wide"}, id="an option"),
        pytest.param(["inventory", "--host", "tab"], {"table.bin"}, id="a host"),
        pytest.param(["decode", "tab"], {"table.bin"}, id="an operand"),
        pytest.param(["check", "--fail-on", "e"], {"error"}, id="a choice"),
        pytest.param(["check", "--color", "al"], {"always"}, id="when there is colour"),
        pytest.param(["explain", "--xen", "4.17"], {"4.17"}, id="a release"),
        pytest.param(["explain", "0000:0a"], {"0000:0a:00.0"}, id="a device"),
        pytest.param(["explain", "--host", "x9", "x"], {"x9"}, id="a device of another host"),
        pytest.param(["inventory", "--device", "0000:00"], {"0000:00:1d.0"}, id="its option"),
        pytest.param(["explain", "--host=x9", "x"], {"x9"}, id="of a host after ="),
        pytest.param(["fleet", "diff", "tab"], {"table.bin"}, id="a folder of documents"),
        pytest.param(["fleet", "resolve", "--me"], set(), id="no option of another resolve"),
        pytest.param(["resolve", "--me"], {"--memory"}, id="an option of resolve itself"),
    ],
)
def test_zsh_and_fish_offer(
    offers: Callable[..., set[str]], words: list[str], offered: set[str], tmp_path: Path
) -> None:
    (tmp_path / "table.bin").touch()

    assert offers(tmp_path, *words) == offered


def test_the_devices_of_a_host_are_what_completions_ask_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["__devices", str(MACHINES / "hp-dl380e-gen8")]) == 0
    assert "0000:0a:00.0" in capsys.readouterr().out.splitlines()
    assert cli.main(["__devices", str(tmp_path / "absent")]) == 0
    assert capsys.readouterr() == ("", "")


def test_fish_describes_a_verb_below_a_verb_as_its_help_does() -> None:
    """`fleet report` is not `report`, and `fleet show` has a description too."""
    lines = completion_page.fish_page().splitlines()
    below = [line for line in lines if "and not __fish_seen_subcommand_from show " in line]

    abouts = {line.split(" -a ")[1].partition(" -d ")[::2] for line in below if " -a " in line}

    assert ("show", "'show the hosts in classes, and odd ones'") in abouts
    assert ("report", "'write one HTML page of all hosts'") in abouts
    assert all(about for _, about in abouts)
