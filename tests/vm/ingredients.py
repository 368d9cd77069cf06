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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vm.suites import BOOKWORM, BUILD, ROOT, Suite

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
_MODULE_LISTS = ("modules.order", "modules.builtin", "modules.builtin.modinfo")
_PLACES = ("lib/modules", "usr/lib/modules")
"""Where a kernel's package has its modules: the second since Debian 13."""


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


def run(
    *command: str | Path,
    cwd: Path | None = None,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a command; what it says is for the error, should it fail."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        check=False,
        env=env,
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
def kernel(suite: Suite) -> Kernel:
    """Return the newest kernel of `suite`, with the modules that matter here."""
    names = run("apt-cache", "depends", "linux-image-amd64", env=suite.apt())
    newest = re.search(r"Depends: (linux-image-\S+)", names)
    if newest is None:
        raise LabError(f"apt knows no kernel of {suite.name}: run `apt-get update`")
    folders = [unpacked(newest[1], suite)]
    # Since Linux 7 the package has parts, each with a package of its own.
    parts = run("apt-cache", "depends", newest[1], env=suite.apt())
    folders += [
        unpacked(part, suite)
        for part in re.findall(r"Depends: (linux-(?:binary|modules|base)-\d\S+)", parts)
    ]
    images = ("boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz")  # the second since Linux 7
    (image,) = (path for folder in folders for place in images for path in folder.glob(place))
    release = newest[1].removeprefix("linux-image-")
    inputs = digest(image, repr(_MODULE_FOLDERS), Path(__file__))
    return Kernel(
        release=release,
        image=image,
        modules=kept(suite.folder / "modules", inputs, _modules(folders, release)),
    )


def _modules(unpacked_kernel: Sequence[Path], release: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        target = path / "lib/modules" / release
        target.mkdir(parents=True)
        folders = [folder / place / release for folder in unpacked_kernel for place in _PLACES]
        for inner in (*(f"kernel/{name}" for name in _MODULE_FOLDERS), *_MODULE_LISTS):
            (target / inner).parent.mkdir(parents=True, exist_ok=True)
            pattern = f"{inner}*" if inner.endswith(".ko") else inner  # .ko.xz since Linux 6.12
            for source in (path for folder in folders for path in folder.glob(pattern)):
                run("cp", "-a", source, (target / inner).parent)
        packed = list(target.rglob("*.ko.xz"))  # the initial RAM disk's insmod unpacks none
        if packed:
            run("xz", "--decompress", *packed)
        run("depmod", "-b", path, release)

    return make


@cache
def xen_image(suite: Suite) -> Path:
    """Return the hypervisor of `suite`, uncompressed."""
    packed = unpacked(f"xen-hypervisor-{suite.xen}-amd64", suite) / f"boot/xen-{suite.xen}-amd64.gz"

    def make(path: Path) -> None:
        path.write_bytes(
            subprocess.run(["gunzip", "-c", packed], capture_output=True, check=True).stdout
        )

    return kept(suite.folder / "xen", digest(packed), make)


@cache
def busybox() -> Path:
    """Return the busybox that needs no library; unpacked, as it excludes the other one."""
    return unpacked("busybox-static", BOOKWORM) / "bin/busybox"


def unpacked(package: str, suite: Suite) -> Path:
    """Fetch the newest `package` of `suite`, and unpack it without installing."""
    debs = suite.folder / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    newest = re.search(r"Candidate: (\S+)", run("apt-cache", "policy", package, env=suite.apt()))
    if newest is None:
        raise LabError(f"apt knows no {package} of {suite.name}: run `apt-get update`")
    version = newest[1].replace(":", "%3a")

    def make(path: Path) -> None:
        for old in debs.glob(f"{package}_*.deb"):
            old.unlink()
        # As root apt fetches as another user, who may not write here.
        run("apt-get", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3", "download",
            package, cwd=debs, env=suite.apt())  # fmt: skip
        run("dpkg-deb", "-x", next(debs.glob(f"{package}_*.deb")), path)

    return kept(suite.folder / "unpacked" / package, digest(version), make)


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
