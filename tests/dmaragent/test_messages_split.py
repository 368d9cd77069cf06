"""Messages over several lines name all that their lines name; retyped ones are recognised."""

from collections.abc import Callable

import pytest

from dmaragent.messages import recogniser
from dmaragent.messages.anchors import AnchorSearch
from dmaragent.messages.model import Recognised
from support.message_lines import LINES
from support.message_names import names

CONTAINER = "failed to setup container for group 21: Failed to set iommu for container: "


def only(text: str, message: str) -> Recognised:
    (found,) = (one for one in recogniser().recognise(text).found if one.message.id == message)
    return found


@pytest.mark.parametrize(
    "text",
    [
        f"kvm: vfio 0000:0a:00.0:\n{CONTAINER}Operation not permitted",
        f"kvm: vfio 0000:0a:00.0: {CONTAINER.rstrip()}\nOperation not permitted",
        f">> kvm: vfio 0000:0a:00.0:\n>> \t{CONTAINER.rstrip()}\n>> Operation not permitted",
    ],
)
def test_a_device_and_an_error_on_other_lines_belong_to_the_message(text: str) -> None:
    found = only(text, "qemu-container-refused")

    assert found.names == names("0a:00.0", group=21, error=1)
    assert found.count == 1


def test_a_message_put_together_takes_the_place_of_its_pieces() -> None:
    text = "kvm: vfio 0000:0a:00.0: failed to setup container for group 21:\n"
    text += "Failed to set group container: Invalid argument"

    (found,) = recogniser().recognise(text).found

    assert found.message.id == "qemu-container-refused"
    assert found.names == names("0a:00.0", group=21, error=22)


def test_the_reason_of_a_fault_that_a_mail_wrapped_is_read() -> None:
    text = (
        "DMAR: DRHD: handling fault status reg 3\n"
        "DMAR: [DMA Write NO_PASID] Request device [00:02.0] fault addr 0xb97ff000\n"
        "[fault reason 0x05] PTE Write access is not set\n"
    )

    assert only(text, "linux-dma-fault").names == names("00:02.0", 0xB97FF000, reason=5)


def test_two_messages_in_lines_of_their_own_stay_two() -> None:
    text = "VFIO_MAP_DMA failed: Invalid argument\nVFIO_MAP_DMA failed: Bad address\n"

    found = recogniser().recognise(text).found

    assert [(one.names.error, one.lines, one.split) for one in found] == [
        (22, (1,), False),
        (14, (2,), False),
    ]


def test_a_line_in_small_letters_is_recognised_once() -> None:
    found = only(
        "EAL: 0000:0a:00.0 cannot add vfio group to container, error 22 (invalid argument)",
        "dpdk-container-refused",
    )

    assert found.names == names("0a:00.0", error=22)
    assert found.count == 1
    assert found.text.startswith("EAL:")


def test_short_words_in_small_letters_are_no_message() -> None:
    assert recogniser().recognise("is the iommu enabled? iommu disabled\n").found == ()


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_no_line_in_other_letters_is_an_error(change: Callable[[str], str]) -> None:
    found = recogniser().recognise("\n".join(change(line) for _, line, _ in LINES)).found

    assert len({one.message.id for one in found}) > 100


def test_the_quarantine_is_named_in_small_letters_too() -> None:
    text = "(xen) [vt-d] it's disallowed to assign 0000:0a:00.0 with shared rmrr at 7ba77000 for d[io]."

    assert only(text, "xen-shared-rmrr-refused").names == names("0a:00.0", 0x7BA77000, domain=32753)


@pytest.mark.parametrize("blank", [" ", "\n"])
def test_pieces_of_text_are_found_across_the_parts_in_which_words_are_collected(
    blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dmaragent.messages.anchors._CHUNK", 4)
    search = AnchorSearch(["a long piece", "one", "long piece of it"])

    assert search.places(f"xxx{blank}a long piece{blank}of it one") == [
        (4, "a long piece"),
        *([(6, "long piece of it")] if blank == " " else []),
        (23, "one"),
    ]


def test_the_first_line_of_a_message_is_the_one_with_its_device() -> None:
    text = (
        "x\nvfio-pci 0000:0a:00.0: DMAR:\n"
        "Device is ineligible for IOMMU domain attach due to platform RMRR requirement."
    )

    found = only(text, "linux-rmrr-ineligible")

    assert (found.names, found.lines) == (names("0a:00.0"), (2,))
