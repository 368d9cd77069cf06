"""``dmaragent why``: what people read, the document, the exit codes."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.messages import MESSAGES, recogniser
from dmaragent.messages.relate import relate_all
from dmaragent.present.text.why import why_text
from dmaragent.readings import HostSnapshot
from support.cli import Ran, run
from support.machines import MACHINES
from support.message_lines import EVERY_MESSAGE
from support.wording import Worded, lines_about

Pipe = Callable[[bytes], None]
HP = MACHINES / "hp-dl380e-gen8"
SHARED = "(XEN) [VT-D] It's disallowed to assign 0000:00:1a.0 with shared RMRR at 7dffd000 for {}."
MAPPING = "Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping."
ALL_LINES = "\n".join(EVERY_MESSAGE)
QUOTES = (
    "\u2018\u2019\u201a\u201b\u02bc\u02b9\u2032\u00b4\uff07\u201c\u201d\u201e\u201f\u2033\uff02"
)
"""What is read as a quote, and so ends a word that a message quotes."""
ALL_MACHINES = sorted(path.name for path in MACHINES.iterdir() if path.is_dir())


def words(ran: Ran) -> str:
    """Give what was printed without its line ends."""
    return " ".join(ran.out.split())


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Pipe:
    """Give a function that lets a log come from standard input."""

    def feed(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return feed


def test_a_message_is_explained_with_the_region_its_sharers_and_the_next_step(
    capsys: pytest.CaptureFixture[str], worded: Worded
) -> None:
    ran = run(capsys, "why", SHARED.format("d5"), "--host", HP)

    assert ran.code == 0
    said = words(ran)
    worded(said, "region 1", "0x7dffd000-0x7dffffff", "0xe8", "0x7dffd000", "0000:00:1d.0")
    assert "rdm_policy=relaxed" in said
    assert "no-strict-reset=True" in said
    assert "dmaragent explain 0000:00:1a.0" in said


@pytest.mark.parametrize("domain", ["Dom32753", "d[IO]"])
def test_domain_32753_is_said_to_be_the_quarantine(
    capsys: pytest.CaptureFixture[str], domain: str, worded: Worded
) -> None:
    said = words(run(capsys, "why", SHARED.format(domain), "--host", HP))

    worded(said, "32753", "pci-quarantine=false")
    assert "8.3" not in said
    assert "rdm_policy=relaxed" not in said


def test_the_words_of_a_message_need_no_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    ran = run(capsys, "why", "RDM", "conflict", "at", "0xad800000", "--host", HP)

    assert ran.code == 0


def test_causes_are_explained_and_consequences_named(
    capsys: pytest.CaptureFixture[str], pipe: Pipe, worded: Worded
) -> None:
    log = "\n".join(
        [
            SHARED.format("d5"),
            "(XEN) d5: assign (0000:00:1a.0) failed (-1)",
            "libxl: error: Domain 5:xc_assign_device failed: Operation not permitted",
        ]
    )
    pipe(log.encode())

    said = run(capsys, "why", "-", "--host", HP).out

    worded(said, "EPERM")
    assert said.count("Meaning") == 1


def test_a_consequence_alone_is_explained_by_its_error(
    capsys: pytest.CaptureFixture[str], worded: Worded
) -> None:
    text = "libxl: error: Domain 5:xc_assign_device failed: Device or resource busy"

    said = words(run(capsys, "why", text, "--host", HP))

    worded(said, "EBUSY")


def test_a_reason_of_a_fault_is_put_into_words(
    capsys: pytest.CaptureFixture[str], worded: Worded
) -> None:
    text = "DMAR: [DMA Write] Request device [00:1d.0] fault addr 7ef3e000 [fault reason 05]"

    said = words(run(capsys, "why", text, "--host", HP))

    worded(said, "0x05", "0x7ef3e000")
    assert "boot-option" not in said


def test_a_fault_that_xen_logged_offers_its_boot_option(
    capsys: pytest.CaptureFixture[str], worded: Worded
) -> None:
    text = "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:1d.0] fault addr 7ef3e000"

    said = words(run(capsys, "why", text, "--host", HP))

    worded(said)
    assert "dmaragent boot-option 0x7ef3e000-0x7ef3efff=0000:00:1d.0" in said


def test_below_xen_nothing_is_said_of_what_linux_holds(
    capsys: pytest.CaptureFixture[str], worded: Worded
) -> None:
    text = f"vfio-pci 0000:04:02.0: {MAPPING}"

    said = words(run(capsys, "why", text, "--host", MACHINES / "xen-pv-dom0"))

    worded(said)


def test_linux_is_said_to_hold_a_device_with_the_way_it_comes_to_it(
    capsys: pytest.CaptureFixture[str], worded: Worded
) -> None:
    text = f"vfio-pci 0000:04:02.0: {MAPPING}"

    said = words(run(capsys, "why", text, "--host", MACHINES / "qemu-q35-rmrr"))

    worded(said, "regions 2", "0000:00:1e.0")


def test_addresses_that_are_not_kept_are_counted_in_text_and_document(
    capsys: pytest.CaptureFixture[str], pipe: Pipe, worded: Worded
) -> None:
    line = "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:1d.0] fault addr {:x}\n"
    log = "".join(line.format(0xB0000000 + (n << 12)) for n in range(17)).encode()

    pipe(log)
    said = words(run(capsys, "why", "-", "--host", HP))
    pipe(log)
    (one,) = run(capsys, "why", "-", "--host", HP, "--json").document["answer"]["recognised"]

    worded(said, "16", "11")
    assert (one["more_addresses"], len(one["names"]["addresses"]), one["count"]) == (1, 16, 17)


def test_a_fault_explains_so_that_its_reason_only_follows(
    capsys: pytest.CaptureFixture[str], pipe: Pipe, worded: Worded
) -> None:
    pipe(
        b"(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:1d.0] fault addr b0000000\n"
        b"(XEN) [VT-D]DMAR: reason 05 - PTE Write access is not set\n"
        b"(XEN) [VT-D]DMAR: reason 05 - PTE Write access is not set\n"
    )

    said = run(capsys, "why", "-", "--host", HP).out

    worded(said)
    assert said.count("Meaning") == 1


def test_pages_of_an_option_are_told_in_bytes(
    capsys: pytest.CaptureFixture[str], worded: Worded
) -> None:
    text = "[VT-D]RMRR range [e8000-e8fff] exceeds 16 pages"

    said = words(run(capsys, "why", text, "--host", HP))

    worded(said, "0xe8000000-0xe8ffffff")


@pytest.mark.parametrize("name", ["hp-dl380e-gen8", "qemu-q35-rmrr", "xen-pv-dom0"])
def test_every_message_alone_fits_a_screen(name: str) -> None:
    inventory = take_inventory(join(collect(open_host(str(MACHINES / name)).reader)))
    lengths = {}
    for line in EVERY_MESSAGE:
        why = relate_all(recogniser().recognise(line), inventory)
        lengths[line] = len(list(why_text(why, inventory.absence, live=False)))

    assert {line: length for line, length in lengths.items() if length > 40} == {}


def test_details_explain_what_does_not_fit_the_screen(
    capsys: pytest.CaptureFixture[str], pipe: Pipe
) -> None:
    pipe(ALL_LINES.encode())
    short = run(capsys, "why", "-", "--host", HP).out
    pipe(ALL_LINES.encode())
    long = run(capsys, "why", "-", "--details", "--host", HP).out

    assert short.count("Meaning  ") < 4
    assert "--details" in short
    assert long.count("Meaning  ") > 100
    assert "From     " in long


def test_many_devices_are_one_explanation(
    capsys: pytest.CaptureFixture[str], pipe: Pipe, worded: Worded
) -> None:
    log = "".join(f"vfio-pci 0000:{n:02x}:00.0: {MAPPING}\n" for n in range(100))
    pipe(log.encode())

    said = run(capsys, "why", "-", "--details", "--host", HP).out

    assert said.count("Meaning") == 1
    worded(lines_about(said, "96 ", "--json"), "96 ", "--json")
    assert said.count("\n") < 80


def test_lines_that_are_left_out_are_counted_with_their_repetitions(
    capsys: pytest.CaptureFixture[str], pipe: Pipe
) -> None:
    lines = [f"vfio-pci {device}: {MAPPING}\n" for device in ("0000:0a:00.0", "0000:00:1a.0")]
    pipe("".join([lines[0], *[lines[1]] * 3]).encode())

    said = words(run(capsys, "why", "-", "--host", HP))

    assert "line 1: vfio-pci 0000:0a:00.0" in said
    assert " 3 more lines " in said


def test_on_a_host_without_a_table_it_is_explained_and_said_why_no_region_is_named(
    capsys: pytest.CaptureFixture[str], worded: Worded
) -> None:
    ran = run(
        capsys, "why", SHARED.format("d5"), "--host", MACHINES / "synthetic-sosreport-without-table"
    )

    assert ran.code == 0
    worded(ran.out)


def test_without_a_text_the_boot_log_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    ran = run(capsys, "why", "--host", MACHINES / "qemu-q35-rmrr", "--json")

    answer = ran.document["answer"]
    assert ran.code == 0
    assert answer["source"] == "boot-log"
    assert {one["weight"] for one in answer["recognised"]} == {"note"}
    (listed,) = (one for one in answer["recognised"] if one["id"] == "linux-rmrr-listed")
    regions = [place["regions"][0]["number"] for place in listed["here"]["addresses"]]
    assert regions == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "verb",
    [
        ("why", "-", "--host", HP),
        ("resolve", "-", "--host", HP),
        ("rmrr-option", "--from-log", "-", "--host", HP),
        ("encode", "-", "-o", "-"),
        ("decode", "-"),
    ],
    ids=lambda verb: verb[0],
)
def test_standard_input_without_end_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str],
    pipe: Pipe,
    monkeypatch: pytest.MonkeyPatch,
    verb: tuple[str, ...],
    worded: Worded,
) -> None:
    monkeypatch.setattr("dmaragent.collect.table_inputs.LARGEST_INPUT", 1 << 20)
    pipe(b"x" * ((1 << 20) + 1))

    ran = run(capsys, *verb)

    assert (ran.code, ran.out) == (2, "")
    worded(ran.err)


@pytest.mark.parametrize("arguments", [["  "], [""], ["-"]], ids=["blanks", "empty", "no-log"])
def test_nothing_given_is_said_and_1(
    capsys: pytest.CaptureFixture[str], pipe: Pipe, arguments: list[str], worded: Worded
) -> None:
    pipe(b"")

    ran = run(capsys, "why", *arguments, "--host", HP)

    assert ran.code == 1
    worded(ran.out)


@pytest.mark.parametrize(("text", "reads"), [("hello", 0), ("RDM conflict at 0x1000", 1)])
def test_the_host_is_read_only_where_something_was_recognised(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str, reads: int
) -> None:
    seen = []

    def counted(reader: object) -> HostSnapshot:
        seen.append(reader)
        return collect(reader)  # type: ignore[arg-type]  # the reader that was opened

    monkeypatch.setattr("dmaragent.commands.shared.hosts.collect", counted)

    document = run(capsys, "why", text, "--host", HP, "--json").document

    assert len(seen) == reads
    assert document["answer"]["table_known"] is (True if reads else None)


def test_nothing_recognised_is_one_line_and_1(
    capsys: pytest.CaptureFixture[str], worded: Worded
) -> None:
    ran = run(capsys, "why", "hello", "--host", HP)

    assert ran.code == 1
    worded(ran.out)


@pytest.mark.parametrize(
    "arguments",
    [
        ["why", "--host", HP],
        ["why", "x", "--host", "/nonexistent"],
        ["why", "/nonexistent/dmesg", "--host", HP],
        ["why", "nonexistent.log", "--host", HP],
        ["why", "/etc", "--host", HP],
    ],
    ids=["no-boot-log", "no-host", "no-file", "no-log-file", "folder"],
)
def test_what_cannot_be_read_is_one_line_and_2(
    capsys: pytest.CaptureFixture[str], arguments: list[object], worded: Worded
) -> None:
    ran = run(capsys, *arguments)

    assert (ran.code, ran.out) == (2, "")
    worded(ran.err)


@pytest.mark.parametrize(
    "text", ["see /var/log/xen/qemu-dm-win10.log", "hello in kern.log", "a\0/b", "word"]
)
def test_a_sentence_that_has_a_path_in_it_is_a_text(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    ran = run(capsys, "why", text, "--host", HP)

    assert ran.code == 1


def test_the_list_names_every_message_and_asks_no_host(capsys: pytest.CaptureFixture[str]) -> None:
    ran = run(capsys, "why", "--list", "--host", "/nonexistent")

    assert ran.code == 0
    assert all(f"  {message.id}: " in ran.out for message in MESSAGES)
    document = run(capsys, "why", "--list", "--json").document
    assert [one["id"] for one in document["answer"]["known"]] == [one.id for one in MESSAGES]
    assert document["origin"]["host"] is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL_MACHINES)
def test_every_message_is_told_on_every_machine_within_80_columns(
    capsys: pytest.CaptureFixture[str], pipe: Pipe, name: str
) -> None:
    pipe(ALL_LINES.encode())
    text = run(capsys, "why", "-", "--host", MACHINES / name)
    pipe(ALL_LINES.encode())
    document = run(capsys, "why", "-", "--host", MACHINES / name, "--json").document

    assert text.code == 0
    wide = [line for line in text.out.splitlines() if len(line) > 80]
    assert [line for line in wide if f" --host {MACHINES / name}" not in line] == []
    found = {one["id"] for one in document["answer"]["recognised"]}
    assert found == {message.id for message in MESSAGES}


def test_a_document_says_what_was_named(capsys: pytest.CaptureFixture[str]) -> None:
    ran = run(capsys, "why", SHARED.format("Dom32753"), "--host", HP, "--json")

    (one,) = ran.document["answer"]["recognised"]
    assert one["id"] == "xen-shared-rmrr-refused"
    assert one["names"]["devices"] == ["0000:00:1a.0"]
    assert one["names"]["quarantine"] is True
    assert one["here"]["addresses"][0]["regions"][0]["owners"] == ["0000:00:1d.0", "0000:00:1a.0"]
    assert one["next"] == ["dmaragent explain 0000:00:1a.0"]


def test_the_answer_is_the_same_for_a_table_wherever_it_lies(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    table = next((HP / "root/sys/firmware/acpi/tables").glob("DMAR*"))
    (tmp_path / "T").write_bytes(table.read_bytes())

    first = run(capsys, "why", SHARED.format("d5"), "--host", table, "--json").document
    second = run(capsys, "why", SHARED.format("d5"), "--host", tmp_path / "T", "--json").document

    assert first["answer"] == second["answer"]


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    hostile=st.text(st.characters(exclude_characters=f"\n`'\"{QUOTES}"), min_size=1, max_size=40),
    option=st.sampled_from([[], ["--json"]]),
)
def test_nothing_of_a_message_reaches_a_terminal_unescaped(
    capsys: pytest.CaptureFixture[str], hostile: str, option: list[str]
) -> None:
    text = f"{hostile} unable to parse PCI BDF `{hostile}' for passthrough {hostile}"

    ran = run(capsys, "why", "--host", HP, *option, "--", text)

    assert ran.code == 0
    assert ran.out.replace("\n", "").isprintable()


def test_bytes_that_are_no_text_are_shown_escaped(
    capsys: pytest.CaptureFixture[str], pipe: Pipe
) -> None:
    pipe(b"\xff\x1b]0;owned\x07 RDM conflict at 0xad800000\r\n")

    ran = run(capsys, "why", "-", "--host", HP)

    assert ran.code == 0
    assert "\\xff\\x1b]0;owned\\x07 RDM conflict" in ran.out
