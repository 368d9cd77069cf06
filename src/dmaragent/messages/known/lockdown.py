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
        "Linux keeps the firmware's table: Secure Boot locks the kernel down",
        "kernel is locked down, ignoring table override",
        "Lockdown: <any>: modifying ACPI tables is restricted",
        ("Lockdown: ACPI table override is restricted", "distributions' kernels before 5.4"),
        ("Lockdown: ACPI tables override is restricted", "likewise"),
        ("Ignoring ACPI table override", "likewise"),
        releases="Linux 5.4 and later; distributions' kernels before",
        meaning="A table in the initrd would replace the firmware's, and a kernel that is locked "
        "down refuses that. The firmware's DMAR (AMD: IVRS) and its reserved regions stay in "
        "effect.",
        advice="Switch Secure Boot off in the firmware setup; the override then takes effect. The "
        "host then starts any boot loader and kernel, signed or not.",
        source=f"{_TABLES}, acpi_table_upgrade; security/security.c, lockdown_reasons "
        "(LOCKDOWN_ACPI_TABLES); checked in the sources of 5.10, 6.1, 6.12 and 7.2; the words "
        "before 5.4 from reports",
    ),
    message(
        "linux-locked-down",
        LINUX,
        MessageSeverity.NOTE,
        "The kernel is locked down, mostly by Secure Boot",
        "Kernel is locked down from <any>; see man kernel_lockdown.7",
        releases="Linux 5.4 and later; distributions' kernels before",
        meaning="Nobody can replace the firmware's DMAR table from the initrd, or write to devices "
        "past their drivers. No reserved region changes.",
        advice="Nothing needs to be done, unless a table shall be replaced: then switch Secure "
        "Boot off.",
        source="security/lockdown/lockdown.c, lock_kernel_down; checked in the sources of 5.10, "
        "6.1, 6.12 and 7.2",
    ),
    message(
        "linux-table-override-found",
        LINUX,
        MessageSeverity.NOTE,
        "The initrd has a DMAR or IVRS table that shall replace the firmware's",
        "DMAR ACPI table found in initrd",
        "IVRS ACPI table found in initrd",
        "Table Upgrade: override [DMAR-",
        "Table Upgrade: install [DMAR-",
        "Table Upgrade: override [IVRS-",
        "Table Upgrade: install [IVRS-",
        releases="Linux 3.6 and later",
        meaning="With Table Upgrade the table was replaced; found in initrd alone does not say "
        "so: a line about lockdown or a smaller OEM revision can follow.",
        advice="Run dmaragent inventory: it shows the table that the kernel uses.",
        source=f"{_TABLES}, acpi_table_upgrade, acpi_table_initrd_override; checked in the sources "
        "of 5.10, 6.1, 6.12 and 7.2",
    ),
    message(
        "linux-table-override-wrong",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux does not take a table from the initrd: the file is wrong",
        "ACPI OVERRIDE: Bad table checksum [<any>]",
        "ACPI OVERRIDE: File length does not match table length [<any>]",
        "ACPI OVERRIDE: Table smaller than ACPI header [<any>]",
        "ACPI OVERRIDE: Unknown signature [<any>]",
        releases="Linux 3.6 and later",
        meaning="The file under kernel/firmware/acpi in the initrd is no whole ACPI table. The "
        "firmware's table stays in effect.",
        advice="dmaragent decode FILE says what is wrong with it; dmaragent encode writes a table "
        "with the right length and checksum.",
        source=f"{_TABLES}, acpi_table_upgrade; checked in the sources of 5.10, 6.1, 6.12 and 7.2",
    ),
)
