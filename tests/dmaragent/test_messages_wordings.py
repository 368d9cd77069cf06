"""Every wording of every message: a line as it is printed, and what it names."""

import errno
import gettext
import os
import re
from pathlib import Path

import pytest

from dmaragent.checks.all_rules import RULES
from dmaragent.messages import MESSAGES, recogniser
from dmaragent.messages.cleaning import cleaned
from dmaragent.messages.errno_words import TRANSLATIONS
from dmaragent.messages.findings import FINDINGS, ON_AMD
from dmaragent.messages.model import Message, Names
from dmaragent.messages.numbers import ERRORS, error_number
from support.message_lines import LINES, PRINTED

BY_ID = {message.id: message for message in MESSAGES}


@pytest.mark.parametrize(
    ("message", "line", "named"), LINES, ids=[f"{one[0]}-{n}" for n, one in enumerate(LINES)]
)
def test_a_line_is_recognised_with_what_it_names(message: str, line: str, named: Names) -> None:
    found = recogniser().recognise(line).found

    assert [one.message.id for one in found] == [message]
    assert found[0].names == named
    assert (found[0].count, found[0].lines) == (1, (1,))


@pytest.mark.parametrize("message", MESSAGES, ids=[one.id for one in MESSAGES])
def test_every_wording_has_such_a_line(message: Message) -> None:
    stated = [(name, line) for name, line, _ in LINES]
    lines = [re.sub(" +", " ", line) for name, line in (*stated, *PRINTED) if name == message.id]

    unseen = [
        one.template.text
        for one in message.wordings
        if not any(one.template.pattern.search(line) for line in lines)
    ]
    assert unseen == []


@pytest.mark.parametrize(
    "line",
    [
        "",
        "DMAR: Host address width unknown",
        "Device is ineligible for IOMMU domain attach",
        "(XEN) [VT-D] It's disallowed to assign the device with shared RMRR",
        "DMAR: [DMA Write] Request device [00:1d.0] fault addr [fault reason 02]",
        "DMAR: [DMA Erase] Request device [00:1d.0] fault addr 1000 [fault reason 02]",
        "DMAR: [DMA Write] Request device [00:1d.9] fault addr 1000 [fault reason 02]",
        "assign (0000:08:00.0) failed (-1)",
        "group is not viable",
        "the plan is not viable",
        "RDM conflict at noon",
        "Unknown option - 'relax'",
        "page at 0x4d800 can't be converted",
        "IVMD: no flag field",
        "IVMD: [here, there] is not (entirely) in reserved memory",
        "AMD-Vi: IVHD is fine",
        "Xen BUG at iommu.c:1386",
        "the device has no root",
        "devid_start: 00:00.0 devid_end: nowhere",
        'parameter "console" has invalid value "maybe", rc=-22!',
        "No firmware reserved region can cover this RMRR [somewhere]",
        "Your BIOS is broken",
        "AMD-Vi: the IOMMU is not present",
        "Device 3 is already in use",
        "no such host device",
        "word: unknown type 5",
        "write '1' to /proc/sys/vm/drop_caches failed",
        "Could not set up quarantine",
        "IOMMU: add the device",
        "Failed to get device information status=0x1f",
        "failed to open /dev/vfio",
        "vfio_dma_map(somewhere)",
        "Kernel is locked down by hand",
        "Invalid PCI device: 03:00",
        "PCI add device eth0",
        "Unknown option - 'x'",
        "hostpci0: no device",
        "DMAR: RMRR base: end:",
    ],
)
def test_a_near_miss_is_not_recognised(line: str) -> None:
    assert recogniser().recognise(line).found == ()


QUOTED = sorted(
    {
        (rule.id, quoted)
        for rule in RULES
        for text in (rule.xen, rule.linux, rule.advice)
        for quoted in re.findall(r'"([A-Z][^"]* [^"]*)"', text)
    }
)


@pytest.mark.parametrize(
    ("rule", "quoted"), QUOTED, ids=[f"{one}-{said[:20]}" for one, said in QUOTED]
)
def test_a_message_that_check_quotes_is_known(rule: str, quoted: str) -> None:
    texts = [one.template.text for message in MESSAGES for one in message.wordings]
    pieces = [piece.strip() for piece in quoted.split("...")]

    recognised = recogniser().recognise(quoted).found
    assert recognised or any(all(piece in text for piece in pieces) for text in texts), rule


def test_errors_are_those_of_the_c_library() -> None:
    for number, (name, words) in ERRORS.items():
        assert errno.errorcode[number] == name or getattr(errno, name) == number
        assert os.strerror(number) == words


def test_the_meaning_of_an_error_is_under_its_number() -> None:
    for message in MESSAGES:
        on_amd = {} if message.on_amd is None else message.on_amd.by_error
        for number, text in (*message.by_error.items(), *on_amd.items()):
            assert text.startswith(f"{ERRORS[number][0]}:"), message.id


_MAP = "vfio_dma_map(0x55aa, 0x0, 0xa0000, 0x7f00)"


@pytest.mark.parametrize(
    ("line", "facts"),
    [
        (
            "EAL: 0000:0a:00.0 cannot add VFIO group to container, error 22 (Invalid argument)",
            ("EINVAL", "6.6 and later"),
        ),
        (
            "EAL: cannot set IOMMU type, error 1 (Operation not permitted)",
            ("EPERM", "before 6.6"),
        ),
        (
            "EAL: Cannot set up DMA remapping, error 22 (Invalid argument)",
            ("EINVAL", "iova-mode=pa"),
        ),
        (
            "EAL: Cannot set up DMA remapping, error 12 (Cannot allocate memory)",
            ("RLIMIT_MEMLOCK",),
        ),
        (f"{_MAP} = -22 (Invalid argument)", ("EINVAL", "reserved_regions")),
        (f"{_MAP} = -14 (Bad address)", ("EFAULT", "BAR")),
        (f"{_MAP} = -28 (No space left on device)", ("ENOSPC", "dma_entry_limit")),
        ("VFIO_MAP_DMA failed: Cannot allocate memory", ("ENOMEM", "RLIMIT_MEMLOCK")),
        ("Cannot update DMA mapping, error 12", ("ENOMEM", "RLIMIT_MEMLOCK")),
    ],
)
def test_an_error_means_what_the_call_of_its_message_returns(
    line: str, facts: tuple[str, ...]
) -> None:
    (found,) = recogniser().recognise(line).found

    assert found.names.error is not None
    assert [fact for fact in facts if fact not in found.message.by_error[found.names.error]] == []


def test_ids_are_unique_and_the_findings_are_of_known_messages() -> None:
    assert len(BY_ID) == len(MESSAGES)
    assert FINDINGS.keys() | ON_AMD.keys() <= BY_ID.keys()
    named = {one for ids in (*FINDINGS.values(), *ON_AMD.values()) for one in ids}
    assert named <= {rule.id for rule in RULES}


def test_every_message_says_what_it_means_what_to_do_and_where_it_comes_from() -> None:
    for message in MESSAGES:
        assert message.meaning.endswith("."), message.id
        assert message.advice.endswith(".") or message.advice.startswith(("sudo ", "dmaragent ")), (
            message.id
        )
        assert message.releases, message.id
        assert message.source, message.id
        assert not message.source.endswith("."), message.id


def test_no_two_wordings_are_the_same() -> None:
    texts = [one.template.text for message in MESSAGES for one in message.wordings]

    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("Die Operation ist nicht erlaubt", 1),
        ("Opération non permise", 1),
        ("명령을 허용하지 않음", 1),
        ("許可されていない操作です", 1),
        ("不允许的操作", 1),
        ("此項操作並不被允許", 1),
        ("Операция не позволена", 1),
        ("L\u2019operació no és permesa", 1),
        ("İşleme izin verilmedi", 1),
        ("Das Argument ist ungültig", 22),
        ("Недопустимый аргумент", 22),
        ("无效的参数", 22),
        ("잘못된 인수", None),
        ("Périphérique ou ressource occupé", 16),
        ("デバイスもしくはリソースがビジー状態です", 16),
        ("Resource busy", 16),
        ("EBUSY", 16),
        ("operation not permitted", 1),
        ("Aucun périphérique de ce type", 19),
        ("No such device", 19),
        ("No such device or address", 6),
        ("No existe el dispositivo o la dirección", 6),
        ("没有那个设备或地址", 6),
    ],
)
def test_an_error_is_read_in_the_languages_of_the_c_library(words: str, number: int | None) -> None:
    line = f"vfio 0000:01:00.0: failed to setup container for group 7: Failed to set iommu for container: {words}"

    (found,) = recogniser().recognise(line).found

    assert found.message.id == "qemu-container-refused"
    assert found.names.error == number


def test_every_translation_of_this_machines_c_library_is_read() -> None:
    files = sorted(Path("/usr/share/locale").glob("*/LC_MESSAGES/libc.mo"))
    if not files:
        pytest.skip("no translations of the C library here (Debian: libc-l10n)")
    for path in files:
        with path.open("rb") as file:
            translations = gettext.GNUTranslations(file)
        for number, (_, words) in ERRORS.items():
            assert error_number(cleaned(translations.gettext(words))) == number, path


def test_no_words_stand_for_two_errors() -> None:
    by_words: dict[str, set[int]] = {}
    for number, text in TRANSLATIONS.items():
        for words in text.split(";"):
            by_words.setdefault(" ".join(words.split()).casefold(), set()).add(number)

    assert [words for words, numbers in by_words.items() if len(numbers) > 1] == []


def test_the_words_of_each_error_are_read_in_each_language() -> None:
    line = "libxl: error: libxl_pci.c:700:sysfs_write_bdf: write to /sys/x returned -1: {}"
    unread = []
    for number, text in TRANSLATIONS.items():
        for words in map(" ".join, map(str.split, text.split(";"))):
            found = recogniser().recognise(line.format(words)).found
            if [one.names.error for one in found] != [number]:
                unread.append((number, words))

    assert unread == []
