"""Folders and archives of ACPI tables: told by content, one is the host, several are named."""

import gzip
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.formats.disk_tree import DiskTree
from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.open_host import open_host
from dmaragent.collect.open_tree import DIRECTORY, find_host, is_directory_host
from dmaragent.collect.table_inputs import read_tables
from dmaragent.collect.tables.files import LARGEST_TEXT_TABLE, is_other_table, may_hold_tables
from dmaragent.errors import HostError
from dmaragent.readings import HostSnapshot, Missing, MissingKind
from support.bundles import PACKERS, machine_files, tar_of, zip_of
from support.cli import run
from support.collectors import ACPIDUMP, DMAR, REPORTS, write_files
from support.tables import dump, rmrr, scope, table
from support.wording import Worded

OTHER = table(rmrr(0x7D000000, 0x7D0FFFFF, scope(1, 0, (2, 0))))
APIC = b"APIC\x2c\0\0\0\1" + bytes(35)
Opened = Callable[[Path, dict[str, bytes]], HostSnapshot]


def _folder(place: Path, files: dict[str, bytes]) -> Path:
    return write_files(place / "given", files)


def _tar(place: Path, files: dict[str, bytes]) -> Path:
    (place / "given.tar.xz").write_bytes(PACKERS["tar.xz"](tar_of(files, "")))
    return place / "given.tar.xz"


def _zip(place: Path, files: dict[str, bytes]) -> Path:
    (place / "given.zip").write_bytes(zip_of(files, "top"))
    return place / "given.zip"


GIVEN = [_folder, _tar, _zip]
Given = Callable[[Path, dict[str, bytes]], Path]


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize(
    "files",
    [
        {"acpi/dmar.dat": DMAR, "acpi/apic.dat": APIC},
        {"SysReport/ACPI/DMAR-1.aml": DMAR, "SysReport/PCI/PCIInfo.txt": b"x"},
        {"RMAD": b"RMAD" + DMAR[4:]},
        {
            "a/b/c/anything.bin": DMAR,
            "notes.txt": b"DMAR: is text, with more than a header in it\n",
        },
        {"one.dat": DMAR, "copy/two.aml": DMAR},
        {"one.dat": DMAR, "whole/acpidump": ACPIDUMP},
        {"x/tables.txt": ACPIDUMP},
        {"x/dmar.hex": DMAR.hex(" ").encode(), "x/facp.hex": b"46 41 43 50 00"},
        {"DMAR.dat.gz": PACKERS["tar.gz"](DMAR), "notes.txt": b"x"},
        {"acpidump.txt.xz": PACKERS["tar.xz"](ACPIDUMP), "y/z": b"x"},
        {"root/dmar.dat": DMAR},
        {"x/root/dmar.dat": DMAR, "x/root/apic.dat": APIC},
        {"calls/dmar.dat": DMAR, "calls/notes.txt": b"x"},
    ],
    ids=[
        "dat",
        "SysReport",
        "RMAD",
        "deep",
        "the same twice",
        "bytes and text",
        "acpidump",
        "hex",
        "gzip",
        "xz",
        "root's folder",
        "root's folder below another",
        "a folder called calls",
    ],
)
def test_one_table_is_the_host_wherever_it_lies(
    given: Given, files: dict[str, bytes], tmp_path: Path
) -> None:
    snapshot = collect(open_host(str(given(tmp_path, files))).reader)

    assert [each.content for each in snapshot.tables] in ([DMAR], [b"RMAD" + DMAR[4:]])
    assert snapshot.sources


@pytest.mark.parametrize("given", GIVEN)
def test_of_several_tables_each_is_named_and_how_to_give_one(given: Given, tmp_path: Path) -> None:
    path = given(tmp_path, {"a/dmar.dat": DMAR, "b/dmar.dat": OTHER, "b/apic.dat": APIC})

    with pytest.raises(
        HostError, match=r"contains 2 tables of IOMMUs: '.*a/dmar.dat', '.*b/dmar.dat'"
    ) as no:
        open_host(str(path))

    assert no.value.hint.endswith("a/dmar.dat")


def test_the_command_that_the_refusal_offers_works(tmp_path: Path) -> None:
    path = _folder(tmp_path, {"a/dmar.dat": DMAR, "b/dmar.dat": OTHER})

    with pytest.raises(HostError) as no:
        open_host(str(path))

    found = collect(open_host(no.value.hint.partition("--host ")[2]).reader)
    assert found.tables[0].content == DMAR


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize(
    ("files", "said", "hint"),
    [
        ({"apic.dat": APIC}, r"ACPI tables \('APIC'\), but no DMAR", "acpidump"),
        ({"notes.txt": b"x"}, "manifest.json, sys/, acpidump.out, DMAR or IVRS table", "report"),
        ({"short.bin": DMAR[:40]}, "is not a host", "report"),
    ],
    ids=["another table", "no table", "cut"],
)
def test_a_refusal_says_what_is_there_and_what_counts(
    given: Given, files: dict[str, bytes], said: str, hint: str, tmp_path: Path
) -> None:
    with pytest.raises(HostError, match=said) as no:
        open_host(str(given(tmp_path, files)))

    assert hint in no.value.hint


@pytest.mark.parametrize("given", GIVEN)
def test_a_text_is_too_large_wherever_it_lies(given: Given, tmp_path: Path) -> None:
    """Its heading is not in the part that shows that a file is text of acpidump."""
    large = b"# comment\n" * ((LARGEST_TEXT_TABLE - len(ACPIDUMP)) // 10) + ACPIDUMP

    opened = open_host(str(given(tmp_path, {"x/acpi_tables.txt": large})))
    assert collect(opened.reader).tables[0].content == DMAR
    with pytest.raises(HostError, match="is not a host"):
        open_host(str(given(tmp_path, {"x/acpi_tables.txt": large + b"#" * 20})))


@pytest.mark.parametrize("given", [_folder, _tar])
def test_many_files_before_a_copied_root_do_not_hide_it(given: Given, tmp_path: Path) -> None:
    files = {f"a{number:02}": b"x" for number in range(70)}
    files |= {f"b{number:02}/x": b"x" for number in range(60)}
    place = "z/sys/bus/pci/devices/0000:00:02.0"
    files |= {f"{place}/{name}": b"0x8086\n" for name in ("vendor", "device", "class")}

    snapshot = collect(open_host(str(given(tmp_path, files))).reader)

    assert not isinstance(snapshot.pci, Missing)
    assert [function.name for function in snapshot.pci] == ["0000:00:02.0"]


def test_a_recorded_machine_without_its_manifest_is_still_refused(tmp_path: Path) -> None:
    files = {"root/dmar.dat": DMAR, "calls/udev-pci": b"[]"}

    with pytest.raises(HostError, match=r"manifest\.json"):
        open_host(str(_tar(tmp_path, files)))


def test_a_table_beside_the_files_of_a_bundle_is_refused(tmp_path: Path) -> None:
    """It is compared with the manifest, which does not name it."""
    files = {**machine_files("synthetic-overlap"), "root/dmar.dat": DMAR}

    with pytest.raises(HostError, match=r"root/dmar\.dat"):
        open_host(str(_tar(tmp_path, files)))


@pytest.mark.parametrize("name", ["sub/sos_commands", "sos_commands/plugin"])
def test_a_link_out_of_a_folder_of_tables_does_not_stop_decode(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _folder(tmp_path, {"dmar.dat": DMAR})
    (folder / name).parent.mkdir()
    (folder / name).symlink_to("/usr")

    ran = run(capsys, "decode", folder)

    assert f"{folder}/dmar.dat" in ran.out
    assert "a link to a folder, not followed" in ran.out + ran.err


def test_a_dump_of_all_tables_without_a_table_of_iommus_says_that_it_is_absent(
    tmp_path: Path,
) -> None:
    tables = {"FACP": bytes(60), "APIC": bytes(40), "SSDT": bytes(44)}
    text = "".join(dump(name.encode() + body, name) for name, body in tables.items())

    snapshot = collect(open_host(str(_folder(tmp_path, {"x/dump.txt": text.encode()}))).reader)

    assert snapshot.acpi_tables == ("APIC", "FACP", "SSDT")
    assert snapshot.tables == ()


def test_a_folder_of_tables_is_walked_by_decode_as_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _folder(tmp_path, {"dmar.dat": DMAR, "apic.dat": APIC, "dmesg.txt": b"x"})

    assert not is_directory_host(str(folder))
    assert "1 sound table" in run(capsys, "decode", folder).out


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize("end", PACKERS)
@pytest.mark.parametrize("name", ["DMAR", "DMAR.bin"])
def test_a_tar_whose_first_file_is_called_like_a_table_is_a_tar(
    name: str, end: str, form: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_bytes(PACKERS[end](tar_of({name: DMAR, "notes": b""}, "", form=form)))

    assert collect(open_host(str(tmp_path / "x")).reader).tables[0].content == DMAR
    (decoded,) = read_tables(str(tmp_path / "x"), named=True).tables
    assert (decoded.form, decoded.data) == ("host", DMAR)
    with (tmp_path / "x").open() as given:
        monkeypatch.setattr("sys.stdin", given)
        assert "archive" in read_tables("-", named=True).error


def test_an_archive_alone_in_an_archive_is_read(tmp_path: Path) -> None:
    inner = PACKERS["tar.xz"](tar_of(REPORTS["sos"], "sosreport-1"))
    for path in (_zip(tmp_path, {"sos.tar.xz": inner}), _tar(tmp_path, {"case/sos.tar.xz": inner})):
        assert collect(open_host(str(path)).reader).tables[0].content == DMAR


def test_an_archive_in_an_archive_in_an_archive_is_not(tmp_path: Path, worded: Worded) -> None:
    inner = tar_of({"b.tar": tar_of(REPORTS["sos"], "")}, "")

    with pytest.raises(HostError) as refused:
        open_host(str(_zip(tmp_path, {"a.tar": inner})))
    worded(str(refused.value))


def test_a_bundle_in_a_zip_is_checked_as_a_bundle(tmp_path: Path, worded: Worded) -> None:
    files = machine_files("lenovo-laptop")
    changed = next(name for name in files if name.startswith("root/sys/"))
    good, bad = tar_of(files), tar_of({**files, changed: b"changed"})

    assert open_host(str(_zip(tmp_path, {"bundle.tar": good}))).kind == "bundle"
    with pytest.raises(HostError) as refused:
        open_host(str(_zip(tmp_path, {"bundle.tar": bad})))
    worded(str(refused.value))


def test_a_recording_one_level_down_is_opened_and_of_two_each_is_named(
    tmp_path: Path, worded: Worded
) -> None:
    one = write_files(tmp_path / "given" / "one", machine_files("lenovo-laptop"))

    assert open_host(str(one.parent)).kind == "recorded"

    write_files(tmp_path / "given" / "two", REPORTS["sos"])
    with pytest.raises(HostError) as refused:
        open_host(str(one.parent))
    worded(str(refused.value))


def test_links_in_a_folder_are_not_followed(tmp_path: Path, worded: Worded) -> None:
    outside = write_files(tmp_path / "outside", {"dmar.dat": DMAR})
    folder = write_files(tmp_path / "given", {"x": b""})
    (folder / "dmar.dat").symlink_to(outside / "dmar.dat")
    (folder / "down").symlink_to(outside)

    with pytest.raises(HostError) as refused:
        open_host(str(folder))
    worded(str(refused.value))


def test_a_folder_with_an_archive_says_which_to_give(tmp_path: Path, worded: Worded) -> None:
    packed = _tar(tmp_path, REPORTS["sos"])

    with pytest.raises(HostError) as no:
        open_host(str(tmp_path))

    worded(no.value.hint, packed)


class _Denied(DiskTree):
    """A folder whose files only root may read."""

    def read(self, path: str, request: HostRequest) -> bytes | Missing:
        return Missing(MissingKind.DENIED, f"{path} {request.path}")


def test_a_table_that_may_not_be_read_needs_root(tmp_path: Path, worded: Worded) -> None:
    folder = _folder(tmp_path, {"tables/DMAR": DMAR})

    with pytest.raises(HostError) as no:
        find_host(_Denied(str(folder)), "given", [], str)
    worded(str(no.value), "/DMAR")

    assert "sudo" in no.value.hint


def test_a_folder_of_too_many_files_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    monkeypatch.setattr("dmaragent.collect.tables.files.MOST_FILES", 3)
    folder = _folder(tmp_path, {f"{number}.bin": b"x" for number in range(4)} | {"0.dat": DMAR})

    with pytest.raises(HostError) as refused:
        open_host(str(folder))
    worded(str(refused.value))


@pytest.mark.parametrize("given", GIVEN)
def test_a_host_in_directories_that_are_each_alone_is_found(given: Given, tmp_path: Path) -> None:
    files = {f"case 12/x/sosreport/{name}": content for name, content in REPORTS["sos"].items()}

    snapshot = collect(open_host(str(given(tmp_path, files))).reader)

    assert snapshot.tables[0].content == DMAR
    assert dict(snapshot.system.dmi)["product_name"] == b"PowerEdge R820\n"


def test_a_report_beside_its_table_is_one_host(tmp_path: Path) -> None:
    files = {f"report/{name}": content for name, content in REPORTS["apport"].items()}
    del files["report/acpidump.txt"]
    folder = _folder(tmp_path, {**files, "tables/dmar.dat": DMAR})

    opened = open_host(str(folder))
    snapshot = collect(opened.reader)

    assert opened.kind == DIRECTORY
    assert snapshot.tables[0].content == DMAR
    assert dict(snapshot.system.dmi)["product_name"] == b"PowerEdge R820\n"


def test_a_text_that_begins_like_a_table_is_none() -> None:
    assert may_hold_tables(DMAR, len(DMAR))
    assert may_hold_tables(ACPIDUMP[:4096], len(ACPIDUMP))
    assert not may_hold_tables(b"DMAR: [Firmware Bug]: No firmware reserved region", 49)
    assert not may_hold_tables(DMAR, 1 << 25)
    assert not may_hold_tables(b"log @ 0x10\n", 11)


@pytest.mark.parametrize("given", GIVEN)
def test_a_dump_of_one_table_is_found_whatever_its_name(given: Given, tmp_path: Path) -> None:
    opened = collect(open_host(str(given(tmp_path, {"x.txt": dump(DMAR).encode()}))).reader)

    assert [each.content for each in opened.tables] == [DMAR]


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("name", ["x/dmar.txt", "acpidump.out"])
def test_a_damaged_text_in_a_folder_is_an_error_with_its_line(
    given: Given, name: str, tmp_path: Path
) -> None:
    lines = dump(DMAR).splitlines(keepends=True)
    del lines[2]

    path = str(given(tmp_path, {name: "".join(lines).encode()}))

    with pytest.raises(HostError, match=r"damaged: line 3: ") as raised:
        open_host(path)

    assert raised.value.message.startswith(f"{path}: ")
    assert name.rpartition("/")[2] in raised.value.message


FACP = b"FACP" + (64).to_bytes(4, "little") + b"\6\0" + bytes(54)
SSDT = b"SSDT" + (96).to_bytes(4, "little") + b"\2\0" + bytes(86)
RSDP = b"RSD PTR " + bytes(28)
WITHOUT_IOMMU = "".join(
    dump(data, name)
    for name, data in {"RSDP": RSDP, "FACP": FACP, "APIC": APIC, "SSDT": SSDT}.items()
)
"""acpidump text of a host without a table of IOMMUs."""
CUT = WITHOUT_IOMMU[:-160]
"""The same, cut off within its last table: a DMAR may have followed."""


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("name", ["acpidump.out", "x/acpidump.txt.xz"])
@pytest.mark.parametrize("text", [WITHOUT_IOMMU, CUT])
def test_only_a_whole_dump_proves_that_a_table_is_absent(
    given: Given, name: str, text: str, tmp_path: Path
) -> None:
    content = text.encode()
    packed = PACKERS["tar.xz"](content) if name.endswith(".xz") else content
    report = {"dmesg": b"[0.0] Linux version 6.1.0\n[0.1] DMAR: x\n", name: packed}

    names = collect(open_host(str(given(tmp_path, report))).reader).acpi_tables

    if text == WITHOUT_IOMMU:
        assert not isinstance(names, Missing)
        assert "FACP" in names
    else:
        assert isinstance(names, Missing)
        assert names.kind is MissingKind.NOT_COLLECTED
        assert ("acpidump.out' is damaged: line " in names.detail) == (name == "acpidump.out")


@pytest.mark.parametrize("given", GIVEN)
def test_a_packed_dump_that_is_cut_proves_nothing(given: Given, tmp_path: Path) -> None:
    rest = "".join(f"# {sha256(bytes([at])).hexdigest()}\n" for at in range(250))
    packed = gzip.compress(f"{WITHOUT_IOMMU}\n{rest}".encode(), mtime=0)
    report = {
        "dmesg": b"[0.0] Linux version 6.1.0\n[0.1] DMAR: x\n",
        "x/acpidump.txt.gz": packed[:-200],
    }

    names = collect(open_host(str(given(tmp_path, report))).reader).acpi_tables

    assert isinstance(names, Missing)
    assert names.kind is MissingKind.NOT_COLLECTED


def test_a_table_that_was_copied_empty_is_no_damaged_firmware(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], worded: Worded
) -> None:
    host = _folder(tmp_path, {"sys/firmware/acpi/tables/DMAR": b"", "sys/bus/pci/devices/x": b""})

    done = run(capsys, "check", "--host", str(host))

    assert (done.code, done.out) == (2, "")
    worded(done.err)


def test_acpidump_beside_a_table_that_was_copied_empty_is_read(tmp_path: Path) -> None:
    files = {"sys/firmware/acpi/tables/DMAR": b"", "acpidump.out": ACPIDUMP}

    opened = collect(open_host(str(_folder(tmp_path, files))).reader)

    assert [each.content for each in opened.tables] == [DMAR]


@pytest.mark.parametrize(
    ("head", "other"),
    [
        (b"FACP\x14\x01\0\0\x06", True),
        (b"FACP\x14\x01\0\0\x0f", True),
        (b"FACP\x14\x01\0\0\x10", False),
        (b"FACP\x14\x01\0\0\0", False),
        (b"FACP\x14\x01\0\x01\x06", False),
        (b"DMAR\x14\x01\0\0\x01", False),
    ],
)
def test_another_table_has_a_short_length_and_a_revision(head: bytes, *, other: bool) -> None:
    assert is_other_table(head + bytes(36 - len(head))) is other
    assert not is_other_table(head + bytes(35 - len(head)))
