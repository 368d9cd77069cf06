"""The root file system of the machines: a Debian with Xen's tools and this project's package."""

import subprocess
from functools import cache, partial
from pathlib import Path

from vm.ingredients import (
    LabError,
    digest,
    kept,
    kernel,
    older_than_a_day,
    own_package,
    remove,
    run,
    stamp,
)
from vm.suites import Suite

_PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "udev", "kmod", "python3", "python3-construct",
    "python3-h11", "python3-psutil", "python3-pyudev", "pciutils", "iproute2", "procps", "curl",
    "qemu-system-x86", "seabios",
)  # fmt: skip
_ITS = ("python3-construct", "python3-h11", "python3-psutil", "python3-pyudev")
"""What dmaragent needs."""
_WITH_XENS_QEMU = {"bookworm", "trixie", "sid"}
"""The suites in which Xen's QEMU is a package of its own; before, the ordinary QEMU was Xen's too."""
_MASKED = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
    "e2scrub_reap.service", "fstrim.timer", "getty@tty1.service", "serial-getty@hvc0.service",
    "serial-getty@ttyS0.service", "systemd-timesyncd.service", "systemd-networkd.service",
    "xendomains.service", "systemd-random-seed.service", "systemd-pstore.service",
)  # fmt: skip
"""What a server does besides, and would only cost time here."""
_LAB_UNITS = {
    "lab.target": """\
[Unit]
Description=A machine that is up, and asked
Requires=multi-user.target
After=multi-user.target
AllowIsolate=yes
""",
    "lab.service": """\
[Unit]
Description=Ask the machine what the scenario wants to know
After=multi-user.target
ConditionPathExists=/lab/run
[Service]
Type=oneshot
ExecStart=/lab/run
ExecStopPost=/bin/systemctl poweroff --no-block
StandardOutput=journal+console
StandardError=journal+console
[Install]
WantedBy=lab.target
""",
}
_RUN = """\
#!/bin/sh
# Runs the scenario's script from the share, and leaves its words and its status there.
mkdir -p /share
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 share /share || exit 1
cd /share/out || exit 1
if [ -x /share/inside ]; then
    /share/inside >/share/out/said.txt 2>&1 </dev/null
    echo $? >/share/out/status
fi
sync
"""


@cache
def root_image(suite: Suite) -> Path:
    """Return the root file system as an ext4 image, with the newest package installed."""
    package = own_package() if suite.runs_dmaragent else None
    inputs = digest(package or "", _base(suite), stamp(kernel(suite).modules), Path(__file__))
    return kept(suite.folder / "root.ext4", inputs, partial(_make_image, suite))


def _packages(suite: Suite) -> tuple[str, ...]:
    ordinary = (name for name in _PACKAGES if suite.runs_dmaragent or name not in _ITS)
    qemu = ("qemu-system-xen",) if suite.name in _WITH_XENS_QEMU else ()
    return (*ordinary, f"xen-utils-{suite.xen}", f"libxenmisc{suite.xen}", *qemu)


@cache
def _base(suite: Suite) -> Path:
    """Return the tar of a fresh Debian; made again when it is older than a day."""
    path = suite.folder / "debian.tar"
    if older_than_a_day(path):
        remove(path)

    def make(target: Path) -> None:
        run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(_packages(suite))}",
            "--dpkgopt=force-unsafe-io", '--aptopt=Acquire::Check-Valid-Until "false"',
            suite.name, target)  # fmt: skip

    return kept(path, digest(repr(_packages(suite))), make)


def _make_image(suite: Suite, path: Path) -> None:
    folder = suite.folder / "root"
    remove(folder)
    folder.mkdir()
    try:
        run("tar", "--extract", "--file", _base(suite), "--directory", folder, "--numeric-owner")
        if suite.runs_dmaragent:
            _install(folder)
        # In Debian 11, lib is a folder of its own; since then a link to usr/lib.
        run("cp", "-a", kernel(suite).modules / "lib/modules", folder / "lib/")
        _set_up(folder)
        run("mke2fs", "-q", "-t", "ext4", "-d", folder, path, "2G")
    finally:
        remove(folder)


def _install(folder: Path) -> None:
    """Install the package as a user does, but for apt: it needs nothing that is not there."""
    package = own_package()
    (folder / package.name).write_bytes(package.read_bytes())
    command = ["chroot", str(folder), "dpkg", "--install", f"/{package.name}"]
    clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=clean, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"the package does not install:\n{done.stdout}{done.stderr}")
    (folder / package.name).unlink()


def _set_up(folder: Path) -> None:
    units = folder / "etc/systemd/system"
    for name in _MASKED:
        link = units / name
        remove(link)
        link.symlink_to("/dev/null")
    for name, text in _LAB_UNITS.items():
        (units / name).write_text(text)
    (units / "lab.target.wants").mkdir()
    (units / "lab.target.wants/lab.service").symlink_to("/etc/systemd/system/lab.service")
    (units / "default.target").unlink(missing_ok=True)
    (units / "default.target").symlink_to("/etc/systemd/system/lab.target")
    (folder / "lab").mkdir()
    (folder / "lab/run").write_text(_RUN)
    (folder / "lab/run").chmod(0o755)
    (folder / "etc/fstab").write_text("")
    (folder / "etc/hostname").write_text("lab\n")
