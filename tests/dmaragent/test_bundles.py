"""A bundle answers as the recorded machine does that was packed in it."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.collect.open_tree import BUNDLE
from dmaragent.collect.recorded import manifest
from dmaragent.errors import HostError
from support.bundles import PACKERS, TOP, machine_files, member, pack_tar, tar_of, zip_of
from support.cli import run
from support.machines import MACHINES, NAMES
from support.wording import Worded

Capture = pytest.CaptureFixture[str]
PACKED: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    **{end: partial(pack_tar, end) for end in PACKERS},
    "zip": zip_of,
}


def _questions(name: str, capsys: Capture) -> list[tuple[object, ...]]:
    """Give the commands to ask of a machine and of its bundle."""
    inventory = run(capsys, "inventory", "--json", "--host", MACHINES / name)
    answer = json.loads(inventory.out)["answer"]
    owners = {one["sbdf"] for region in answer["regions"] for one in region["owners"]}
    guests = sorted((MACHINES / name / "guests").glob("*.cfg"))
    return [
        ("inventory",),
        ("check",),
        *(("explain", owner) for owner in sorted(owners)),
        *(("resolve", guest) for guest in guests),
    ]


def _answer(capsys: Capture, question: tuple[object, ...], host: Path) -> tuple[int, Any, str]:
    ran = run(capsys, *question, "--json", "--host", host)
    answer = json.loads(ran.out).get("answer")  # an error has none
    return ran.code, answer, ran.err.replace(str(host), "HOST")


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_that_of_the_machine(name: str, tmp_path: Path, capsys: Capture) -> None:
    questions = _questions(name, capsys)
    expected = [_answer(capsys, question, MACHINES / name) for question in questions]
    for end in ("tar", "tar.gz", "tar.xz"):
        bundle = tmp_path / f"bundle.{end}"
        bundle.write_bytes(PACKED[end](machine_files(name)))

        assert [_answer(capsys, question, bundle) for question in questions] == expected

    assert len(questions) > 2


@pytest.mark.parametrize("end", PACKED)
def test_a_bundle_gives_the_snapshot_of_its_machine(end: str, tmp_path: Path) -> None:
    path = tmp_path / "named as it likes"
    path.write_bytes(PACKED[end](machine_files("xen-pv-dom0")))

    opened = open_host(str(path))

    assert opened.kind == BUNDLE
    assert collect(opened.reader) == collect(open_host(str(MACHINES / "xen-pv-dom0")).reader)


@pytest.mark.parametrize("top", ["", ".", "any name", "./x"])
def test_a_bundle_may_be_packed_at_its_top_or_in_any_one_directory(
    top: str, tmp_path: Path
) -> None:
    path = tmp_path / "bundle.tar"
    path.write_bytes(tar_of(machine_files("qemu-q35-rmrr"), top))

    assert open_host(str(path)).kind == BUNDLE


def test_the_manifest_may_come_last_and_what_is_derived_is_passed_over(tmp_path: Path) -> None:
    files = machine_files("qemu-q35-rmrr")
    last = {manifest.NAME: files.pop(manifest.NAME)}
    path = tmp_path / "bundle.tar"
    path.write_bytes(tar_of({**files, "derived/report.html": b"<p>", "origin.toml": b"", **last}))

    machine = open_host(str(MACHINES / "qemu-q35-rmrr")).reader
    assert collect(open_host(str(path)).reader) == collect(machine)


def test_a_verb_names_the_bundle_it_answers_from(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "bundle.tar.xz"
    path.write_bytes(PACKED["tar.xz"](machine_files("qemu-q35-rmrr")))

    document = run(capsys, "inventory", "--json", "--host", path).document
    text = run(capsys, "inventory", "--host", path).out

    assert document["origin"]["host"] == {"kind": "bundle", "path": str(path)}
    assert text.startswith(f"Bundle {path}\n")


def test_a_table_is_decoded_out_of_a_bundle(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "bundle.tar.xz"
    path.write_bytes(PACKED["tar.xz"](machine_files("qemu-q35-rmrr")))

    (table,) = run(capsys, "decode", path, "--json").document["answer"]["tables"]

    assert table["source"]["form"] == "host"


TABLE = "root/sys/firmware/acpi/tables/DMAR"


@pytest.mark.parametrize(
    "change",
    [
        {TABLE: b"DMAR other"},
        {TABLE: None},
        {"calls/udev-pci": None},
        {"root/etc/shadow": b"x"},
        {"calls/x": b"x"},
        {"manifest.json": b"{}"},
        {"manifest.json": b"[" * 99999},
        {"root/sys/firmware/acpi/tables/DMAR/x": b""},
    ],
    ids=lambda change: str(change)[:80],
)
def test_a_bundle_is_held_against_its_manifest_when_it_is_opened(
    change: dict[str, bytes | None], tmp_path: Path, worded: Worded
) -> None:
    changed = {**machine_files("qemu-q35-rmrr"), **change}
    files = {name: content for name, content in changed.items() if content is not None}
    path = tmp_path / "bundle.tar"
    path.write_bytes(tar_of(files, TOP))

    with pytest.raises(HostError) as caught:
        open_host(str(path))
    worded(str(caught.value))

    assert caught.value.message.startswith(str(path))
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("top", ["", TOP])
def test_a_bundle_without_its_manifest_is_no_copied_root(
    top: str, tmp_path: Path, worded: Worded
) -> None:
    files = machine_files("qemu-q35-rmrr")
    del files[manifest.NAME]
    path = tmp_path / "bundle.tar"
    path.write_bytes(tar_of(files, top))

    with pytest.raises(HostError) as refused:
        open_host(str(path))
    worded(str(refused.value))


@pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"4", b"6"], ids=str)
def test_a_bundle_holds_only_files_and_directories(
    kind: bytes, tmp_path: Path, worded: Worded
) -> None:
    path = tmp_path / "bundle.tar"
    extra = [(member(f"{TOP}/derived/x", kind, "y"), b"")]
    path.write_bytes(tar_of(machine_files("qemu-q35-rmrr"), TOP, extra))

    with pytest.raises(HostError) as refused:
        open_host(str(path))
    worded(str(refused.value))


@pytest.mark.parametrize("end", PACKERS)
@pytest.mark.parametrize("more", ["text", "itself"])
def test_what_follows_the_end_of_a_bundle_is_refused(
    end: str, more: str, tmp_path: Path, worded: Worded
) -> None:
    packed = pack_tar(end, machine_files("qemu-q35-rmrr"))
    path = tmp_path / "bundle"
    path.write_bytes(packed + (packed if more == "itself" else b"text"))

    with pytest.raises(HostError) as refused:
        open_host(str(path))
    worded(str(refused.value))
    path.write_bytes(packed + bytes(1024))
    assert open_host(str(path)).kind == BUNDLE


def test_an_archive_of_a_bundle_and_a_machine_names_both(tmp_path: Path) -> None:
    """Its error has a command for one host, and one for all; they are the same one archive deeper."""
    files = machine_files("dell-r820")
    beside = [(member(f"{name}.tar.xz"), pack_tar("tar.xz", files)) for name in ("hostA", "hostB")]
    content = tar_of(files, "hostC", beside)
    (tmp_path / "all.tar").write_bytes(content)
    (tmp_path / "outer.tar").write_bytes(tar_of({"all.tar": content}, ""))
    (tmp_path / "folders.tar").write_bytes(
        tar_of({f"{host}/{name}": data for host in "DE" for name, data in files.items()}, "")
    )

    def error(name: str) -> str:
        path = tmp_path / name
        with pytest.raises(HostError) as refused:
            open_host(str(path))
        assert f"dmaragent fleet show {path}" in refused.value.hint
        return f"{refused.value.message}\n{refused.value.hint}"

    both = error("all.tar")
    assert all(f"'{name}'" in both for name in ("hostA.tar.xz", "hostB.tar.xz", "hostC"))
    assert f"tar xf {tmp_path / 'all.tar'} -C unpacked" in both
    assert "--host unpacked/hostA.tar.xz" in both
    assert all(f"'{name}'" in error("outer.tar") for name in ("hostA.tar.xz", "hostC"))
    assert "tar xf" not in error("outer.tar")
    assert all(f"'{name}'" in error("folders.tar") for name in "DE")
