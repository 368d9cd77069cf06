"""Tables in text and packed files, as verbs meet them: decoded, told what from, or refused."""

import bz2
import gzip
import io
import lzma
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dmaragent.collect.words.tables import FORMS
from fwtables.text.forms import TextForm
from support.cli import run
from support.machines import MACHINES
from support.renderings import RENDERINGS, SURROUNDINGS, hexdump_c, xxd
from support.tables import EVERY_STRUCTURE, drhd, rmrr, scope, table
from support.wording import Worded

Capture = pytest.CaptureFixture[str]
HP = MACHINES / "hp-dl380e-gen8"
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
REGION = table(
    drhd(0xFED90000, scope(1, 0, (0x14, 0)), flags=1),
    rmrr(0x398DA000, 0x39B23FFF, scope(1, 0, (0x14, 0))),
)
LOG = (
    b"vfio-pci 0000:0a:00.0: Device is ineligible for IOMMU domain attach due to platform RMRR "
    b"requirement.  Contact your platform vendor.\n"
)


def test_each_form_of_text_has_its_words() -> None:
    assert set(FORMS) == {form.value for form in TextForm}


@pytest.mark.parametrize("verb", [["inventory"], ["check"], ["explain", "00:14.0"]], ids=str)
@pytest.mark.parametrize("rendering", ["hexdump -C", "od -x", "xxd -p", "iasl", "base64"])
def test_every_verb_answers_of_a_text_as_of_the_table(
    verb: list[str], rendering: str, tmp_path: Path, capsys: Capture
) -> None:
    plain, text = tmp_path / "DMAR.bin", tmp_path / "paste.txt"
    plain.write_bytes(REGION)
    text.write_bytes(SURROUNDINGS["with text around"](RENDERINGS[rendering](REGION)))

    expected = run(capsys, *verb, "--json", "--host", plain).document
    ran = run(capsys, *verb, "--json", "--host", text)

    assert ran.document["answer"] == expected["answer"]
    assert ran.err.startswith("Read from ")
    assert ", lines " in ran.err


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_decode_names_what_it_read_in_text_and_json(
    rendering: str, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "paste"
    path.write_text(RENDERINGS[rendering](EVERY_STRUCTURE))

    ran = run(capsys, "decode", path)
    document = run(capsys, "decode", path, "--json").document

    (entry,) = document["answer"]["tables"]
    assert ran.code == 0
    assert entry["source"]["form"] not in ("table", "host")
    assert max(map(len, ran.out.splitlines())) <= 80
    assert rendering == "acpidump" or ran.out.startswith("Read from ")


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("content", [REGION, hexdump_c(REGION).encode()], ids=["table", "text"])
def test_a_packed_table_is_read_from_a_file_and_from_a_pipe(
    packing: str, content: bytes, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "packed"
    path.write_bytes(PACKERS[packing](content))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))

    ran = run(capsys, "decode", path)
    piped = run(capsys, "decode", "-")
    host = run(capsys, "inventory", "--host", path)

    assert (ran.code, piped.code, host.code) == (0, 0, 0)
    assert ran.out == piped.out
    assert f"{packing} data." in ran.out.partition("\n")[0]
    assert "0x398da000-0x39b23fff" in ran.out
    assert "0x398da000-0x39b23fff" in host.out


def test_zstd_is_read_by_its_own_command(
    tmp_path: Path, capsys: Capture, require: Callable[[str], None], worded: Worded
) -> None:
    require("zstd")
    path = tmp_path / "DMAR.zst"
    done = subprocess.run(["zstd", "-cq"], input=REGION, capture_output=True, check=True)
    path.write_bytes(done.stdout)

    ran = run(capsys, "decode", path)
    path.write_bytes(done.stdout[:-6])
    cut = run(capsys, "decode", path)

    assert ran.code == 0
    worded(ran.out.partition("\n")[0])
    assert cut.code in (1, 2)
    worded(cut.out + cut.err)


def test_streams_one_after_the_other_are_one_file(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "DMAR.gz"
    path.write_bytes(gzip.compress(REGION[:50]) + gzip.compress(REGION[50:]) + bytes(512))

    assert run(capsys, "decode", path).code == 0


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(REGION) + b"more",
        gzip.compress(REGION)[:-9],
    ],
    ids=["trailing", "cut"],
)
def test_what_a_damaged_packed_file_gave_is_decoded_and_the_damage_told(
    data: bytes, tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "DMAR.gz"
    path.write_bytes(data)

    ran = run(capsys, "decode", path)

    assert ran.code == 1
    worded(ran.out)
    assert "DMAR  length" in ran.out


def test_a_bomb_is_given_up(tmp_path: Path, capsys: Capture, worded: Worded) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(70 << 20)))

    for words in (["decode", path], ["why", path], ["inventory", "--host", path]):
        ran = run(capsys, *words)

        assert ran.code == 2
        worded(ran.err, "64")


@pytest.mark.parametrize("packing", PACKERS)
def test_a_packed_log_is_explained_from_a_file_and_from_a_pipe(
    packing: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kern.log.2"
    path.write_bytes(PACKERS[packing](LOG))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))

    ran = run(capsys, "why", path, "--host", HP, "--json")
    piped = run(capsys, "why", "-", "--host", HP, "--json")

    assert (ran.code, piped.code) == (0, 0)
    assert ran.document["answer"] == piped.document["answer"] | {"source": "file"}
    assert piped.document["answer"]["source"] == "standard-input"


def test_a_log_of_powershell_is_read(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(LOG.decode().encode("utf-16"))

    assert run(capsys, "why", path, "--host", HP).code == 0


def test_a_log_that_was_cut_is_explained_as_far_as_it_goes(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "kern.log.gz"
    path.write_bytes(gzip.compress(LOG * 2000)[:-30])

    ran = run(capsys, "why", path, "--host", HP)

    assert ran.code == 0
    worded(ran.err)


def test_a_text_that_is_no_table_is_refused_in_a_line(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "passwd"
    path.write_text("root:x:0:0:root:/root:/bin/bash\n" * 40)

    ran = run(capsys, "decode", path)
    host = run(capsys, "inventory", "--host", path)

    assert (ran.code, ran.out) == (host.code, host.out) == (2, "")
    worded(ran.err, path)
    for err in (ran.err, host.err):  # an error and what to do, each wrapped
        assert [line.split(":")[0] for line in err.splitlines() if line[0] != " "] == [
            "dmaragent",
            "Next",
        ]


def test_a_text_that_only_iasl_can_compile_is_refused_with_the_command(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "D MAR.dsl"
    path.write_text('[0004]   Signature : "DMAR"    [DMA Remapping table]\n')

    ran = run(capsys, "inventory", "--host", path)

    assert ran.code == 2
    assert f"iasl '{path}'" in " ".join(ran.err.split())


def test_a_dump_that_was_cut_is_decoded_and_says_how_much_it_held(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "cut"
    path.write_text("".join(xxd(EVERY_STRUCTURE).splitlines(keepends=True)[:10]))

    ran = run(capsys, "decode", path)
    host = run(capsys, "inventory", "--host", path)

    assert ran.code == 1
    worded(ran.out, "258", "160")
    worded(host.err, "258", "160")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"070702" + b"0" * 104, "cpio"),
        (gzip.compress(b"070701" + b"0" * 104), "cpio, packed with gzip"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(30), "7z"),
        (b"Rar!\x1a\x07\x01\x00", "RAR"),
        (bytes(0x8001) + b"CD001" + bytes(4096), "ISO 9660"),
        (b"\xed\xab\xee\xdb" + bytes(100), "rpm"),
        (b"!<arch>\ndebian-binary   ", "deb"),
        (b"hsqs" + bytes(100), "squashfs"),
    ],
    ids=["cpio", "cpio.gz", "7z", "rar", "iso", "rpm", "deb", "squashfs"],
)
def test_a_sound_file_of_a_format_that_is_not_read_is_not_called_damaged(
    data: bytes, words: str, tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "given"
    path.write_bytes(data)

    for verb in (["inventory", "--host"], ["decode"], ["why"], ["resolve"]):
        ran = run(capsys, *verb, path)

        assert ran.code == 2
        worded(ran.err, words)
        assert "damaged" not in ran.err
        assert str(path) in ran.err.partition("\nNext: ")[2]


def test_a_qubes_report_is_said_to_hold_no_table(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    name = b"./qubes-release\0"
    header = b"070702" + b"%08x" * 13 % (*(0,) * 6, 4, 0, 0, 0, 0, len(name), 0)
    path = tmp_path / "Qubes-HCL.cpio.gz"
    path.write_bytes(gzip.compress(header + name + b"\0\0R4.2"))

    ran = run(capsys, "inventory", "--host", path)

    assert ran.code == 2
    worded(ran.err)
    assert "RMAD" in ran.err


def test_check_blames_no_firmware_for_a_text_that_was_damaged(
    tmp_path: Path, capsys: Capture
) -> None:
    lines = hexdump_c(EVERY_STRUCTURE).splitlines(keepends=True)
    del lines[4]
    (tmp_path / "pasted.txt").write_text("".join(lines))

    done = run(capsys, "check", "--host", str(tmp_path / "pasted.txt"))

    assert (done.code, done.out) == (2, "")
    assert "line 5: " in done.err


def test_what_follows_a_packed_part_without_a_table_is_told(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    packed = gzip.compress(b"notes\n") + lzma.compress(hexdump_c(EVERY_STRUCTURE).encode())
    (tmp_path / "mixed.gz").write_bytes(packed)

    done = run(capsys, "decode", str(tmp_path / "mixed.gz"))

    assert done.code == 2
    worded(done.err)


def test_a_long_damage_is_wrapped(tmp_path: Path, capsys: Capture, worded: Worded) -> None:
    packed = gzip.compress(hexdump_c(EVERY_STRUCTURE).encode())
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) * 2 // 3])

    done = run(capsys, "decode", str(tmp_path / "cut.gz"))

    worded(re.sub(r"after \d+ bytes", "after N bytes", done.out))
    assert max(map(len, done.out.splitlines())) <= 80
