"""``dmaragent boot-option``: whose option it writes and checks, and its documents for ``ivmd=``."""

from pathlib import Path

import pytest

from dmaragent.commands import boot_option
from dmaragent.commands.shared import hosts
from dmaragent.inventory import take_inventory
from support.cli import run
from support.ivmd_hosts import amd_host, with_xen
from support.machines import MACHINES

Capture = pytest.CaptureFixture[str]
INTEL = MACHINES / "hp-dl380e-gen8"
NO_TABLE = MACHINES / "synthetic-sosreport-without-table"


@pytest.fixture
def on_amd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the verb find an AMD host, whatever --host names."""

    def take_host(path: str | None, release: object = None) -> object:
        opened, _ = hosts.take_host(path)
        return opened, take_inventory(with_xen(amd_host(), "ivmd=0x92000=1:0.0"))

    monkeypatch.setattr(boot_option, "take_host", take_host)


def test_the_earlier_name_is_the_same_verb(capsys: Capture) -> None:
    region = "0x7ef3e000+4K=00:1d.0"
    earlier = run(capsys, "rmrr-option", region, "--host", INTEL)

    assert run(capsys, "boot-option", region, "--host", INTEL) == earlier
    assert "rmrr=0x7ef3e=00:1d.0" in earlier.out


def test_the_document_for_intel_has_the_earlier_format(capsys: Capture) -> None:
    ran = run(capsys, "boot-option", "0x7ef3e000+4K=00:1d.0", "--host", INTEL, "--json")

    assert ran.document["format"] == "dmaragent.rmrr-option"


@pytest.mark.parametrize("arguments", [["--check", "ivmd=0x1=0:1.0"], ["0x1000+4K", "--vendor"]])
def test_a_text_or_the_vendor_chooses_ivmd(arguments: list[str], capsys: Capture) -> None:
    vendor = ["amd"] if arguments[-1] == "--vendor" else []
    ran = run(capsys, "boot-option", *arguments, *vendor, "--host", NO_TABLE, "--json")

    assert ran.document["format"] == "dmaragent.ivmd-option"
    assert ran.document["answer"]["table"] is False


def test_a_command_line_with_both_options_is_checked_for_the_host(capsys: Capture) -> None:
    text = "ivmd=0x91000=1:0.0 rmrr=0x7ef3e=00:1d.0"
    ran = run(capsys, "boot-option", "--check", text, "--host", INTEL, "--json")

    assert ran.document["format"] == "dmaragent.rmrr-option"


def test_only_one_question_is_answered(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "log").write_text(FAULT.format("01:00.0", 0x91000040))
    log = ("--from-log", tmp_path / "log")
    check = ("--check", "rmrr=0x7ef3e=00:1d.0")
    for words in (
        (*check, *log),
        (*check, "0x7ef3e000+4K=00:1d.0"),
        (*log, "0x7ef3e000+4K=00:1d.0"),
    ):
        ran = run(capsys, "boot-option", *words, "--host", INTEL)

        assert (ran.code, ran.out) == (2, "")


@pytest.mark.usefixtures("on_amd")
def test_an_amd_host_gets_ivmd(capsys: Capture) -> None:
    ran = run(capsys, "boot-option", "0x91000000+4K=01:00.0", "--host", INTEL, "--json")

    answer = ran.document["answer"]
    assert (ran.code, answer["table"], answer["present"]) == (0, True, 1)
    assert answer["option"]["words"] == "ivmd=0x91000=01:00.0"
    (region,) = answer["regions"]
    assert region["devices"] == [{"first": "0000:01:00.0", "last": "0000:01:00.0"}]


@pytest.mark.usefixtures("on_amd")
def test_its_own_option_is_checked(capsys: Capture) -> None:
    ran = run(capsys, "boot-option", "--check", "--host", INTEL, "--json")

    (own,) = ran.document["answer"]["ranges"]
    assert (ran.code, own["effect"], own["position"]) == (0, "accepted", 14)


@pytest.mark.usefixtures("on_amd")
@pytest.mark.parametrize(
    ("text", "code", "effect"),
    [
        ("ivmd=0x91000=1:0.0", 0, "accepted"),
        ("ivmd=0x1000=1:0.0", 1, "switches-off"),
        ("ivmd=0x91000=1:0", 1, "not-read"),
    ],
)
def test_the_exit_code_is_the_verdict(text: str, code: int, effect: str, capsys: Capture) -> None:
    arguments = ("boot-option", "--check", text, "--host", INTEL)

    assert run(capsys, *arguments).code == code
    document = run(capsys, *arguments, "--json").document
    assert document["answer"]["ranges"][-1]["effect"] == effect


@pytest.mark.usefixtures("on_amd")
def test_no_prose_is_wider_than_a_terminal(capsys: Capture) -> None:
    for arguments in (["0x91000000+4K=01:00.0", "0x1000+4K"], ["--check", "ivmd=1;\x1b[2J" * 40]):
        out = run(capsys, "boot-option", *arguments, "--host", INTEL).out
        pasted = ("    echo ", "  ivmd=", "    /opt/xensource/", "    update-grub ")
        prose = [line for line in out.splitlines() if not line.startswith(pasted)]

        assert "\x1b" not in out
        assert max(map(len, prose)) <= 80


FAULT = "(XEN) AMD-Vi: IO_PAGE_FAULT: 0000:{} d1 addr {:016x} flags 0x30\n"


@pytest.mark.usefixtures("on_amd")
def test_the_faults_of_a_log_become_ivmd_without_those_in_regions(
    tmp_path: Path, capsys: Capture
) -> None:
    log = tmp_path / "log"
    faults = [
        ("01:00.0", 0x91000040),
        ("01:00.0", 0x91001000),
        ("00:1d.0", 0x90000000),  # in its region
        ("01:00.0", 0xFDF8020000),  # HyperTransport
        ("01:00.0", 0x1000000),  # RAM
    ]
    log.write_text("".join(FAULT.format(*fault) for fault in faults))

    ran = run(capsys, "boot-option", "--from-log", log, "--host", INTEL, "--json")

    answer = ran.document["answer"]
    assert answer["option"]["words"] == "ivmd=0x91000-0x91001=01:00.0"
    found = answer["faults"]
    assert (found["by_xen"], len(found["given"]), len(found["dropped"])) == (5, 1, 2)
    assert ran.code == 1
    assert (
        "ivmd=0x91000-0x91001=01:00.0"
        in run(capsys, "boot-option", "--from-log", log, "--host", INTEL).out
    )


def test_faults_of_amd_alone_are_no_answer_on_intel(tmp_path: Path, capsys: Capture) -> None:
    log = tmp_path / "log"
    log.write_text(FAULT.format("01:00.0", 0x91000000))

    assert run(capsys, "boot-option", "--from-log", log, "--host", INTEL).code == 2
