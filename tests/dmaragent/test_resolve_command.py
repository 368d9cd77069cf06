"""``dmaragent resolve`` as its user meets it: files, folders, options, bad input, output."""

import json
from pathlib import Path

import pytest

import dmaragent
from dmaragent.commands.resolve import exit_code
from dmaragent.errors import DmaragentError
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.resolution import Resolution
from dmaragent.present.text.resolve_short import MOST_LINES
from dmaragent.question.context import Question
from support.altered import altered
from support.cli import Ran, run
from support.machines import MACHINES
from support.tables import drhd, rmrr, scope, table
from support.wording import Worded, lines_about

Capture = pytest.CaptureFixture[str]
DELL = MACHINES / "dell-r820"
GUEST = 'name = "g"\ntype = "hvm"\nbuilder = "hvm"\nmemory = 2800\n'


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Give a table of 200 regions of as many devices."""
    path = tmp_path / "many.bin"
    regions = [
        rmrr(0xA0000000 + n * 0x10000, 0xA0000FFF + n * 0x10000, scope(1, 0, (n // 8, n % 8)))
        for n in range(200)
    ]
    path.write_bytes(table(drhd(0xFED91000, flags=1), *regions))
    return path


def _resolve(capsys: Capture, path: Path, text: str, *options: object) -> Ran:
    path.write_text(text)
    return run(capsys, "resolve", path, *options)


def test_the_short_answer_keeps_to_a_screen_whatever_the_configuration_holds(
    tmp_path: Path, many: Path, capsys: Capture
) -> None:
    entries = ", ".join(f'"00:{n // 8:02x}.{n % 8},rdm_policy=strict"' for n in range(100))
    long = "x" * 3000
    for text in (
        f'{GUEST}name = "{"n" * 3000}"\n',
        f"{GUEST}rdm_mem_boundary = 3000\npci = [ {entries} ]\n",
        f'{GUEST}rdm = "{long}"\n',
        f'{GUEST}pci = [ "{long}" ]\n',
        f'{GUEST}type = "{long}"\n',
        f"{GUEST}{long} = \n",
        f'{GUEST}name = "{"word " * 600}"\nrdm_mem_boundary = 3000\npci = [ {entries} ]\n',
    ):
        ran = _resolve(capsys, tmp_path / "g.cfg", text, "--host", many, "--xen", "4.17")
        lines = ran.out.splitlines()
        assert len(lines) <= MOST_LINES + 6, lines
        assert lines[-1].endswith("add --details")
        over = [line for line in lines if len(line) > 80 and long[:80] not in line]
        assert over == []


def test_the_short_answer_counts_what_details_list(
    tmp_path: Path, many: Path, capsys: Capture
) -> None:
    text = f'{GUEST}rdm = "strategy=host,policy=relaxed"\nrdm_mem_boundary = 3000\n'
    path = tmp_path / "g.cfg"
    short = _resolve(capsys, path, text, "--host", many, "--xen", "4.14.6")
    whole = run(capsys, "resolve", path, "--host", many, "--xen", "4.14.6", "--details")

    assert short.code == whole.code == 0
    assert "198 more regions" in " ".join(short.out.split())  # the first is in full
    assert "--details" not in whole.out
    assert whole.out.count("  not in the map") == 199  # 00:00.0 Xen never lists


def test_terminal_controls_of_a_configuration_are_shown_and_not_sent(
    tmp_path: Path, capsys: Capture
) -> None:
    text = f'{GUEST}name = "a\\\\x1b"\nrdm = "\x1b[2J"\npci = [ "00:1a.0\x9b2J" ]\n'
    ran = _resolve(capsys, tmp_path / "g.cfg", text, "--host", DELL, "--xen", "4.17")

    assert "\x1b" not in ran.out
    assert "\x9b" not in ran.out
    assert "\\x9b2J" in ran.out


def test_bytes_that_are_no_text_are_shown_as_bytes(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "g.cfg"
    path.write_bytes(GUEST.encode() + b'pci = [ "00:1a.0\xff" ]\n')
    ran = run(capsys, "resolve", path, "--host", DELL, "--xen", "4.17")

    assert ran.code == 1
    assert "\\xff" in ran.out
    assert "udc" not in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nowhere.cfg",),
        ("--memory", "512", "--xen", "4.5"),
        ("--memory", "512", "--xen", "five"),
        ("--memory", "512", "--toolstack-release", "x"),
        ("--memory", "2G"),
        ("--memory", "512", "--boundary", ""),
        ("--memory", "512", "--device-name", "x"),
    ],
)
def test_a_question_that_cannot_be_asked_ends_with_one_line_and_2(
    arguments: tuple[str, ...], capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "resolve", *arguments, "--host", DELL)

    assert (ran.code, ran.out) == (2, "")
    worded(ran.err)


@pytest.mark.parametrize("option", ["memory", "maxmem", "videoram", "boundary"])
def test_a_size_that_is_not_a_number_of_mib_is_named(option: str, capsys: Capture) -> None:
    ran = run(capsys, "resolve", f"--{option}", "1.5", "--host", DELL)

    assert (ran.code, ran.out) == (2, "")
    assert f"--{option}" in ran.err


@pytest.mark.parametrize("option", [("--type", "hvm"), ("--pci", "00:1a.0"), ("--rdm", "")])
def test_no_option_changes_a_guest_of_a_file(
    option: tuple[str, str], tmp_path: Path, capsys: Capture
) -> None:
    ran = _resolve(capsys, tmp_path / "g.cfg", GUEST, *option)

    assert (ran.code, ran.out) == (2, "")
    assert option[0] in ran.err


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.STARTS, Verdict.STARTS], 0),
        ([Verdict.STARTS, Verdict.UNDECIDED], 2),
        ([Verdict.UNDECIDED, Verdict.REFUSED], 1),
        ([Verdict.REFUSED, Verdict.UNDECIDED, Verdict.STARTS], 1),
    ],
)
def test_a_guest_that_will_not_start_decides_before_an_unknown_one(
    verdicts: list[Verdict], code: int
) -> None:
    assert exit_code(verdicts) == code


def test_a_guest_of_options_does_not_go_with_a_file(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    ran = _resolve(capsys, tmp_path / "g.cfg", GUEST, "--memory", "512")

    assert ran.code == 2
    worded(ran.err)


def test_options_are_a_guest(capsys: Capture) -> None:
    options = ["--memory", "4096", "--pci", "00:1a.0", "--boundary", "1024", "--videoram", "16"]
    ran = run(capsys, "resolve", *options, "--maxmem", "4096", "--host", DELL, "--json")

    (found,) = ran.document["answer"]["guests"]
    assert found["memory"] == {
        "start": 4096 << 20,
        "most": 4096 << 20,
        "video": 16 << 20,
        "boundary": 1024 << 20,
        "mmio_hole": None,
    }
    assert (ran.code, found["verdict"], found["type"]) == (1, "refused", "hvm")


def _parted(line: str) -> tuple[str, str, str]:
    return line.partition(": ")


def test_a_folder_holds_guests_and_other_files(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    files = {
        "win.cfg": GUEST,
        "noext": GUEST.replace('"g"', '"h"'),
        "broken.cfg": "name = win\n",
        "broken": "name = win\n",
        "cpupool": 'name = "pool"\ncpus = "0-3"\n',
        "xl.conf": "autoballoon = 0\n",
        "bad.json": '{"c_info": [1]}',
        ".hidden.cfg": GUEST,
        "win.cfg~": GUEST,
        "list.json": json.dumps([{"config": {"c_info": {"type": "pv", "name": "x"}}}]),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "auto").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    ran = run(capsys, "resolve", tmp_path, "--host", DELL, "--xen", "4.17")

    guests, _, _ = ran.out.partition("4 guests: ")
    lines = [line for line in guests.splitlines() if ": " in line and line[0] != " "]
    assert {name: words.partition(":")[0] for name, _, words in map(_parted, lines)} == {
        "win.cfg": "will start",
        "noext": "will start",
        "broken.cfg": "will not start",
        "list.json[0]": "will start",
        "broken": "skipped",
        "cpupool": "skipped",
        "xl.conf": "skipped",
        "bad.json": "skipped",
        "loop": "skipped",
    }
    worded(lines_about(ran.out, "4 guests"))
    assert ran.code == 1


def test_a_folder_without_guests_is_no_answer(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    assert run(capsys, "resolve", tmp_path, "--host", DELL).code == 2
    (tmp_path / "x").write_text("hello")
    worded(run(capsys, "resolve", tmp_path).err)


def test_several_guests_are_told_in_a_line_each_and_whole_on_request(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    for name in ("a.cfg", "b.cfg"):
        (tmp_path / name).write_text(f'{GUEST}rdm = "strategy=host,policy=strict"\n')
    files = [tmp_path / "a.cfg", tmp_path / "b.cfg"]
    lines = run(capsys, "resolve", *files, "--host", DELL, "--xen", "4.17").out
    whole = run(capsys, "resolve", *files, "--host", DELL, "--xen", "4.17", "--details").out
    document = run(capsys, "resolve", *files, "--host", DELL, "--json").document

    assert lines.splitlines()[0] == f"In {tmp_path}:"
    worded(lines.split(":\n", 1)[1], "a.cfg", "b.cfg")
    assert whole.count("Settings in effect") == 2
    assert [one["remedies"] for one in document["answer"]["guests"]] == [None, None]


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [(("4.17", 2800), 0), (("4.17", 800), 1)],
)
def test_the_exit_code_is_that_of_the_worst_guest(
    verdicts: tuple[str, int], code: int, tmp_path: Path, capsys: Capture
) -> None:
    release, boundary = verdicts
    text = f'{GUEST}memory = 3500\nrdm_mem_boundary = {boundary + 700}\npci = [ "41:00.0" ]\n'
    (tmp_path / "a.cfg").write_text(text)
    other = text.replace("41:00.0", "41:00.0" if code == 0 else "41:00.0, x=1")
    (tmp_path / "b.cfg").write_text(other)

    assert run(capsys, "resolve", tmp_path, "--host", DELL, "--xen", release).code == code


def test_where_the_release_is_not_known_the_others_are_told(
    tmp_path: Path, capsys: Capture
) -> None:
    text = f'{GUEST}rdm = "strategy=host,policy=strict"\nmemory = 3500\nrdm_mem_boundary = 3400\n'
    ran = _resolve(capsys, tmp_path / "g.cfg", text, "--host", DELL)
    document = run(capsys, "resolve", tmp_path / "g.cfg", "--host", DELL, "--json").document

    assert all(spans in ran.out for spans in ("4.15 to 4.22", "4.6 to 4.14"))
    others = document["answer"]["other_releases"]
    assert others["starts"] == ["4.15 to 4.22"]
    assert others["refused"] == ["4.6 to 4.14"]
    named = run(capsys, "resolve", tmp_path / "g.cfg", "--host", DELL, "--xen", "4.17").out
    assert "4.15 to 4.22" not in named


@pytest.mark.parametrize(
    ("release", "needs_table"),
    [("4.14.6", True), ("4.20.2", True), ("4.20.1", False), ("4.20", False)],
)
def test_in_a_pvh_dom0_another_release_needs_the_table_that_xen_hides(
    tmp_path: Path, capsys: Capture, release: str, *, needs_table: bool
) -> None:
    """It runs 4.20.1, whose list cannot answer for 4.14.6; without that list, it must be read."""
    unread = {"xen-rdm": None, "xen-rdm-devices": None}
    host = altered("synthetic-pvh-dom0", tmp_path / "host", calls=unread)
    text = f'{GUEST}memory = 2048\npci = [ "00:1d.0" ]\n'

    ran = _resolve(capsys, tmp_path / "g.cfg", text, "--host", host, "--xen", release)

    assert ran.code == 2
    assert ("dom0=pv or" in ran.out) is needs_table
    assert ("as root" in ran.out) is not needs_table


def test_the_manual_pages_can_be_asked(tmp_path: Path, capsys: Capture, worded: Worded) -> None:
    text = f'{GUEST}rdm = "strategy=host,policy=strict"\nmemory = 3500\nrdm_mem_boundary = 3400\n'
    ran = _resolve(capsys, tmp_path / "g.cfg", text, "--host", DELL, "--xen", "documented")
    wrong = _resolve(
        capsys, tmp_path / "g.cfg", f'{GUEST}rdm = "x"\n', "--host", DELL, "--xen", "documented"
    )

    assert (ran.code, wrong.code) == (1, 1)
    worded(ran.out.splitlines()[0], "g: ", "4.22")
    assert "rdm = 'x'" in wrong.out


def test_one_name_may_hold_several_releases(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    options = ["--host", DELL, "--xen", "4.17", "--toolstack-release", "4.14.6"]
    ran = _resolve(capsys, tmp_path / "g.cfg", GUEST, *options)
    libvirt = _resolve(capsys, tmp_path / "g.cfg", GUEST, *options, "--toolstack", "libvirt")

    worded(ran.out.splitlines()[0], "4.14.6", "4.17")
    worded(libvirt.out.splitlines()[0], "libvirt", "4.14.6", "4.17")


def test_every_machine_answers_for_a_guest_of_json(tmp_path: Path, capsys: Capture) -> None:
    saved = {
        "c_info": {"type": "hvm", "name": "w"},
        "b_info": {"max_memkb": 4194304, "type.hvm": {"rdm": {"strategy": "host"}}},
        "pcidevs": [{"dev": 26}],
    }
    ran = _resolve(capsys, tmp_path / "w.json", json.dumps(saved), "--host", DELL, "--xen", "4.17")

    document = run(
        capsys, "resolve", tmp_path / "w.json", "--host", DELL, "--xen", "4.17", "--json"
    ).document
    (guest,) = document["answer"]["guests"]

    assert ran.code == 1
    assert (guest["name"], guest["verdict"]) == ("w", "refused")
    assert guest["documented_differences"] == []


def test_saved_reserved_regions_are_not_modelled(tmp_path: Path, capsys: Capture) -> None:
    saved = {"c_info": {"type": "hvm", "name": "w"}, "rdms": [{"start": 0}]}
    ran = _resolve(capsys, tmp_path / "w.json", json.dumps(saved), "--host", DELL)

    assert (ran.code, "not modelled" in ran.out) == (2, True)


# The interface ---------------------------------------------------------------------------


def test_the_interface_resolves_a_text_on_a_host() -> None:
    text = f'{GUEST}pci = [ "00:1a.0" ]\n'
    found = dmaragent.resolve(text, host=str(DELL), question=Question(xen="4.17"))

    assert isinstance(found, Resolution)
    assert found.verdict is Verdict.REFUSED
    assert found.reasons[0].place == "guest:5"
    assert found.guest.pci[0].place == "guest:5"
    with pytest.raises(DmaragentError):
        dmaragent.resolve("[]", host=str(DELL))
    with pytest.raises(AttributeError):
        _ = dmaragent.nothing


def test_a_host_bridge_goes_to_no_guest(capsys: Capture, worded: Worded) -> None:
    host = MACHINES / "hp-dl380e-gen8"

    ran = run(capsys, "resolve", "--memory", "1024", "--pci", "00:00.0", "--host", host)

    assert ran.code == 1
    worded(ran.out, "0000:00:00.0")
