"""The way to the hypercall: the nodes, the libraries and what is wrong with them."""

import ctypes
import errno
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dmaragent.collect.live import hypercall as xen
from dmaragent.readings import Missing, MissingKind
from support.fake_xen import EVERYBODY, RMRR, FakeXen, ask, libraries_of
from support.wording import Worded

DEFECT = OSError("libxencall.so.1: wrong ELF class: ELFCLASS32")
either = pytest.mark.parametrize("name", ["libxencall", "libxenctrl"])
OPENING = {"libxencall": "xencall_open", "libxenctrl": "xc_interface_open"}


@either
@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (errno.ENOENT, MissingKind.ABSENT, "no Xen here"),
        (errno.ENODEV, MissingKind.ABSENT, "no Xen here"),
        (errno.EACCES, MissingKind.DENIED, None),
        (errno.EPERM, MissingKind.DENIED, None),
        (errno.EMFILE, MissingKind.FAILED, None),
    ],
)
def test_an_interface_that_does_not_open_is_missing(
    number: int, kind: MissingKind, said: str | None, name: str
) -> None:
    fake = FakeXen()
    fake.open_errno = number

    output = ask(libraries_of(fake, name))

    assert output == Missing(kind, f"{said or OPENING[name]}: {os.strerror(number)}")
    assert (fake.opened, fake.closed, fake.buffers) == (0, 0, {})


def _refusal(*numbers: int) -> tuple[xen.Probe, list[str]]:
    """Make a probe that meets these errors in turn, and the list of what it was asked."""
    met = list(numbers)
    nodes: list[str] = []

    def probe(node: str) -> None:
        nodes.append(node)
        if met:
            number = met.pop(0)
            raise OSError(number, os.strerror(number), node)

    return probe, nodes


def _no_loading(soname: str) -> Any:
    pytest.fail(f"{soname} was loaded, and would write to stderr")


def test_without_the_nodes_no_library_is_loaded() -> None:
    probe, nodes = _refusal(errno.ENOENT, errno.ENOENT)

    output = xen.reserved_device_memory(None, _no_loading, probe)

    assert output == Missing(MissingKind.ABSENT, "no Xen here: No such file or directory")
    assert nodes == ["/dev/xen/privcmd", "/proc/xen/privcmd"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_a_node_that_may_not_be_opened_is_denied_by_its_name(number: int) -> None:
    probe, nodes = _refusal(number)

    output = xen.reserved_device_memory(None, _no_loading, probe)

    assert output == Missing(MissingKind.DENIED, f"/dev/xen/privcmd: {os.strerror(number)}")
    assert nodes == ["/dev/xen/privcmd"]


def test_the_older_node_will_do() -> None:
    fake = FakeXen({EVERYBODY: RMRR})
    probe, nodes = _refusal(errno.ENODEV)

    output = ask(libraries_of(fake, "libxencall"), probe=probe)

    assert isinstance(output, bytes)
    assert nodes == ["/dev/xen/privcmd", "/proc/xen/privcmd"]


def test_the_probe_opens_for_writing_and_closes(tmp_path: Path) -> None:
    node = tmp_path / "privcmd"
    node.touch()
    before = os.listdir("/proc/self/fd")

    xen._open_once(str(node))

    assert os.listdir("/proc/self/fd") == before
    with pytest.raises(IsADirectoryError):  # reading a directory would have done
        xen._open_once(str(tmp_path))


def test_without_a_library_the_list_is_absent() -> None:
    detail = "neither libxencall nor libxenctrl is installed"

    assert ask({}) == Missing(MissingKind.ABSENT, detail)


@pytest.mark.parametrize("minor", [6, 17, 22])
def test_libxenctrl_of_any_release_serves_where_libxencall_is_missing(minor: int) -> None:
    fake = FakeXen({EVERYBODY: RMRR})

    output = ask({f"libxenctrl.so.4.{minor}": fake.xenctrl()})

    assert isinstance(output, bytes)
    assert json.loads(output)["interface"] == "libxenctrl"


def test_libxencall_comes_first() -> None:
    fake = FakeXen()

    output = ask({"libxenctrl.so.4.17": SimpleNamespace(), "libxencall.so.1": fake.xencall()})

    assert isinstance(output, bytes)
    assert json.loads(output)["interface"] == "libxencall"


@pytest.mark.parametrize(
    "symbol",
    ["xencall_open", "xencall_close", "xencall_alloc_buffer", "xencall_free_buffer", "xencall2"],
)
def test_a_libxencall_without_a_function_gives_way_to_libxenctrl(symbol: str) -> None:
    fake = FakeXen({EVERYBODY: RMRR})
    wrong = fake.xencall()
    delattr(wrong, symbol)

    output = ask({"libxencall.so.1": wrong, "libxenctrl.so.4.17": fake.xenctrl()})

    assert isinstance(output, bytes)
    assert json.loads(output)["interface"] == "libxenctrl"
    assert fake.tidy


def test_libraries_of_the_wrong_version_are_all_named(worded: Worded) -> None:
    fake = FakeXen()
    wrong = fake.xenctrl()
    del wrong.xc_reserved_device_memory_map

    output = ask({"libxencall.so.1": DEFECT, "libxenctrl.so.4.6": wrong})

    assert isinstance(output, Missing)
    assert output.kind is MissingKind.FAILED
    first, second = output.detail.split("; ")
    worded(first)
    worded(second, "4.6")
    assert "xc_reserved_device_memory_map" in second
    assert fake.opened == 0


def test_a_library_that_lacks_another_library_is_installed_and_unusable() -> None:
    text = "libxencall.so.1: cannot open shared object file: No such file or directory"

    output = ask({"libxenctrl.so.4.17": OSError(text)})

    detail = f"libxenctrl.so.4.17 cannot be used: {text}"
    assert output == Missing(MissingKind.FAILED, detail)


def test_the_system_says_that_a_library_is_not_installed_in_words_that_are_understood(
    worded: Worded,
) -> None:
    def load(soname: str) -> Any:
        return ctypes.CDLL(soname.replace("xen", "no-such-xen"), use_errno=True)

    with pytest.raises(OSError, match="no-such") as caught:
        load(xen.XENCALL)

    worded(f"{caught.value}".replace("no-such-xen", "xen"))
