"""The recogniser: what surrounds a message, repeats, splits, limits, hostile text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.messages import MESSAGES, recogniser
from dmaragent.messages.counting import MOST_FOUND, MOST_LINES, MOST_SPANS
from dmaragent.messages.model import MessageSeverity, Names, Recognised, Span
from dmaragent.messages.recognise import MOST_IN_LINE, MOST_JOINED
from support.message_lines import LINES
from support.message_names import names

CONFLICT = "RDM conflict at 0xad800000."
SHARED = "[VT-D] It's disallowed to assign 0000:00:1a.0 with shared RMRR at dbe9a000 for d19."
ALL_LINES = [line for _, line, _ in LINES]


def only(text: str) -> Recognised:
    """Give the one message of `text`."""
    found = recogniser().recognise(text).found
    assert len(found) == 1
    return found[0]


def fault(device: str, address: int) -> str:
    return f"DMAR: [DMA Write] Request device [{device}] fault addr {address:x} [fault reason 05]\n"


@pytest.mark.parametrize(
    "line",
    [
        f"[   12.345678] {CONFLICT}",
        f"Nov 23 21:00:00 host libxl[812]: {CONFLICT}",
        f"2026-11-23T21:00:00+0000 host kernel: {CONFLICT}",
        f"(XEN) {CONFLICT}",
        f"(XEN) [2026-01-01 00:00:00] {CONFLICT}",
        f"\x1b[31mlibxl: error: {CONFLICT}\x1b[0m",
        f"{CONFLICT}\r\n",
        f'"{CONFLICT}"',
        f"'libxl: {CONFLICT}'",
        f"> > {CONFLICT}",
        CONFLICT.replace(" ", "  "),
        CONFLICT.replace(" ", "\t"),
        CONFLICT.replace(" ", "\N{NO-BREAK SPACE}"),
        f"\udcff\udcfe\x07{CONFLICT}",
        "RDM \x1b[1mconflict\x1b[0m at 0xad800000",
        '{"MESSAGE":"libxl: error: RDM conflict at 0xad800000.","_PID":"1"}',
    ],
)
def test_what_stands_around_a_message_does_not_matter(line: str) -> None:
    found = only(line)

    assert found.message.id == "libxl-rdm-conflict"
    assert found.names == names("", 0xAD800000)


def test_repeats_are_counted_with_their_first_lines() -> None:
    found = only(f"nothing\n{CONFLICT}\n" * 50)

    assert found.count == 50
    assert found.lines == tuple(range(2, 2 + 2 * MOST_LINES, 2))


def test_faults_of_one_device_are_one_message_with_their_first_addresses() -> None:
    found = only("".join(fault("00:1d.0", n << 12) for n in range(100)))

    assert found.count == 100
    assert found.names.spans == tuple(Span(n << 12, n << 12) for n in range(MOST_SPANS))
    assert found.more_spans == 100 - MOST_SPANS


def test_devices_are_told_apart() -> None:
    found = recogniser().recognise(fault("00:1d.0", 1) + fault("00:1a.0", 1) * 2).found

    assert [(str(one.names.devices[0]), one.count) for one in found] == [
        ("0000:00:1d.0", 1),
        ("0000:00:1a.0", 2),
    ]


def test_a_log_of_too_many_devices_is_counted_not_kept() -> None:
    devices = [f"{n >> 8:02x}:{n >> 3 & 31:02x}.{n & 7}" for n in range(MOST_FOUND + 7)]
    many = recogniser().recognise("".join(fault(device, 0) for device in devices))

    assert len(many.found) == MOST_FOUND
    assert many.left_out == 7


def test_the_worst_comes_first() -> None:
    text = "\n".join(["DMAR: RMRR base: 0x1000 end: 0x1fff", fault("00:1d.0", 1), CONFLICT])

    found = recogniser().recognise(text).found

    assert [one.message.weight for one in found] == [
        MessageSeverity.REFUSAL,
        MessageSeverity.FAULT,
        MessageSeverity.NOTE,
    ]


def test_of_two_wordings_in_one_place_the_one_that_explains_more_is_taken() -> None:
    text = "vfio 0000:01:00.0: failed to setup container for group 13: Failed to set group container: Invalid argument"

    assert only(text).message.id == "qemu-container-refused"


def test_several_messages_on_one_line_are_all_found() -> None:
    text = f"{SHARED} {CONFLICT} Failed to parse ACPI DMAR. Disabling VT-d."

    found = recogniser().recognise(text).found

    assert {one.message.id for one in found} == {
        "xen-shared-rmrr-refused",
        "libxl-rdm-conflict",
        "xen-dmar-refused",
    }


@pytest.mark.parametrize("at", range(1, len(SHARED) - 6, 7))
def test_a_message_that_a_terminal_split_anywhere_is_put_together(at: int) -> None:
    found = only(f"(XEN) {SHARED[:at]}\n{SHARED[at:]}")

    assert found.names == names("00:1a.0", 0xDBE9A000, domain=19)
    assert found.count == 1


def test_a_message_that_a_mail_split_and_quoted_is_put_together() -> None:
    text = f"> hello\n> {SHARED[:40].rstrip()}\n> {SHARED[40:].lstrip()}\n> bye"

    found = only(text)

    assert found.split
    assert found.lines == (2,)
    assert found.names.domain == 19
    assert "disallowed" in found.text


def test_whole_lines_are_not_put_together_to_something_else() -> None:
    assert recogniser().recognise(f"RDM conflict at noon\n0x1000\n{'x' * 9}").found == ()


def test_a_quoted_word_does_not_run_on_into_the_next_line() -> None:
    text = "Unknown RDM policy: none\nUnknown PCI_SPEC_STRING option: x\n"

    found = recogniser().recognise(text).found

    assert [(one.names.word, one.count, one.split) for one in found] == [
        ("none", 1, False),
        ("x", 1, False),
    ]


def test_a_long_log_is_not_searched_for_split_messages() -> None:
    text = f"{SHARED[:40]}\n{SHARED[40:]}\n" + "x" * MOST_JOINED

    assert recogniser().recognise(text).found == ()


def test_a_hint_without_a_name_does_not_stand_beside_the_message_with_one() -> None:
    text = "group 6 is not viable\nPlease ensure all devices within the iommu_group are bound to their vfio bus driver.\n"

    assert only(text).names == Names(group=6)


def test_a_message_with_a_long_beginning_is_read_whole() -> None:
    word = "0" * 60 + "x" * 20

    found = only(f"libxl__device_pci_add failed for PCI device '{word}' (rc -3)")
    policy = only(f"{word} is not an valid PCI RDM property policy: 'strict' or 'relaxed'")

    assert (found.names.word, found.names.result) == (word, -3)
    assert policy.names.word == word


def test_a_very_long_line_is_shown_around_the_message() -> None:
    found = only("x" * 500_000 + CONFLICT + "y" * 500_000)

    assert CONFLICT in found.text
    assert len(found.text) < 1000


def test_of_a_line_without_end_the_first_messages_are_taken() -> None:
    text = f"{CONFLICT} " * (3 * MOST_IN_LINE) + f"\n{CONFLICT}\n"

    found = only(text)

    assert found.count == MOST_IN_LINE + 1
    assert found.lines[-1] == 1


@pytest.mark.parametrize(
    ("text", "lines"), [("", 0), ("x", 1), ("x\n", 1), ("x\ny", 2), ("\n\n", 2)]
)
def test_lines_are_counted(text: str, lines: int) -> None:
    assert recogniser().recognise(text).line_count == lines


PIECES = sorted({one.template.anchor for message in MESSAGES for one in message.wordings})


@given(
    st.lists(
        st.one_of(
            st.text(max_size=20),
            st.sampled_from(PIECES),
            st.sampled_from(ALL_LINES),
            st.sampled_from(["\n", "\r\n", " ", "0000:00:1d.0", "ff:ff.f", "-1", "0x", "9" * 30]),
        ),
        max_size=12,
    )
)
def test_any_text_is_read_without_an_error(parts: list[str]) -> None:
    text = "".join(parts)

    found = recogniser().recognise(text)

    for one in found.found:
        assert one.count >= 1
        assert one.lines
        assert 1 <= one.lines[0] <= found.line_count


@given(st.sampled_from(ALL_LINES), st.data())
def test_a_line_that_is_cut_or_changed_is_read_without_an_error(
    line: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(line)))
    recogniser().recognise(line[:at] + data.draw(st.text(max_size=3)) + line[at:])
    recogniser().recognise(line[:at])


@pytest.mark.parametrize("piece", PIECES)
def test_a_piece_repeated_a_thousand_times_is_no_trap(piece: str) -> None:
    assert recogniser().recognise(piece * 1000).line_count == 1


@pytest.mark.parametrize(("second", "reason"), [("05", 5), ("02", None)])
def test_faults_with_two_reasons_below_them_have_no_single_one(
    second: str, reason: int | None
) -> None:
    fault = "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:1d.0] fault addr dceff000\n"
    text = "".join(f"{fault}(XEN) [VT-D]DMAR: reason {code} - x\n" for code in ("05", second))

    found = next(each for each in recogniser().recognise(text).found if each.names.devices)

    assert (found.count, found.names.reason) == (2, reason)


def test_of_equally_severe_messages_the_first_in_the_text_comes_first() -> None:
    text = f"{CONFLICT}\n{CONFLICT}\n{SHARED}\n"

    found = recogniser().recognise(text).found

    assert [one.lines for one in found] == [(1, 2), (3,)]


def test_a_reason_of_its_own_counts_more_than_that_of_the_line_below() -> None:
    text = fault("00:1d.0", 1) + "DMAR:[fault reason 02] Present bit in context entry is clear\n"

    found = next(each for each in recogniser().recognise(text).found if each.names.devices)

    assert found.names.reason == 5
