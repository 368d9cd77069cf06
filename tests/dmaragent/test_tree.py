"""A tree packed in memory answers as the same tree on disk, and nothing outside of it."""

import gc
import itertools
from pathlib import Path

import pytest

from dmaragent.collect.formats.disk_tree import DiskTree
from dmaragent.collect.formats.tree import FileTree, PackedTree
from dmaragent.collect.ledger import HostRequest, Operation
from dmaragent.errors import HostError
from dmaragent.readings import Missing, MissingKind
from support.wording import Worded

FILES = {"a/b/file": b"content", "other": b"12345678901", "as large as asked": b"1234567890"}
LINKS = {
    "a/to-file": "b/file",
    "a/to-folder": "./b/../b",
    "a/to-root": "..",
    "a/dangling": "nothing",
    "a/through-file": "b/file/x",
    "a/loop": "loop",
    "a/one": "two",
    "a/two": "one",
    "a/chain": "to-folder/../to-file",
    "a/b/up": "../../a/b/../../other",
}
FOLDERS = ["empty", "a/empty"]
ASKED = [
    f"/{path}"
    for path in (
        *FILES,
        *LINKS,
        *FOLDERS,
        "a",
        "a/b",
        "nothing",
        "a/nothing/at/all",
        "a/b/file/x",
        "a/to-folder/file",
        "a/to-root/a/to-root/other",
        "a/to-folder/up",
        "a/../other",
        "a/b/../../a/./b/file",
        "",
    )
]


def _packed() -> PackedTree:
    tree = PackedTree()
    for path, content in FILES.items():
        tree.add_file(f"top/{path}", content)
    for path, target in LINKS.items():
        tree.add_link(f"top/{path}", target)
    for path in FOLDERS:
        tree.add_folder(f"top/{path}")
    return tree.below("/top")


def _on_disk(folder: Path) -> DiskTree:
    for path in [*FILES, *LINKS, *(f"{each}/x" for each in FOLDERS)]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
    for path, content in FILES.items():
        (folder / path).write_bytes(content)
    for path, target in LINKS.items():
        (folder / path).symlink_to(target)
    return DiskTree(str(folder))


def _request(limit: int = 10, window: int | None = None) -> HostRequest:
    return HostRequest(operation=Operation.READ, path="/", limit=limit, window=window)


def _kind(answer: object) -> object:
    """Give the kind of a Missing: its words are the system's on disk, and ours in memory."""
    return answer.kind if isinstance(answer, Missing) else answer


@pytest.mark.parametrize("path", ASKED)
def test_a_packed_tree_answers_as_the_directory(path: str, tmp_path: Path) -> None:
    packed, disk = _packed(), _on_disk(tmp_path)

    def answers(tree: FileTree) -> list[object]:
        return [
            tree.read(path, _request()),
            tree.read(path, _request(window=4)),
            tree.list(path),
            tree.link(path),
            tree.is_directory(path),
        ]

    assert list(map(_kind, answers(packed))) == list(map(_kind, answers(disk)))


def test_a_loop_of_links_is_told() -> None:
    assert _packed().read("/a/one", _request()) == Missing(
        MissingKind.FAILED, "too many levels of links"
    )


def test_as_many_links_are_followed_as_linux_follows() -> None:
    tree = PackedTree()
    tree.add_file("0", b"end")
    for number in range(1, 42):
        tree.add_link(f"{number}", f"{number - 1}")

    assert tree.read("/40", _request()) == b"end"
    assert _kind(tree.read("/41", _request())) is MissingKind.FAILED


@pytest.mark.parametrize(
    "target", ["/other", "/../other", "../../../../other", "/x/../../other", "//other", "/./other"]
)
def test_a_link_of_a_packed_tree_never_leaves_it(target: str) -> None:
    tree = PackedTree()
    tree.add_file("other", b"outside")
    tree.add_file("top/other", b"inside")
    tree.add_link("top/x/y/z/link", target)

    inside = tree.below("/top").read("/x/y/z/link", _request())

    assert inside == b"inside"


def test_a_link_of_a_directory_that_leads_out_of_it_is_an_error(
    tmp_path: Path, worded: Worded
) -> None:
    (tmp_path / "top").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").touch()
    (tmp_path / "top-secret").mkdir()
    (tmp_path / "top-secret/file").touch()
    (tmp_path / "top/beside").symlink_to("../top-secret")
    (tmp_path / "top/out").symlink_to("../outside")
    (tmp_path / "top/in").mkdir()
    (tmp_path / "top/in/out").symlink_to("/etc/passwd")
    (tmp_path / "top/in/beside").symlink_to(tmp_path / "top-secret/file")
    tree = DiskTree(str(tmp_path / "top"))

    for path in ("/out/file", "/out", "/in/out", "/out/..", "/beside/file", "/beside"):
        with pytest.raises(HostError) as refused:
            tree.read(path, _request())
        worded(str(refused.value))
    with pytest.raises(HostError):
        tree.read("/in/beside", _request())


ADD = {
    "file": lambda tree, path: tree.add_file(path, b""),
    "link": lambda tree, path: tree.add_link(path, "x"),
    "folder": lambda tree, path: tree.add_folder(path),
}


@pytest.mark.parametrize(("first", "second"), [*itertools.product(ADD, ADD)])
def test_a_name_is_one_thing(first: str, second: str, worded: Worded) -> None:
    tree = PackedTree()
    ADD[first](tree, "a/b")
    if first == second == "folder":
        ADD[second](tree, "a/b")
        return
    with pytest.raises(ValueError) as refused:
        ADD[second](tree, "a/b")
    worded(str(refused.value))


@pytest.mark.parametrize(("first", "second"), [*itertools.product(["file", "link"], ADD)])
def test_nothing_lies_below_a_file_or_a_link(first: str, second: str, worded: Worded) -> None:
    tree = PackedTree()
    ADD[first](tree, "a/b")

    with pytest.raises(ValueError) as refused:
        ADD[second](tree, "a/b/c/d")
    worded(str(refused.value))


def test_a_folder_that_becomes_a_link_meanwhile_leads_nobody_out(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_bytes(b"outside")
    inside = tmp_path / "top/folder"
    inside.mkdir(parents=True)
    (inside / "file").write_bytes(b"inside")
    tree = DiskTree(str(tmp_path / "top"))
    assert tree.read("/folder/file", _request()) == b"inside"

    inside.rename(tmp_path / "moved")
    inside.symlink_to(tmp_path / "outside")

    assert tree.read("/folder/file", _request()) == b"inside"


def test_a_file_that_becomes_a_link_meanwhile_leads_nobody_out(
    tmp_path: Path, worded: Worded
) -> None:
    (tmp_path / "outside").write_bytes(b"outside")
    (tmp_path / "top").mkdir()
    (tmp_path / "top/file").write_bytes(b"inside")
    tree = DiskTree(str(tmp_path / "top"))
    assert tree.read("/file", _request()) == b"inside"

    (tmp_path / "top/file").unlink()
    (tmp_path / "top/file").symlink_to(tmp_path / "outside")

    with pytest.raises(HostError) as refused:
        tree.read("/file", _request())
    worded(str(refused.value))


def test_a_tree_below_a_link_that_leads_out_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "outside/sys").mkdir(parents=True)
    (tmp_path / "top").mkdir()
    (tmp_path / "top/root").symlink_to("../outside")
    tree = DiskTree(str(tmp_path / "top"))

    assert not tree.is_directory("/root/sys")
    assert not tree.below("/root").is_directory("/sys")


def test_a_tree_keeps_few_folders_open_however_many_it_reads(tmp_path: Path) -> None:
    names = [f"/{number}/in" for number in range(300)]
    for name in names:
        (tmp_path / name[1:]).mkdir(parents=True)
        (tmp_path / name[1:] / "file").write_text(name)
    gc.collect()  # what an exception of another test still holds is not of this tree
    before = len(list(Path("/proc/self/fd").iterdir()))
    tree = DiskTree(str(tmp_path))

    for name in [*names, *reversed(names)]:
        assert tree.read(f"{name}/file", _request(limit=20)) == name.encode()
        assert len(list(Path("/proc/self/fd").iterdir())) <= before + 64

    del tree
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_path_of_thousands_of_steps_is_an_error(tmp_path: Path) -> None:
    tree = DiskTree(str(tmp_path))
    folder, steps = tmp_path, 300
    for _ in range(steps):
        folder /= "a"
    folder.mkdir(parents=True)

    assert isinstance(tree.read("/a" * steps + "/file", _request()), Missing)
    assert isinstance(tree.read("/a" * 5000, _request()), Missing)
