"""Runs in dom0: creates each guest of /share/guests, and keeps what xl and Xen said of it.

Leaves NAME.status and NAME.stderr of `xl create`, NAME.xen of Xen's log meanwhile, hvmloader's
lines in it; and for a file NAME.attach, whose lines are what to attach to the running guest, the
same of each as NAME.0.status and so on.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

WAIT = 60
"""In seconds, for hvmloader to have told its memory map."""
DONE = ") Invoking "
"""What hvmloader prints after the map."""


def main() -> None:
    """Create all, one after the other; nothing stays."""
    out = Path("guests")
    out.mkdir()
    for file in sorted(Path("/share/guests").glob("*.cfg")):
        xl("dmesg", "-c")
        begin = time.monotonic()
        created = xl("-vvv", "create", str(file))
        keep(out / file.stem, created)
        log = awaited() if created.returncode == 0 else xl("dmesg").stdout
        (out / f"{file.stem}.xen").write_text(log)
        if created.returncode == 0:
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


def end(name: str) -> None:
    """Destroy a guest; its QEMU first, or xl waits for a guest that gives no device back."""
    number = xl("domid", name).stdout.strip()
    path = f"/local/domain/{number}/image/device-model-pid"
    found = subprocess.run(["xenstore-read", path], capture_output=True, text=True, check=False)
    if found.returncode == 0:
        os.kill(int(found.stdout), signal.SIGKILL)
    xl("destroy", name)


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
