"""Recordings: what is kept, what is checked when it is read, and what a copy cannot say."""

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import pytest

from dmaragent.collect import ledger
from dmaragent.collect.collect import collect
from dmaragent.collect.formats.tree import PackedTree
from dmaragent.collect.ledger import HostRequest, Operation
from dmaragent.collect.live.host import LiveHost
from dmaragent.collect.open_host import open_host
from dmaragent.collect.reader import read_file
from dmaragent.collect.recorded import manifest
from dmaragent.collect.recorded.host import DirectoryHost
from dmaragent.collect.recorded.recording import Recorder, record, write_files
from dmaragent.errors import HostError
from dmaragent.readings import Missing, MissingKind
from support.hosts import FakeHost, Function, fake_host
from support.tables import rmrr, scope, table
from support.wording import Worded

DATA = table(rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1D, 0))))
FUNCTIONS = [
    Function(sbdf="0000:00:1d.0", driver="ehci-pci"),
    Function(sbdf="0000:00:1e.0", class_code=0x060400, secondary_bus=3),
]


def _host() -> FakeHost:
    host = fake_host(FUNCTIONS, {"DMAR": DATA})
    base = "/sys/devices/pci0000:00/0000:00:1d.0"
    host.files[f"{base}/vendor"] = Missing(MissingKind.FAILED, "Input/output error")
    host.files[f"{base}/device"] = Missing(MissingKind.DENIED, "Permission denied")
    host.directories[ledger.IOMMU_GROUPS.path] = Missing(MissingKind.DENIED, "Permission denied")
    return host


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Give a recording of a host with readings of every outcome."""
    write_files(record(_host())[1], str(tmp_path / "machine"))
    return tmp_path / "machine"


def test_a_recording_gives_the_snapshot_it_was_made_with(recording: Path) -> None:
    assert collect(open_host(str(recording)).reader) == collect(_host())


def test_a_recording_of_a_recording_is_the_same_bytes(recording: Path) -> None:
    again = record(open_host(str(recording)).reader)[1]

    assert again == record(_host())[1]
    kept = {
        str(path.relative_to(recording)): path.read_bytes()
        for path in recording.rglob("*")
        if path.is_file()
    }
    assert kept == again


def test_what_was_never_asked_was_not_collected(recording: Path) -> None:
    reader = open_host(str(recording)).reader
    other = ledger.PCI_CLASS.request("/sys/devices/pci0000:00/0000:00:05.0")

    assert reader.read(other) == Missing(MissingKind.NOT_COLLECTED)
    assert reader.list(other) == Missing(MissingKind.NOT_COLLECTED)


def test_a_list_that_was_denied_is_denied(recording: Path) -> None:
    reader = open_host(str(recording)).reader

    denied = Missing(MissingKind.DENIED, "Permission denied")
    assert reader.list(ledger.IOMMU_GROUPS.request()) == denied


def test_a_recording_is_never_written_over_another(recording: Path) -> None:
    with pytest.raises(FileExistsError):
        write_files({"root/x": b"other"}, str(recording))

    assert not (recording / "root/x").exists()


def test_what_is_closed_in_a_copy_is_denied_and_not_uncollected() -> None:
    denied = Missing(MissingKind.DENIED, "Permission denied")
    tree = create_autospec(PackedTree, instance=True)
    tree.read.return_value = tree.list.return_value = denied
    copy = DirectoryHost(tree)

    assert copy.read(ledger.COMMAND_LINE.request()) == denied
    assert copy.list(ledger.IOMMU_GROUPS.request()) == denied


def test_changed_bytes_are_refused(recording: Path) -> None:
    (recording / "root/sys/firmware/acpi/tables/DMAR").write_bytes(DATA[:-1])

    with pytest.raises(HostError, match="differs from the manifest"):
        collect(open_host(str(recording)).reader)


def test_bytes_that_are_gone_are_refused(recording: Path, worded: Worded) -> None:
    (recording / "calls/udev-pci").unlink()

    with pytest.raises(HostError) as caught:
        collect(open_host(str(recording)).reader)
    worded(str(caught.value))
    worded(caught.value.hint)


def _rewrite(recording: Path, **changes: Any) -> None:
    path = recording / "manifest.json"
    document = json.loads(path.read_text())
    document.update(changes)
    path.write_text(json.dumps(document))


READING = {"operation": "read", "path": "/sys/x", "outcome": "absent"}
LIST = {"operation": "list", "outcome": "value"}


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "other"},
        {"version": 2},
        {"readings": None},
        {"readings": [3]},
        {"readings": [READING | {"operation": "write"}]},
        {"readings": [READING | {"outcome": "maybe"}]},
        {"readings": [READING | {"outcome": "value"}]},
        {"readings": [READING | {"path": "/sys/../../etc/shadow"}]},
        {"readings": [READING | {"path": "etc/shadow"}]},
        {"readings": [READING | {"path": "/sys//x"}]},
        {"readings": [READING | {"path": "/sys/\0x"}]},
        {"readings": [READING | {"path": "/sys/\ud800"}]},
        {"readings": [{**READING, **LIST, "entries": ["0000:00:02.0", "a\ud800"]}]},
        {"readings": [READING | {"path": 3}]},
        {"readings": [READING | {"operation": "call", "path": "../x"}]},
        {"readings": [READING, READING]},
    ],
)
def test_a_manifest_that_is_wrong_is_refused_with_its_place(
    recording: Path, changes: dict[str, Any], worded: Worded
) -> None:
    _rewrite(recording, **changes)

    with pytest.raises(HostError) as refused:
        open_host(str(recording))
    worded(str(refused.value))


def test_a_name_that_is_not_utf_8_is_a_name() -> None:
    """Bytes that are not UTF-8 are halves of surrogate pairs too, of another kind."""
    reading = {**READING, **LIST, "path": "/sys/\udc80", "entries": ["\udcff", "\u00e9"]}
    log = {"format": manifest.FORMAT, "version": manifest.VERSION, "readings": [reading]}

    (loaded,) = manifest.load_manifest(json.dumps(log).encode(), "x").values()

    assert (loaded.path, loaded.entries) == ("/sys/\udc80", ("\udcff", "\u00e9"))


def test_a_manifest_that_is_no_json_is_refused(recording: Path, worded: Worded) -> None:
    (recording / manifest.NAME).write_text("{")

    with pytest.raises(HostError) as refused:
        open_host(str(recording))
    worded(str(refused.value))


def test_a_link_out_of_a_recording_is_not_followed(
    recording: Path, tmp_path: Path, worded: Worded
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(DATA)
    kept = recording / "root/sys/firmware/acpi/tables/DMAR"
    kept.unlink()
    kept.symlink_to(secret)

    with pytest.raises(HostError) as refused:
        collect(open_host(str(recording)).reader)
    worded(str(refused.value))


def _tree(root: Path) -> None:
    tables = root / "sys/firmware/acpi/tables"
    tables.mkdir(parents=True)
    (tables / "DMAR").write_bytes(DATA)
    real = root / "sys/devices/pci0000:00/0000:00:1d.0"
    real.mkdir(parents=True)
    for name, content in (("class", "0x0c0320\n"), ("vendor", "0x8086\n"), ("device", "0x1d26\n")):
        (real / name).write_text(content)
    (real / "config").write_bytes(bytes(256))
    (real / "driver").symlink_to("../../../bus/pci/drivers/ehci-pci")
    devices = root / "sys/bus/pci/devices"
    devices.mkdir(parents=True)
    (devices / "0000:00:1d.0").symlink_to("../../../devices/pci0000:00/0000:00:1d.0")


@pytest.mark.parametrize("below", ["", "root"])
def test_a_copied_sys_is_a_host(tmp_path: Path, below: str) -> None:
    _tree(tmp_path / below)

    snapshot = collect(open_host(str(tmp_path)).reader)

    assert snapshot.tables[0].content == DATA
    assert not isinstance(snapshot.pci, Missing)
    (function,) = snapshot.pci
    assert (function.class_code, function.driver) == (
        b"0x0c0320\n",
        "../../../bus/pci/drivers/ehci-pci",
    )


def test_what_a_copy_does_not_hold_was_not_collected(tmp_path: Path) -> None:
    (tmp_path / "sys").mkdir()

    snapshot = collect(open_host(str(tmp_path)).reader)

    assert snapshot.acpi_tables == Missing(MissingKind.NOT_COLLECTED)
    assert snapshot.pci == Missing(MissingKind.NOT_COLLECTED)


def test_a_link_out_of_a_copy_is_not_followed(tmp_path: Path, worded: Worded) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(DATA)
    tables = tmp_path / "copy/sys/firmware/acpi/tables"
    tables.mkdir(parents=True)
    (tables / "DMAR").symlink_to(secret)

    with pytest.raises(HostError) as refused:
        collect(open_host(str(tmp_path / "copy")).reader)
    worded(str(refused.value))


@pytest.mark.parametrize("make", ["nothing", "empty directory", "text"])
def test_what_is_no_host_is_refused_with_a_next_step(tmp_path: Path, make: str) -> None:
    path = tmp_path / "x"
    if make == "empty directory":
        path.mkdir()
    elif make == "text":
        path.write_text("hello")

    with pytest.raises(HostError) as caught:
        open_host(str(path))

    assert str(path) in caught.value.message
    assert make == "nothing" or caught.value.hint


def test_the_root_directory_is_this_machine() -> None:
    assert isinstance(open_host("/").reader, LiveHost)
    assert isinstance(open_host(None).reader, LiveHost)


def test_a_file_larger_than_its_limit_failed_and_is_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(11))

    def request(limit: int, window: int | None) -> HostRequest:
        return HostRequest(operation=Operation.READ, path=str(path), limit=limit, window=window)

    assert read_file(str(path), request(10, None)) == Missing(
        MissingKind.FAILED, "more than 10 bytes"
    )
    assert read_file(str(path), request(11, None)) == bytes(11)
    assert read_file(str(path), request(10, 4)) == bytes(4)


def test_the_kernel_is_asked_for_no_byte_behind_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config"
    path.write_bytes(bytes(4096))
    opened, duplicates = os.open, []

    def opening(name: str, flags: int) -> int:
        descriptor = opened(name, flags)
        duplicates.append(os.dup(descriptor))  # has the same offset
        return descriptor

    monkeypatch.setattr(os, "open", opening)
    read_file(str(path), ledger.PCI_CONFIG.request(str(tmp_path)))

    (duplicate,) = duplicates
    assert os.lseek(duplicate, 0, os.SEEK_CUR) == 64
    os.close(duplicate)


def test_a_file_of_many_pieces_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes(bytes(range(256)) * 1024)

    assert read_file(str(path), ledger.ACPI_TABLE.request("DMAR")) == bytes(range(256)) * 1024


def test_what_a_call_was_given_makes_it_no_other_question() -> None:
    first, second = (ledger.XEN_RDM_DEVICES.request(arguments=each) for each in (("a",), ("b",)))
    recorder = Recorder(_host())
    recorder.call(first)
    recorder.call(second)

    assert list(recorder.answers) == [first]
    assert first == second
    assert first != ledger.XEN_RDM.request()


def test_a_manifest_of_more_values_than_a_host_has_is_refused_before_it_is_parsed(
    recording: Path, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    monkeypatch.setattr(manifest, "MOST_VALUES", 100_000)
    content = (recording / manifest.NAME).read_bytes()
    deceit = content.replace(b'"version"', b'"more": [' + b"[]," * 100_000 + b'0], "version"')
    tracemalloc.start()
    with pytest.raises(HostError) as refused:
        manifest.load_manifest(deceit, "x")
    worded(str(refused.value), "100000")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 100_000
    assert manifest.load_manifest(content, "x")


def test_a_live_host_tells_absent_from_denied_from_failed(tmp_path: Path) -> None:
    live = LiveHost()
    request = ledger.LedgerEntry(operation=Operation.READ, path="{}", reason="").request

    assert live.read(request(str(tmp_path / "gone"))) == Missing(
        MissingKind.ABSENT, "No such file or directory"
    )
    failed = live.read(request(str(tmp_path)))
    assert isinstance(failed, Missing)
    assert failed.kind is MissingKind.FAILED
    not_a_link = live.link(request(str(tmp_path)))
    assert isinstance(not_a_link, Missing)
    assert live.list(request(str(tmp_path))) == ()
    assert isinstance(live.call(request("no-such-call")), Missing)
    if os.geteuid() != 0:
        (tmp_path / "denied").touch(mode=0)
        denied = live.read(request(str(tmp_path / "denied")))
        assert isinstance(denied, Missing)
        assert denied.kind is MissingKind.DENIED


@pytest.mark.parametrize("by_collector", [True, False])
def test_a_manifest_keeps_who_left_a_reading_out(by_collector: bool) -> None:  # noqa: FBT001
    answer = Missing(MissingKind.NOT_COLLECTED, "x", by_collector=by_collector)
    reading = manifest.log_reading(ledger.CLOCK.request(), answer)

    loaded = manifest.load_manifest(manifest.dump_manifest([reading], "test"), "x")

    assert [each.missing for each in loaded.values()] == [answer]
