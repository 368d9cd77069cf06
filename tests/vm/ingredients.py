"""What the virtual machines are made of: Debian's packages, and this project's own.

Everything lies in build/vm and is kept for the next run.  A thing is made again when what it is
made of has changed: each has a stamp, the digest of its inputs, written when it is whole.
"""

import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build/vm"
XEN = "4.17"
"""The release of Xen in Debian 12."""
HOST_PACKAGES = {
    "qemu-system-x86_64": "qemu-system-x86",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "cpio": "cpio",
    "kmod": "kmod",
    "mcopy": "mtools",
    "grub-mkstandalone": "grub-common",
    "dpkg-buildpackage": "dpkg-dev",
}
"""The programs that the lab needs, and Debian's packages of them."""
HOST_FILES = {
    "/usr/share/OVMF/OVMF_CODE.fd": "ovmf",
    "/usr/share/seabios/bios-256k.bin": "seabios",
    "/usr/lib/grub/x86_64-efi/multiboot2.mod": "grub-efi-amd64-bin",
    "/usr/lib/ipxe/qemu/efi-e1000.rom": "ipxe-qemu",
}
"""Likewise for files."""
_MODULE_FOLDERS = (
    "arch/x86/crypto", "block", "crypto", "drivers/acpi", "drivers/ata", "drivers/block", "drivers/char",
    "drivers/hid", "drivers/input", "drivers/iommu", "drivers/md", "drivers/net/ethernet/intel",
    "drivers/nvme", "drivers/pci", "drivers/scsi", "drivers/usb", "drivers/vfio", "drivers/virtio",
    "drivers/xen", "fs/9p", "fs/ext4", "fs/fscache", "fs/jbd2", "fs/mbcache.ko", "fs/netfs",
    "drivers/net/xen-netback", "drivers/net/tap.ko", "drivers/net/tun.ko", "lib", "net/9p",
    "net/core", "virt",
)  # fmt: skip
"""Of the kernel's modules: what the machines have devices for."""


class LabError(Exception):
    """The lab cannot be set up, or a machine did not do what every machine does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """Debian's kernel, unpacked."""

    release: str
    image: Path
    """Its bytes say which build it is: a release may have several."""
    modules: Path
    """The folder that holds lib/modules."""


def missing() -> list[str]:
    """Name Debian's packages that the lab needs and this machine lacks."""
    lacking = {package for tool, package in HOST_PACKAGES.items() if not shutil.which(tool)}
    lacking |= {package for file, package in HOST_FILES.items() if not Path(file).exists()}
    return sorted(lacking)


def run(*command: str | Path, cwd: Path | None = None, stdin: bytes = b"") -> str:
    """Run a command; what it says is for the error, should it fail."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, input=stdin, capture_output=True, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).decode("utf-8", "replace")[-2000:]
        raise LabError(f"{' '.join(map(str, command))} exited with {done.returncode}:\n{said}")
    return done.stdout.decode("utf-8", "replace")


def digest(*parts: str | bytes | Path) -> str:
    """Give the digest of texts, bytes and the bytes of files."""
    total = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part
        data = data.encode() if isinstance(data, str) else data
        total.update(len(data).to_bytes(8, "little") + data)
    return total.hexdigest()


def kept(path: Path, inputs: str, make: Callable[[Path], None]) -> Path:
    """Give `path`, made again if it was made of other `inputs`."""
    made_of = stamp(path)
    if not (path.exists() and made_of.exists() and made_of.read_text() == inputs):
        made_of.unlink(missing_ok=True)
        remove(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)
        made_of.write_text(inputs)
    return path


def stamp(path: Path) -> Path:
    """Name the file that says what a kept `path` was made of: for what is made of that in turn."""
    return path.with_name(path.name + ".stamp")


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@cache
def kernel() -> Kernel:
    """Give Debian's newest kernel, with the modules that matter here."""
    names = run("apt-cache", "depends", "linux-image-amd64")
    found = re.search(r"Depends: (linux-image-\S+)", names)
    if found is None:
        raise LabError("apt knows no kernel: run `apt-get update`")
    folder = unpacked(found[1])
    release = next((folder / "lib/modules").iterdir()).name
    image = folder / f"boot/vmlinuz-{release}"
    inputs = digest(image, repr(_MODULE_FOLDERS), Path(__file__))
    return Kernel(
        release=release,
        image=image,
        modules=kept(BUILD / "modules", inputs, _modules(folder)),
    )


def _modules(unpacked_kernel: Path) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        source = next((unpacked_kernel / "lib/modules").iterdir())
        target = path / "lib/modules" / source.name
        target.mkdir(parents=True)
        for each in (
            *_MODULE_FOLDERS,
            "modules.order",
            "modules.builtin",
            "modules.builtin.modinfo",
        ):
            inner = each if each.startswith("modules.") else f"kernel/{each}"
            if not (source / inner).exists():
                continue
            (target / inner).parent.mkdir(parents=True, exist_ok=True)
            run("cp", "-a", source / inner, target / inner)
        run("depmod", "-b", path, source.name)

    return make


@cache
def xen_image() -> Path:
    """Give the hypervisor, uncompressed."""
    packed = unpacked(f"xen-hypervisor-{XEN}-amd64") / f"boot/xen-{XEN}-amd64.gz"

    def make(path: Path) -> None:
        path.write_bytes(
            subprocess.run(["gunzip", "-c", packed], capture_output=True, check=True).stdout
        )

    return kept(BUILD / "xen", digest(packed), make)


@cache
def busybox() -> Path:
    """Give the busybox that needs no library; unpacked, as it excludes the other one."""
    return unpacked("busybox-static") / "bin/busybox"


def unpacked(package: str) -> Path:
    """Fetch Debian's newest `package`, and unpack it without installing."""
    debs = BUILD / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    newest = re.search(r"Candidate: (\S+)", run("apt-cache", "policy", package))
    if newest is None:
        raise LabError(f"apt knows no {package}: run `apt-get update`")
    version = newest[1].replace(":", "%3a")

    def make(path: Path) -> None:
        for old in debs.glob(f"{package}_*.deb"):
            old.unlink()
        # As root apt fetches as another user, who may not write here.
        run("apt-get", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3", "download",
            package, cwd=debs)  # fmt: skip
        run("dpkg-deb", "-x", next(debs.glob(f"{package}_*.deb")), path)

    return kept(BUILD / "unpacked" / package, digest(version), make)


@cache
def own_package() -> Path:
    """Build this project's Debian package from the working tree; the same sources give the same."""
    folder = BUILD / "package"
    remove(folder)
    run(ROOT / "debian/build.sh", "", folder)
    return next(folder.glob("dmaragent_*_all.deb"))


def older_than_a_day(path: Path) -> bool:
    """Say whether a file has to be fetched again: Debian may have newer packages."""
    return not path.exists() or time.time() - path.stat().st_mtime > 24 * 60 * 60


def names(paths: Iterable[Path]) -> list[str]:
    """Give the sorted names of files."""
    return sorted(os.fspath(path.name) for path in paths)
