"""Runs in dom0: creates each guest of /share/guests, and keeps what xl and Xen said of it.

A guest with a file NAME.detach gives back the device in it, and one with a file NAME.restore is saved
and restored, both before anything is attached.  Leaves NAME.status and NAME.stderr of `xl create`, NAME.xen of Xen's log meanwhile, hvmloader's
lines in it; and for a file NAME.attach, whose lines are what to attach to the running guest, the
same of each as NAME.0.status and so on; likewise NAME.detach, NAME.save and NAME.restore.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

WAIT = 60
"""In seconds, for hvmloader to have told its memory map."""
EJECT = 0xAE08
"""The I/O port by which a guest ejects devices: a bit for each slot.  No operating system runs in it."""
DONE = ") Invoking "
"""What hvmloader prints after the map."""


def main() -> None:
    """Create all, one after the other; nothing stays."""
    out = Path("guests")
    out.mkdir()
    devices = assignable()
    for file in sorted(Path("/share/guests").glob("*.cfg")):
        if kept := devices - returned(devices):
            sys.stdout.write(f"{file.stem}: not given back: {' '.join(sorted(kept))}\n")
            devices -= kept
        xl("dmesg", "-c")
        begin = time.monotonic()
        created = xl("-vvv", "create", str(file))
        keep(out / file.stem, created)
        log = awaited() if created.returncode == 0 else xl("dmesg").stdout
        (out / f"{file.stem}.xen").write_text(log)
        if created.returncode == 0:
            detach(out, file)
            restore(out, file)
            attach(out, file)
            end(file.stem)
        took = time.monotonic() - begin
        sys.stdout.write(f"{file.stem}: {created.returncode}, {took:.1f} s\n")


def attach(out: Path, file: Path) -> None:
    """Attach what the guest's .attach file says, to the running guest."""
    wanted = file.with_suffix(".attach")
    lines = wanted.read_text().splitlines() if wanted.exists() else []
    for number, spec in enumerate(lines):
        xl("dmesg", "-c")
        keep(out / f"{file.stem}.{number}", xl("-vvv", "pci-attach", file.stem, spec))
        (out / f"{file.stem}.{number}.xen").write_text(xl("dmesg").stdout)


def detach(out: Path, file: Path) -> None:
    """Detach the device of the guest's .detach file; QEMU's monitor ejects it in the guest's place."""
    wanted = file.with_suffix(".detach")
    if not wanted.exists():
        return
    number = xl("domid", file.stem).stdout.strip()
    path = f"/local/domain/0/backend/pci/{number}/0/vdevfn-0"
    found = subprocess.run(["xenstore-read", path], capture_output=True, text=True, check=False)
    slots = 1 << (int(found.stdout, 16) >> 3)
    command = ["xl", "-vvv", "pci-detach", file.stem, wanted.read_text().strip()]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        end = time.monotonic() + WAIT
        while running.poll() is None and time.monotonic() < end:
            time.sleep(1)
            ejected = xl("qemu-monitor-command", file.stem, f"o /w {EJECT:#x} {slots:#x}")
            sys.stdout.write(f"{file.stem}: eject {slots:#x}: {ejected.stdout}{ejected.stderr}\n")
        stdout, stderr = running.communicate(timeout=WAIT)
    done = subprocess.CompletedProcess(command, running.returncode, stdout, stderr)
    keep(out / f"{file.stem}.detach", done)


def restore(out: Path, file: Path) -> None:
    """Save and restore the guest, if it has a .restore file."""
    if not file.with_suffix(".restore").exists():
        return
    image = Path("/root") / f"{file.stem}.saved"
    keep(out / f"{file.stem}.save", xl("-vvv", "save", file.stem, str(image)))
    keep(out / f"{file.stem}.restore", xl("-vvv", "restore", str(image)))
    image.unlink()


def assignable() -> set[str]:
    """Give the devices that xl would assign: those of pciback that no guest has."""
    return set(xl("pci-assignable-list").stdout.split())


def returned(devices: set[str]) -> set[str]:
    """Give the assignable devices when all of `devices` are, or after WAIT seconds.

    A busy dom0 takes them from a destroyed guest after xl has returned.  libxl refuses the next guest
    with such a device before it looks at its regions.
    """
    end = time.monotonic() + WAIT
    while not devices <= (free := assignable()) and time.monotonic() < end:
        time.sleep(0.2)
    return free


def end(name: str) -> None:
    """Destroy a guest; its QEMU first, or xl waits for a guest that gives no device back."""
    number = xl("domid", name).stdout.strip()
    path = f"/local/domain/{number}/image/device-model-pid"
    found = subprocess.run(["xenstore-read", path], capture_output=True, text=True, check=False)
    if found.returncode == 0:
        os.kill(int(found.stdout), signal.SIGKILL)
    destroyed = xl("destroy", name)
    if destroyed.returncode:
        sys.stdout.write(f"{name}: destroy: {destroyed.returncode}: {destroyed.stderr}\n")


def awaited() -> str:
    """Give Xen's log when hvmloader has told its map, or what there is after WAIT seconds."""
    end = time.monotonic() + WAIT
    while DONE not in (log := xl("dmesg").stdout) and time.monotonic() < end:
        time.sleep(0.2)
    return log


def keep(path: Path, done: "subprocess.CompletedProcess[str]") -> None:
    """Keep how a command ended."""
    path.with_name(f"{path.name}.status").write_text(str(done.returncode))
    path.with_name(f"{path.name}.stderr").write_text(done.stderr)


def xl(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run xl."""
    return subprocess.run(
        ["xl", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        errors="replace", check=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
