"""Faults below the program with the line that reports each: for test_faults and docs/faults.md.

Each breaks a recorded laptop on real files, before or while it is read.
"""

from collections.abc import Callable
from pathlib import Path

from dmaragent.readings import Missing, MissingKind
from support.faulty import FAILS_TO_READ, RootedHost, device_of
from support.tables import table

Break = Callable[[RootedHost, Path], None]
GPU = "0000:00:02.0"
_TABLE = "sys/firmware/acpi/tables/DMAR"


def _instead(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


def _fails(*names: str) -> Break:
    def make(_: RootedHost, root: Path) -> None:
        for name in names:
            _instead(device_of(root, GPU) / name, lambda path: path.symlink_to(FAILS_TO_READ))

    return make


def _huge(name: str) -> Break:
    """Have an attribute of a GiB, which takes no room on the disk."""

    def make(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(1 << 30)

    return lambda _, root: _instead(device_of(root, GPU) / name, make)


def _gone_after(asked: str, *names: str) -> Break:
    """Have the device, or attributes of it, go once `asked` was asked for."""

    def go(root: Path) -> None:
        folder = device_of(root, GPU)
        for path in [folder / name for name in names] or sorted(folder.iterdir()):
            path.unlink()

    def make(made: RootedHost, root: Path) -> None:
        made.then[asked] = lambda: go(root)

    return make


def table_becomes(content: bytes | None) -> Break:
    """Have the table change, or go, between the listing and its reading."""

    def change(path: Path) -> None:
        path.unlink()
        if content is not None:
            path.write_bytes(content)

    def make(made: RootedHost, root: Path) -> None:
        made.then["/sys/firmware/acpi/tables"] = lambda: change(root / _TABLE)

    return make


def _map_shrinks(made: RootedHost, root: Path) -> None:
    def shrink() -> None:
        for each in (root / "sys/firmware/memmap/0").iterdir():
            each.unlink()

    made.then["/sys/firmware/memmap"] = shrink


def _calls(name: str, answer: Callable[[], bytes | Missing]) -> Break:
    return lambda made, _: made._calls.update({name: answer})


def _list_fails(name: str) -> Break:
    def make(_: RootedHost, root: Path) -> None:
        path = root / name
        for each in sorted(path.rglob("*"), reverse=True):
            each.rmdir() if each.is_dir() and not each.is_symlink() else each.unlink()
        path.rmdir()
        path.symlink_to(path.name)  # a link to itself: too many levels of links

    return make


FAULTS: dict[str, tuple[Break, str]] = {
    "an attribute cannot be read": (
        _fails("class"),
        "0000:00:02.0: its class could not be read: Input/output error",
    ),
    "configuration space cannot be read": (
        _fails("config"),
        "0000:00:02.0: its configuration space could not be read: Input/output error",
    ),
    "an attribute is a GiB large": (
        _huge("vendor"),
        "0000:00:02.0: its vendor could not be read: more than 65536 bytes",
    ),
    "an attribute disappears after the device was listed": (
        _gone_after("udev-pci", "device"),
        "0000:00:02.0: its device could not be read: No such file or directory",
    ),
    "a device disappears after it was listed": (
        _gone_after("udev-pci"),
        "0000:00:02.0: the device was listed, but disappeared before it was read",
    ),
    "an attribute is not a number": (
        lambda _, root: _instead(device_of(root, GPU) / "class", lambda one: one.write_text("?\n")),
        "0000:00:02.0: its class is not a number: '?\\n'",
    ),
    "the table shrinks while it is read": (
        table_becomes(table(length=168)),
        "offset 0x4, length: the header's length is 168 bytes; there are 48",
    ),
    "an entry of the memory map disappears": (
        _map_shrinks,
        "memory map entry 0: its start could not be read: No such file or directory",
    ),
    "the IOMMU groups cannot be listed": (
        _list_fails("sys/kernel/iommu_groups"),
        "the IOMMU groups could not be read: Too many levels of symbolic links",
    ),
    "udev fails": (
        _calls("udev-pci", lambda: Missing(MissingKind.FAILED, "udev: Input/output error")),
        (
            "udev's list of PCI functions (names are then missing) could not be read: "
            "udev: Input/output error"
        ),
    ),
    "the clock was set back before the boot": (
        _calls("resources", lambda: b'{"memory_total": 1024, "boot_time": -5}'),
        "the boot time is invalid: the clock may have been set back to before 1970",
    ),
}
"""Faults on a running machine, with the line of ``dmaragent inventory`` that reports each."""

SAID: dict[str, str] = {
    "the table disappears after it was listed": "dmaragent: there is no DMAR table: no DMAR, RMAD or XMAR in ",
    "udev's database is missing": "Device   0000:00:02.0 VGA controller, 8086:3ea0",
    "libudev, or pyudev, is missing": (
        "udev's list of PCI functions (names are then missing) could not be read: "
        "pyudev cannot be used: "
    ),
    "libxencall and libxenctrl are missing in a dom0": (
        "the hypervisor's reserved device memory could not be read: "
    ),
    "memory is limited (`ulimit -v`)": "dmaragent: there is not enough memory to answer",
    "`dump`: the disk is full": "dmaragent: FILE cannot be written: No space left on device",
    "`dump`: the quota is exhausted": "dmaragent: FILE cannot be written: Disk quota exceeded",
    "`dump`: the disk fails": "dmaragent: FILE cannot be written: Input/output error",
    "`dump`: the file system is read-only": "dmaragent: FILE cannot be written: Read-only file system",
    "the agent: /run is full": (
        "the agent ends: FOLDER/inventory.txt cannot be written: No space left on device"
    ),
    "the agent: /run becomes read-only": (
        "the agent ends: FOLDER/inventory.txt cannot be written: Read-only file system"
    ),
    "the agent: /run is read-only when it starts": (
        "dmaragent: FOLDER cannot be used: Read-only file system"
    ),
    "`status`: an impossible time": ("since an impossible time (1000000000000000000 s since 1970)"),
}
"""Other faults, with the line of the command that reports each, or its beginning."""
