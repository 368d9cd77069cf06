"""Xen by OVMF and GRUB, which can put an ACPI table in the place of the firmware's.

What Xen then sees is what firmware would have given it: so a PV dom0 sees it too, a DMAR as RMAD.
"""

from dataclasses import replace
from pathlib import Path

from vm.ingredients import digest, kept, kernel, run, xen_image
from vm.initrd import initrd
from vm.machine import Boot, Booted, firmware_boot
from vm.suites import BUILD

_CONFIGURATION = """\
insmod part_gpt
insmod fat
{table}
multiboot2 (memdisk)/xen {xen}
module2 (memdisk)/vmlinuz {linux}
module2 (memdisk)/initrd.img
boot
"""
_TABLE = "acpi --exclude={} (memdisk)/table.aml"
_MODULES = "acpi multiboot2 normal memdisk tar part_gpt fat"


def xen(boot: Boot, xen_line: str) -> Booted:
    """Boot Xen with a PV dom0; `boot.table` is what its firmware has for a DMAR or IVRS."""
    hypervisor = f"console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all sync_console {xen_line}"
    line = f"console=hvc0 panic=-1 net.ifnames=0 lab={boot.mode} {boot.line}"
    if boot.mode == "systemd":
        line += " systemd.show_status=no quiet loglevel=4"
    disk = _disk(boot, hypervisor, line)
    return firmware_boot(replace(boot, table=None), disk)


def _disk(boot: Boot, xen_line: str, linux_line: str) -> Path:
    table, suite = boot.table, boot.suite
    text = _CONFIGURATION.format(
        table="" if table is None else _TABLE.format(table[:4].decode("ascii")),
        xen=xen_line.replace(";", "\\;"),  # which would end GRUB's command
        linux=linux_line,
    )
    inputs = digest(
        text, table or b"", kernel(suite).image, xen_image(suite), initrd(suite), Path(__file__)
    )

    def make(path: Path) -> None:
        folder = path.with_suffix(".efi")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "grub.cfg").write_text(text)
        (folder / "table.aml").write_bytes(table or b"")
        files = {
            "boot/grub/grub.cfg": folder / "grub.cfg",
            "table.aml": folder / "table.aml",
            "xen": xen_image(suite),
            "vmlinuz": kernel(suite).image,
            "initrd.img": initrd(suite),
        }
        loader = folder / "loader.efi"
        run("grub-mkstandalone", "--format=x86_64-efi", f"--output={loader}",
            f"--install-modules={_MODULES}", "--locales=", "--fonts=", "--themes=",
            *(f"{inside}={outside}" for inside, outside in files.items()))  # fmt: skip
        run("truncate", "--size=96M", path)
        run("mformat", "-i", path, "-F", "::")
        run("mmd", "-i", path, "::/EFI", "::/EFI/BOOT")
        run("mcopy", "-i", path, loader, "::/EFI/BOOT/BOOTX64.EFI")

    return kept(BUILD / "boot" / f"{boot.label}.esp", inputs, make)
