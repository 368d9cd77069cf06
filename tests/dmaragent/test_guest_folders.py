"""A folder of guests may hold anything: no link out of it is followed, no device is opened."""

import os
import socket
import stat
from pathlib import Path

import pytest

from dmaragent.collect.formats.disk_tree import DiskTree
from dmaragent.collect.guest_files import read_guest_files
from dmaragent.commands.shared.guest_files import named_guests
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.readings import Missing
from support.cli import run
from support.kvm import domain
from support.machines import MACHINES
from support.wording import Worded

Capture = pytest.CaptureFixture[str]
DELL = MACHINES / "dell-r820"
GUEST = 'name = "win"\nmemory = 512\n'


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Make a file outside of the folder of guests, which begins like a guest."""
    path = tmp_path / "outside/secret.cfg"
    path.parent.mkdir()
    path.write_text(f"{GUEST}root:$y$j9T$hunter2:19000::::::\n")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of one guest."""
    path = tmp_path / "guests"
    path.mkdir()
    (path / "win.cfg").write_text(GUEST)
    return path


def _left_out(*paths: Path) -> dict[str, str]:
    _, passed_over = named_guests([str(path) for path in paths])
    return {os.path.basename(path): why for path, why in passed_over}


@pytest.mark.parametrize("verb", ["report", "resolve", "diff", "dump"])
def test_a_link_out_of_the_folder_is_reported_and_what_it_leads_to_is_not_read(
    verb: str, folder: Path, secret: Path, tmp_path: Path, capsys: Capture
) -> None:
    (folder / "a.cfg").symlink_to(secret)
    (folder / "b.cfg").symlink_to("../outside/secret.cfg")
    (folder / "c.cfg").symlink_to("a.cfg")
    options = {
        "report": ("--guest", folder, "--host", DELL, "-o", tmp_path / "page"),
        "resolve": (folder, "--host", DELL),
        "diff": (DELL, DELL, "--guest", folder),
        "dump": ("--guest", folder, "--host", DELL, "-o", tmp_path / "page"),
    }

    ran = run(capsys, verb, *options[verb])

    page = (tmp_path / "page").read_bytes() if verb in ("report", "dump") else b""
    told = " ".join((ran.out + ran.err).split())
    assert str(folder) in told
    assert all(name in told for name in ("a.cfg", "b.cfg", "c.cfg"))
    assert "hunter2" not in ran.out + ran.err
    assert b"hunter2" not in page


@pytest.mark.parametrize("details", [[], ["--details"]])
def test_resolve_reports_skipped_files_with_and_without_details(
    details: list[str], folder: Path, capsys: Capture
) -> None:
    (folder / "broken.json").write_text("{")

    ran = run(capsys, "resolve", folder, "--host", DELL, *details)

    assert "broken.json" in ran.out + ran.err


def test_a_link_within_the_folder_is_followed(folder: Path) -> None:
    (folder / "same.cfg").symlink_to("win.cfg")
    (folder / "whole.cfg").symlink_to(folder / "win.cfg")

    guests, passed_over = named_guests([str(folder)])

    assert [os.path.basename(one.source) for one in guests] == ["same.cfg", "whole.cfg", "win.cfg"]
    assert passed_over == []


@pytest.mark.parametrize(
    ("folder_name", "name", "text"),
    [
        ("xen/auto", "win.cfg", GUEST),
        ("libvirt/qemu/autostart", "win.xml", domain()),
        ("libvirt/libxl/autostart", "win.xml", domain()),
    ],
)
def test_a_toolstack_links_to_the_guests_that_start_with_the_host(
    folder_name: str, name: str, text: str, tmp_path: Path, secret: Path
) -> None:
    auto = tmp_path / folder_name
    auto.mkdir(parents=True)
    (auto.parent / name).write_text(text)
    (auto / name).symlink_to(f"../{name}")
    (auto / f"whole-{name}").symlink_to(auto.parent / name)
    (auto / f"out-{name}").symlink_to(secret)
    (auto / f"up-{name}").symlink_to(os.path.relpath(secret, auto))

    for path in (auto, tmp_path / "named"):
        (tmp_path / "named").unlink(missing_ok=True)
        (tmp_path / "named").symlink_to(auto)
        guests, passed_over = named_guests([str(path)])

        assert {os.path.basename(one.source) for one in guests} == {name, f"whole-{name}"}
        assert [os.path.basename(left) for left, _ in passed_over] == [f"out-{name}", f"up-{name}"]


def test_a_folder_called_auto_elsewhere_is_a_folder_like_any_other(
    folder: Path, secret: Path, worded: Worded
) -> None:
    auto = folder / "auto"
    auto.mkdir()
    (auto / "win.cfg").symlink_to("../win.cfg")

    ((name, reason),) = _left_out(auto).items()
    assert name == "win.cfg"
    worded(reason, "../win.cfg")


@pytest.mark.parametrize("name", ["win10.cfg", "WIN10.CFG", "win10.Hvm"])
def test_a_guest_with_a_mistake_counts_whatever_the_case_of_its_name(
    name: str, folder: Path
) -> None:
    (folder / name).write_text(f"{GUEST}pci = [ 1.5\n")

    guests, skipped = named_guests([str(folder)])

    assert sorted(os.path.basename(guest.source) for guest in guests) == sorted([name, "win.cfg"])
    assert skipped == []


def test_what_the_user_names_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(folder / "win.cfg")
    (tmp_path / "all").symlink_to(folder)

    guests, passed_over = named_guests([str(tmp_path / "one"), str(tmp_path / "all")])

    assert [one.name for one in guests] == ["win", "win"]
    assert passed_over == []


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record what is opened."""
    names: list[str] = []
    real = os.open

    def record(path: str, *arguments: int, **options: int) -> int:
        names.append(os.fspath(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", record)
    return names


def test_a_pipe_a_socket_and_a_dead_link_are_reported_and_not_opened(
    folder: Path, opened: list[str], worded: Worded
) -> None:
    os.mkfifo(folder / "pipe.cfg")
    (folder / "gone.cfg").symlink_to("nowhere")
    (folder / "loop.cfg").symlink_to("loop.cfg")
    (folder / "link.cfg").symlink_to("pipe.cfg")
    (folder / "zero.cfg").symlink_to("/dev/zero")
    bound = socket.socket(socket.AF_UNIX)
    here = os.open(".", os.O_RDONLY)
    os.chdir(folder)
    bound.bind("socket.cfg")
    os.chdir(here)
    os.close(here)

    left_out = _left_out(folder)
    names = ("gone.cfg", "link.cfg", "loop.cfg", "pipe.cfg", "socket.cfg", "zero.cfg")
    assert tuple(sorted(left_out)) == names
    assert left_out["pipe.cfg"] == left_out["link.cfg"] == left_out["socket.cfg"]
    worded((left_out[name] for name in names), "nowhere: No such file", "loop.cfg: ", "/dev/zero")
    bound.close()
    assert "win.cfg" in opened
    assert not {"pipe.cfg", "socket.cfg", "link.cfg", "/dev/zero"} & set(opened)


def test_a_link_put_in_place_of_a_file_leads_nobody_out(
    folder: Path, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = DiskTree.mode

    def exchange(tree: DiskTree, path: str) -> int | Missing:
        mode = real(tree, path)
        if not isinstance(mode, Missing) and stat.S_ISREG(mode):
            (folder / "win.cfg").unlink()
            (folder / "win.cfg").symlink_to(secret)
        return mode

    monkeypatch.setattr(DiskTree, "mode", exchange)

    (file,) = read_guest_files([str(folder)])

    assert file.text == ""
    assert "not followed" in file.problem


def test_what_lies_beside_a_guest_is_no_way_out_either(tmp_path: Path, secret: Path) -> None:
    node = tmp_path / "nodes/pve1/qemu-server"
    node.mkdir(parents=True)
    secret.write_text("gpu\n\tmap id=1,node=pve1,path=hunter2\n")
    (tmp_path / "mapping").mkdir()
    (tmp_path / "mapping/pci.cfg").symlink_to(secret)
    for number in (101, 102):
        (node / f"{number}.conf").write_text("memory: 512\nhostpci0: mapping=gpu\n")

    guests, passed_over = named_guests([str(node)])
    _, of_file = named_guests([str(node / "101.conf")])

    assert all(isinstance(one, KvmGuest) and one.unknown for one in guests)
    assert [os.path.basename(path) for path, _ in passed_over] == ["pci.cfg"]
    assert passed_over == of_file
    assert "hunter2" not in repr((guests, passed_over))


def test_networks_above_a_folder_that_was_named_through_a_link_are_read(tmp_path: Path) -> None:
    """The user names the folder ``autostart`` in ``qemu``, which is a link to another disk."""
    (tmp_path / "disk/autostart").mkdir(parents=True)
    (tmp_path / "disk/networks").mkdir()
    (tmp_path / "qemu").symlink_to("disk")
    network = "<network><name>lan</name><forward mode='bridge'/></network>"
    (tmp_path / "disk/networks/lan.xml").write_text(network)
    text = domain("<interface type='network'><source network='lan'/></interface>")
    (tmp_path / "disk/autostart/win.xml").write_text(text)

    ((guest,), left_out) = named_guests([str(tmp_path / "qemu/autostart")])
    assert isinstance(guest, KvmGuest)
    assert (guest.unknown, list(left_out)) == ((), [])


def test_networks_beside_a_domain_are_not_read_through_links_out(
    tmp_path: Path, secret: Path, capsys: Capture, worded: Worded
) -> None:
    inside, outside = tmp_path / "qemu", tmp_path / "outside"
    inside.mkdir()
    (outside / "pool.xml").write_text(
        "<network><name>lan</name><forward mode='hostdev'/></network>"
    )
    text = domain("<interface type='network'><source network='lan'/></interface>")
    (inside / "win.xml").write_text(text)
    (inside / "networks").mkdir()
    (inside / "networks/pool.xml").symlink_to(outside / "pool.xml")

    of_file = _left_out(inside)
    ((guest,), _) = named_guests([str(inside)])
    (inside / "networks/pool.xml").unlink()
    (inside / "networks").rmdir()
    (inside / "networks").symlink_to(outside)
    of_folder = _left_out(inside / "win.xml")

    assert (list(of_file), list(of_folder)) == (["pool.xml"], ["networks"])
    worded(of_file["pool.xml"], outside / "pool.xml")
    worded(of_folder["networks"])
    assert isinstance(guest, KvmGuest)
    worded(guest.unknown[0].text)
    ran = run(capsys, "hotplug", "00:02.0", "--into", inside / "win.xml", "--host", DELL)
    worded(ran.err)
