"""The initial RAM disk: busybox, the modules to reach the root file system and the share."""

import shutil
import tempfile
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path

from vm.ingredients import Kernel, busybox, digest, kept, kernel, run, stamp
from vm.suites import Suite

_MODULES = ("virtio_pci", "virtio_blk", "ext4", "9pnet_virtio", "9p")
_INIT = """\
#!/bin/busybox sh
# lab=systemd boots the root file system; lab=script runs the scenario's script in it, without
# systemd; lab=mini runs the script here, with busybox alone.
/bin/busybox mkdir -p /proc /sys /dev /root /share /tmp /run /usr/bin /usr/sbin /sbin
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "$module"; done </modules
mode=mini
for word in $(cat /proc/cmdline); do
    case $word in lab=*) mode=${word#lab=} ;; esac
done
if [ "$mode" = mini ]; then
    mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 share /share
    cd /share/out
    /share/inside >/share/out/said.txt 2>&1 </dev/null
    echo $? >/share/out/status
    sync
    poweroff -f
fi
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
mount -t ext4 /dev/vda /root
if [ "$mode" = script ]; then
    mount --move /proc /root/proc
    mount --move /sys /root/sys
    mount --move /dev /root/dev
    mount -t tmpfs run /root/run
    PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot /root /lab/run
    poweroff -f
fi
umount /proc
umount /sys
mount --move /dev /root/dev
exec switch_root /root /sbin/init
"""


@cache
def initrd(suite: Suite) -> Path:
    """Return the initial RAM disk for the kernel of `suite`."""
    inputs = digest(stamp(kernel(suite).modules), busybox(), Path(__file__))
    return kept(suite.folder / "initrd.img", inputs, partial(_make, kernel(suite)))


def _make(of: Kernel, path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bin").mkdir()
        shutil.copy2(busybox(), folder / "bin/busybox")
        modules: list[str] = []
        for module in _MODULES:
            for line in run(
                "modprobe", "-d", of.modules, "-S", of.release, "--show-depends", module
            ).splitlines():
                verb, _, rest = line.partition(" ")
                file = Path(rest.split()[0]) if verb == "insmod" else None
                if file is None or f"/lib/{file.name}" in modules:
                    continue
                (folder / "lib").mkdir(exist_ok=True)
                shutil.copy2(file, folder / "lib" / file.name)
                modules.append(f"/lib/{file.name}")
        (folder / "modules").write_text("".join(f"{each}\n" for each in modules))
        (folder / "init").write_text(_INIT)
        (folder / "init").chmod(0o755)
        path.write_bytes(cpio(folder))


def with_table(table: bytes, suite: Suite) -> bytes:
    """Give the initial RAM disk with an ACPI table before it, that the kernel takes for its own.

    Linux: Documentation/admin-guide/acpi/initrd_table_override.rst.  The table has to have a
    higher OEM revision than the one it replaces.
    """
    name = table[:4].decode("ascii").lower()
    return cpio_of({f"kernel/firmware/acpi/{name}.aml": table}) + initrd(suite).read_bytes()


def cpio_of(files: Mapping[str, bytes]) -> bytes:
    """Give an uncompressed cpio archive of `files`."""
    with tempfile.TemporaryDirectory() as name:
        for path, data in files.items():
            target = Path(name, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return cpio(Path(name))


def cpio(folder: Path) -> bytes:
    """Pack a folder as the kernel wants it."""
    archive = folder.with_name(folder.name + ".cpio")
    listing = "\n".join(sorted(str(path.relative_to(folder)) for path in folder.rglob("*")))
    run("cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0", "-F", archive, cwd=folder,
        stdin=listing.encode())  # fmt: skip
    data = archive.read_bytes()
    archive.unlink()
    return data
