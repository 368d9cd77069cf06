"""``dmaragent boot-option``: what it prints, its documents, its exit codes."""

from pathlib import Path

import pytest

from support.cli import run
from support.machines import MACHINES, NAMES
from support.wording import Worded

Capture = pytest.CaptureFixture[str]
DOM0 = MACHINES / "xen-pv-dom0"
HP = MACHINES / "hp-dl380e-gen8"
NO_TABLE = MACHINES / "synthetic-sosreport-without-table"


def test_a_region_of_128_kib_becomes_two_words(capsys: Capture, worded: Worded) -> None:
    ran = run(capsys, "rmrr-option", "0x7ef3e000-0x7ef5dfff=00:1d.0", "--host", HP)

    lines = ran.out.splitlines()
    assert ran.code == 2, "what is already on Xen's command line is unknown"
    worded(" ".join(lines[:2]), "10", "4.22")
    assert "  rmrr=0x7ef3e-0x7ef4d=00:1d.0" in lines
    assert "  rmrr=0x7ef4e-0x7ef5d=00:1d.0" in lines


def test_the_option_a_host_has_booted_with_is_checked(capsys: Capture, worded: Worded) -> None:
    ran = run(capsys, "rmrr-option", "--check", "--host", DOM0)

    assert ran.code == 0
    worded(ran.out, "4.17.7")
    document = run(capsys, "rmrr-option", "--check", "--host", DOM0, "--json").document
    (one,) = document["answer"]["ranges"]
    assert one["range"] == {"base": "0x3c200000", "limit": "0x3c201fff"}
    assert (one["taken"], one["devices"]) == (True, ["0000:00:03.0"])


def test_a_document_of_what_was_written_keeps_to_its_schema(capsys: Capture) -> None:
    ran = run(capsys, "rmrr-option", "0x7ef3e000+8K=00:1d.0", "--host", HP, "--json")

    answer = ran.document["answer"]
    assert answer["option"]["words"] == "rmrr=0x7ef3e-0x7ef3f=00:1d.0"
    assert (answer["mode"], answer["taken"]) == ("write", None)


@pytest.mark.parametrize(
    ("region", "host", "code"),
    [
        ("0xa0000+4K=00:1a.0", DOM0, 0),
        ("0x1000+4K=00:1a.0", DOM0, 1),
        ("0xb0000000+4K=00:1a.0", NO_TABLE, 2),
    ],
)
def test_whether_xen_accepts_what_was_written_is_the_exit_code(
    region: str, host: Path, code: int, capsys: Capture
) -> None:
    ran = run(capsys, "boot-option", region, "--host", host, "--json")

    assert ran.code == code
    assert ran.document["answer"]["taken"] is {0: True, 1: False, 2: None}[code]
    assert bool(ran.document["answer"]["option"]) is (code != 1)


def test_a_log_without_a_fault_is_no_answer(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    log = tmp_path / "log"
    log.write_text("nothing of it\n")

    ran = run(capsys, "rmrr-option", "--from-log", log, "--host", HP)

    assert (ran.code, ran.out) == (2, "")
    worded(ran.err)


FAULTS = """\
(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:1a.0] fault addr b0001000
(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:1a.0] fault addr b0000000
[ 1.0] DMAR: [DMA Read NO_PASID] Request device [00:1a.0] fault addr 0x3c000000 [fault reason 0x06]
"""


def test_a_log_of_faults_ends_in_an_option_and_a_warning(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    log = tmp_path / "log"
    log.write_text(FAULTS)
    arguments = ["rmrr-option", "--from-log", log, "--host", DOM0]

    ran = run(capsys, *arguments)

    assert ran.code == 2
    lines = ran.out.splitlines()
    worded(lines[0])
    worded(lines[1])
    assert "  rmrr=0xb0000-0xb0001=00:1a.0" in lines
    worded(ran.out)
    answer = run(capsys, *arguments, "--json").document["answer"]
    assert answer["option"]["words"] == "rmrr=0xb0000-0xb0001=00:1a.0"
    assert (answer["faults"]["by_xen"], len(answer["faults"]["given"])) == (2, 1)


def test_faults_in_regions_of_the_table_alone_need_no_option(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    log = tmp_path / "log"
    log.write_text(FAULTS.splitlines()[2])

    ran = run(capsys, "rmrr-option", "--from-log", log, "--host", DOM0)

    assert ran.code == 1
    worded(ran.out.splitlines()[-1])


def test_a_fault_that_was_dropped_is_to_be_looked_at_beside_one_that_was_written(
    tmp_path: Path, capsys: Capture
) -> None:
    log = tmp_path / "log"
    by_xen = "".join(FAULTS.splitlines(keepends=True)[:2])
    log.write_text(by_xen)
    arguments = ["rmrr-option", "--from-log", log, "--host", DOM0]
    assert run(capsys, *arguments).code == 2

    log.write_text(by_xen + by_xen.replace("b000", "fee0"))
    ran = run(capsys, *arguments)

    assert ran.code == 1
    assert "\nLeft out\n" in ran.out
    assert "rmrr=0xb0000-0xb0001=00:1a.0" in ran.out


def test_xen_cmdline_gets_several_ranges_as_one_word(capsys: Capture) -> None:
    one, two = (
        run(capsys, "rmrr-option", f"0x7ef3e000+{size}=00:1d.0", "--host", HP).out
        for size in ("4K", "128K")
    )

    assert r"--set-xen 'rmrr=0x7ef3e-0x7ef4d=00:1d.0\;0x7ef4e-0x7ef5d=00:1d.0'" in two
    assert "--set-xen rmrr=0x7ef3e=00:1d.0\n" in one


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        ([], "boot-option"),
        (["0x1000+4K=00:1d.0", "--check"], ""),
        ([f"0x1000+{'9' * 50}=00:1d.0"], "character 8"),
        (["0x1000-0x1fff"], "character 14"),
        (["--check", "console=vga"], "rmrr="),
        (["0x1000+4K=00:1d.0", "--xen", "four"], "'four'"),
        (["0x1000+4K=00:1d.0", "--xen", "4.5"], "4.5"),
        (["--check", "rmrr=1=00:1d.0", "--xen", "documented"], "--xen documented"),
        (["--from-log", "/nonexistent"], "/nonexistent"),
    ],
    ids=range(9),
)
def test_what_cannot_be_answered_is_one_clear_line(
    arguments: list[str], fact: str, capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "rmrr-option", *arguments, "--host", HP)

    assert (ran.code, ran.out) == (2, "")
    worded(ran.err, fact)


def test_a_host_whose_command_line_is_not_known_says_what_to_do(
    capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "rmrr-option", "--check", "--host", HP)

    assert ran.code == 2
    worded(ran.err)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--check", "rmrr=0x7ef3e000-0x7ef5dfff=00:1d.0"], 1),
        (["--check", "rmrr=0x7ef3e=00:1d.0;0x7ef3f", "--xen", "4.17"], 1),
        (["--check", "rmrr=1=zz rmrr=2=zz"], 1),
        (["0x7ef3e000+4K=00:1d.0", "--xen", "4.8"], 1),
        (["0x7ef3e000+4K=00:1d.0", "0x7ef3e800+4K=00:1d.0", "--xen", "4.17"], 1),
    ],
)
def test_the_first_line_says_it_and_the_exit_code_too(
    arguments: list[str], code: int, capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "rmrr-option", *arguments, "--host", HP)

    assert ran.code == code
    worded(ran.out.splitlines()[0])
    assert run(capsys, "rmrr-option", *arguments, "--host", HP, "--json").document


def test_without_a_table_a_well_formed_option_exits_with_2(capsys: Capture, worded: Worded) -> None:
    host = MACHINES / "synthetic-sosreport-without-table"
    arguments = ["rmrr-option", "--check", "rmrr=0x7ef3e=00:1d.0", "--xen", "4.17", "--host", host]

    ran = run(capsys, *arguments)

    assert ran.code == 2
    worded(ran.out.splitlines()[0], "4.17")
    assert run(capsys, *arguments, "--json").document["answer"]["taken"] is None


def test_hostile_words_are_shown_escaped_and_within_80_columns(capsys: Capture) -> None:
    ran = run(capsys, "rmrr-option", "--check", "rmrr=0x1=\x1b[2J" + "a" * 300, "--host", HP)

    assert "\x1b" not in ran.out
    assert "\\x1b[2J" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("name", NAMES)
def test_every_machine_gives_an_answer_within_80_columns(name: str, capsys: Capture) -> None:
    for arguments in (["0x7ef3e000+0x1f001=00:1d.0"], ["--check", "rmrr=123=00:1f.0;10-9;x"]):
        ran = run(capsys, "rmrr-option", *arguments, "--host", MACHINES / name)
        pasted = ("    echo ", "  echo ", "  rmrr=", "    /opt/xensource/", "    update-grub ")
        prose = [line for line in ran.out.splitlines() if not line.startswith(pasted)]

        assert ran.code in {0, 1, 2}
        assert max(map(len, prose)) <= 80
        assert run(capsys, "rmrr-option", *arguments, "--host", MACHINES / name, "--json").document


@pytest.mark.parametrize(
    ("value", "code", "taken"),
    [
        ("0xd5d45=0:0:1f.39", 1, False),
        ("0x5fa00=0:0:1f.39", 1, False),
        ("0x5fa00=0:0:1d.08", 0, True),
        ("0xd5d45=0:0:1d.0", 1, False),
        ("0x1000000=0:0:1d.0", 1, False),
        ("0x=0:0:1d.", 0, True),
        ("fffffffffffffffff=0:0:1d.0", 1, False),
    ],
)
def test_a_text_is_checked_as_xen_reads_it(
    value: str,
    code: int,
    taken: bool,  # noqa: FBT001
    capsys: Capture,
) -> None:
    ran = run(
        capsys,
        *("rmrr-option", "--check", f"rmrr={value}", "--xen", "4.22"),
        *("--host", MACHINES / "lenovo-laptop", "--json"),
    )

    assert (ran.code, ran.document["answer"]["taken"]) == (code, taken)


def test_without_a_memory_map_it_is_unknown_whether_xen_has_the_page(
    table_file: Path, capsys: Capture, worded: Worded
) -> None:
    arguments = ["rmrr-option", "--check", "rmrr=0x1000=00:1d.0", "--host", table_file]

    ran = run(capsys, *arguments)

    assert ran.code == 2
    worded(ran.out, "4.22")
