"""Messages of the Linux kernel about ACPI tables that replace the firmware's."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageSeverity, Program

LINUX = Program.LINUX
_TABLES = "drivers/acpi/tables.c"

MESSAGES = (
    message(
        "linux-table-override-refused",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux keeps the firmware's table: lockdown (Secure Boot) forbids another",
        "kernel is locked down, ignoring table override",
        "Lockdown: <any>: modifying ACPI tables is restricted",
        ("Lockdown: ACPI table override is restricted", "distributions' kernels before 5.4"),
        ("Lockdown: ACPI tables override is restricted", "likewise"),
        ("Ignoring ACPI table override", "likewise"),
        releases="Linux 5.4 and later; distributions' kernels before",
        meaning="A table in the initrd would replace the firmware's, and a locked-down kernel refuses "
        "that. The firmware's DMAR (AMD: IVRS) and its reserved regions stay in effect.",
        advice="Disable Secure Boot in the firmware setup. The host then boots any boot loader and "
        "kernel, signed or not, and the table in the initrd takes effect.",
        source=f"{_TABLES}, acpi_table_upgrade; security/security.c, lockdown_reasons "
        "(LOCKDOWN_ACPI_TABLES); checked in the sources of 5.10, 6.1, 6.12 and 7.2; the words "
        "before 5.4 from reports",
    ),
    message(
        "linux-locked-down",
        LINUX,
        MessageSeverity.NOTE,
        "The kernel is locked down, usually because of Secure Boot",
        "Kernel is locked down from <any>; see man kernel_lockdown.7",
        releases="Linux 5.4 and later; distributions' kernels before",
        meaning="Lockdown prevents a DMAR table in the initrd from replacing the firmware's, and "
        "programs from writing to devices directly. No reserved region changes.",
        advice="No action is needed. To replace a table, disable Secure Boot.",
        source="security/lockdown/lockdown.c, lock_kernel_down; checked in the sources of 5.10, "
        "6.1, 6.12 and 7.2",
    ),
    message(
        "linux-table-override-found",
        LINUX,
        MessageSeverity.NOTE,
        "The initrd has a DMAR or IVRS table to replace the firmware's",
        "DMAR ACPI table found in initrd",
        "IVRS ACPI table found in initrd",
        "Table Upgrade: override [DMAR-",
        "Table Upgrade: install [DMAR-",
        "Table Upgrade: override [IVRS-",
        "Table Upgrade: install [IVRS-",
        "Override [DMAR-<any>], this is unsafe: tainting kernel",
        "Override [IVRS-<any>], this is unsafe: tainting kernel",
        releases="Linux 3.6 and later",
        meaning='"Table Upgrade" and "Override" mean that the table was replaced. "found in initrd" alone '
        "does not: a line about lockdown or a smaller OEM revision can follow.",
        advice="Run dmaragent inventory: it shows the table that the kernel uses.",
        source=f"{_TABLES}, acpi_table_upgrade, acpi_table_initrd_override, acpi_table_taint; "
        "checked in the sources of 5.10, 6.1, 6.12 and 7.2",
    ),
    message(
        "linux-table-override-wrong",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux ignores a table in the initrd: the file is wrong",
        "ACPI OVERRIDE: Bad table checksum [<any>]",
        "ACPI OVERRIDE: File length does not match table length [<any>]",
        "ACPI OVERRIDE: Table smaller than ACPI header [<any>]",
        "ACPI OVERRIDE: Unknown signature [<any>]",
        releases="Linux 3.6 and later",
        meaning="The file under kernel/firmware/acpi in the initrd is not a complete ACPI table. The "
        "firmware's table stays in effect.",
        advice="dmaragent decode FILE shows what is wrong with it. dmaragent encode writes a table with"
        " the right length and checksum.",
        source=f"{_TABLES}, acpi_table_upgrade; checked in the sources of 5.10, 6.1, 6.12 and 7.2",
    ),
)
