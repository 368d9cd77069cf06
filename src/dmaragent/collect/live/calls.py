"""The calls of a running machine: commands, psutil, udev, the hypercall.

Each returns bytes, which a recording keeps, or a Missing with the reason.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable

from dmaragent.collect import ledger, outputs
from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.live.commands import ENVIRONMENT, run_within
from dmaragent.collect.live.udev import enumerate_pci
from dmaragent.readings import Missing, MissingKind

_SECONDS = 10
"""The time limit of a command: ``xl info`` hangs while xenstored is not running."""
_LOGS = (ledger.BOOT_LOG.path, ledger.XL_DMESG.path)
"""The outputs that are cut if they are too long: the lines that matter are printed at boot."""


def call(request: HostRequest) -> bytes | Missing:
    """Make the call that `request` names; return no more output than the request allows."""
    made = _CALLS.get(request.path)
    if made is None:
        return Missing(MissingKind.FAILED, f"no such call: {request.path}")
    output = made(request.arguments)
    if isinstance(output, Missing) or len(output) <= request.limit:
        return output
    if request.path in _LOGS:
        return output[: output.rfind(b"\n", 0, request.limit) + 1]
    return Missing(MissingKind.FAILED, f"more than {request.limit} bytes")


def _udev_pci(_: tuple[str, ...]) -> bytes | Missing:
    return enumerate_pci()


def _boot_log(_: tuple[str, ...]) -> bytes | Missing:
    output = run_command(["dmesg", "--kernel"])
    if isinstance(output, Missing) and output.kind is MissingKind.FAILED:
        output = run_command(["dmesg", "-r"])  # busybox has no --kernel
        output = output if isinstance(output, Missing) else outputs.kernels_lines(output)
    return output if isinstance(output, Missing) else outputs.boot_lines(output)


def _resources(_: tuple[str, ...]) -> bytes | Missing:
    try:
        import psutil  # noqa: PLC0415 - 11 ms, and the capture does without
    except ImportError as error:
        return Missing(MissingKind.FAILED, f"psutil cannot be used: {error}")
    try:
        facts = {
            "memory_total": psutil.virtual_memory().total,
            "boot_time": int(psutil.boot_time()),
        }
    except (OSError, RuntimeError) as error:
        return Missing(MissingKind.FAILED, f"psutil: {error}")
    return json.dumps(facts).encode("ascii")


def _xl_info(_: tuple[str, ...]) -> bytes | Missing:
    return run_command(["xl", "info"])


def _clock(_: tuple[str, ...]) -> bytes | Missing:
    return b"%d\n" % int(time.time())


def _xl_dmesg(_: tuple[str, ...]) -> bytes | Missing:
    output = run_command(["xl", "dmesg"])
    return output if isinstance(output, Missing) else outputs.xens_lines(output)


def _xl_list(_: tuple[str, ...]) -> bytes | Missing:
    output = run_command(["xl", "list", "-l"])
    return output if isinstance(output, Missing) else outputs.guests_parts(output)


def _xenstore_pci(_: tuple[str, ...]) -> bytes | Missing:
    output = run_command(["xenstore-ls", "-f", "/local/domain/0/backend/pci"])
    return output if isinstance(output, Missing) else outputs.backends_lines(output)


def _xen_rdm(_: tuple[str, ...]) -> bytes | Missing:
    from dmaragent.collect.live.hypercall import reserved_device_memory  # noqa: PLC0415 - ctypes, on Xen only: 3 ms

    return reserved_device_memory(None)


def _xen_rdm_devices(devices: tuple[str, ...]) -> bytes | Missing:
    from dmaragent.collect.live.hypercall import reserved_device_memory  # noqa: PLC0415 - ctypes, on Xen only: 3 ms

    return reserved_device_memory(devices)


def _libxlutil(question: tuple[str, ...]) -> bytes | Missing:
    """Ask the installed libxlutil; the answers before a crash of it count."""
    command = [sys.executable, "-P", "-m", "dmaragent.collect.live.libxlutil"]
    try:
        output = run_within(_SECONDS, command, "".join(question).encode("ascii")).output
    except OSError as error:
        return Missing(MissingKind.FAILED, f"libxlutil: {os.strerror(error.errno or 0)}")
    if not output:
        return Missing(MissingKind.ABSENT, "libxlutil is not installed, or it failed")
    return output


_CALLS: dict[str, Callable[[tuple[str, ...]], bytes | Missing]] = {
    ledger.UDEV_PCI.path: _udev_pci,
    ledger.BOOT_LOG.path: _boot_log,
    ledger.RESOURCES.path: _resources,
    ledger.XL_INFO.path: _xl_info,
    ledger.XEN_RDM.path: _xen_rdm,
    ledger.XEN_RDM_DEVICES.path: _xen_rdm_devices,
    ledger.LIBXLUTIL.path: _libxlutil,
    ledger.CLOCK.path: _clock,
    ledger.XL_DMESG.path: _xl_dmesg,
    ledger.XL_LIST.path: _xl_list,
    ledger.XENSTORE_PCI.path: _xenstore_pci,
}


def run_command(command: list[str]) -> bytes | Missing:
    """Run `command` with no input and in the C locale; return its output.

    A command that is not installed is absent. One that fails or takes too long failed, with the
    first line of its standard error.
    """
    path = shutil.which(command[0], path=ENVIRONMENT["PATH"])
    if path is None:
        return Missing(MissingKind.ABSENT, f"{command[0]} is not installed")
    try:
        done = run_within(_SECONDS, [path, *command[1:]])
    except OSError as error:
        return Missing(MissingKind.FAILED, f"{command[0]}: {os.strerror(error.errno or 0)}")
    if done.code is None:
        return Missing(MissingKind.FAILED, f"{command[0]} did not answer in {_SECONDS} s")
    if done.code:
        complaint = done.errors.decode("utf-8", "replace").strip().partition("\n")[0]
        denied = "permission" in complaint.lower() or "not permitted" in complaint.lower()
        kind = MissingKind.DENIED if denied else MissingKind.FAILED
        return Missing(kind, f"{command[0]} exited with {done.code}: {complaint}"[:200])
    return done.output
