"""The sentences of the verbs outside of documents: errors, and lines on standard error.

A function that returns a DmaragentError sets the error and its next step. Nothing here is escaped:
the code that prints a sentence escapes text from strangers.
"""

from dmaragent.errors import DmaragentError

# The command line -----------------------------------------------------------------------


RECORD_AS_ROOT = "on that host, run dmaragent dump as root, or copy its table as root"
"""What to do about a table of another host that its recorder was not allowed to read."""


def did_you_mean(suggestion: str | None, hint: str) -> str:
    """Return `hint`, after `suggestion`, the word that was probably meant, if there is one."""
    return f"Did you mean {suggestion}? {hint}" if suggestion else hint


def no_such_verb(verb: str, suggestion: str | None) -> DmaragentError:
    return DmaragentError(
        f"unknown verb '{verb}'",
        did_you_mean(suggestion, "dmaragent --help lists the verbs"),
    )


def no_such_argument(
    verb: str, arguments: str, suggestion: str | None, *, takes_host: bool
) -> DmaragentError:
    host = "to name a host, use --host PATH; " if takes_host and not suggestion else ""
    return DmaragentError(
        f"{verb}: unknown argument: {arguments}",
        did_you_mean(suggestion, f"{host}dmaragent {verb} --help shows the options and examples"),
    )


def no_such_schema(name: str, suggestion: str | None) -> DmaragentError:
    return DmaragentError(
        f"unknown schema '{name}'",
        did_you_mean(suggestion, "dmaragent schema lists all schemas"),
    )


def no_verb_of_demo(word: str) -> DmaragentError:
    return DmaragentError(
        f"demo: '{word}' is not a verb with --host", "dmaragent demo --help shows examples"
    )


DEMO_TITLE = "A recorded machine that comes with dmaragent"


def tree_of_one_device() -> DmaragentError:
    return DmaragentError("--tree and --device exclude each other: --tree shows all devices")


def or_show_with_host() -> DmaragentError:
    return DmaragentError("--or-show and --host exclude each other: --or-show is for this machine")


def xen_documented() -> DmaragentError:
    """Return the error of a verb whose ``--xen`` accepts only releases."""
    return DmaragentError(
        "--xen documented applies only to guests' settings (resolve, hotplug, diff)",
        "use a release, such as --xen 4.17",
    )


def json_with_csv() -> DmaragentError:
    return DmaragentError("--csv and --json exclude each other", "choose one of them")


def not_a_class(name: str) -> DmaragentError:
    return DmaragentError(
        f"--class: {name!r} is not a PCI class",
        "use a name (usb, ethernet, vga) or 2, 4 or 6 hexadecimal digits (0c03)",
    )


def not_vendor_and_device(text: str) -> DmaragentError:
    return DmaragentError(
        f"--id: {text!r} is not VENDOR:DEVICE", "write both in hexadecimal, as in 8086:10d3"
    )


def not_a_named_device(text: str) -> str:
    return f"{text!r} is not NAME=SBDF"


def named_device_without_function(text: str) -> str:
    return f"{text!r} lacks the function, as in =0000:0a:00.0"


def boot_option_asks(*, nothing: bool) -> DmaragentError:
    """Return the error of ``boot-option`` without a task, or with two."""
    given = "nothing to do" if nothing else "only one task at a time is possible"
    return DmaragentError(
        f"boot-option: {given}",
        "name regions (0xBASE-0xLIMIT=SBDF), or use --check [TEXT] or --from-log FILE",
    )


def not_a_region(why: Exception) -> DmaragentError:
    return DmaragentError(f"REGION {why}", "write a region like 0xbdf3e000-0xbdf5dfff=00:1d.0")


def option_with_guest(option: str) -> DmaragentError:
    return DmaragentError(
        f"--{option} and GUEST exclude each other: --{option} describes a guest without a file"
    )


def no_guest_given() -> DmaragentError:
    return DmaragentError(
        "no guest is named", "name a configuration, or describe the guest with --memory and --pci"
    )


def not_mib(option: str, text: str) -> DmaragentError:
    return DmaragentError(f"--{option}: '{text}' is not a whole number of MiB")


# Output of answers ----------------------------------------------------------------------


def report_to_terminal() -> DmaragentError:
    return DmaragentError(
        "a report is HTML, which a terminal cannot show", "write it to a file with -o FILE"
    )


def bundle_to_terminal() -> DmaragentError:
    return DmaragentError(
        "a bundle is an archive, which a terminal cannot show",
        "pipe it, or write it to a file with -o FILE",
    )


def output_taken_by_json() -> DmaragentError:
    return DmaragentError(
        "--json and -o - exclude each other: both use standard output", "use -o FILE"
    )


def wrote_table(path: str, size: str) -> str:
    return f"Wrote {path}: {size}"


def left_out_region(number: int, name: str, facts: str) -> str:
    return f"Left out region {number}, {name}: {facts}"


def load_override() -> str:
    return "Sealed, with a higher OEM revision. How to load it, and its risks: dmaragent(8), encode"


def deciding(readings: int) -> str:
    """Return the progress of ``dump`` after the host was read."""
    return f"{readings} readings; making the answers"


# Hosts and tables -----------------------------------------------------------------------


def read_from(reading: str) -> str:
    return f"Read from {reading}."


def warning(path: str, problem: str) -> str:
    return f"Warning: {path}: {problem}"


def damaged_file(path: str, problem: str) -> DmaragentError:
    return DmaragentError(
        f"{path} is damaged, and the firmware is not the cause: {problem}",
        "copy the whole file again; dmaragent decode shows its readable part",
    )


def damaged_table(problem: str, *, in_text: bool) -> str:
    """Return what is damaged: the text of a table, or the packed file around it."""
    return f"{'DAMAGED TEXT' if in_text else 'DAMAGED FILE'}: {problem}"


def another_kind_of_table(name: str) -> str:
    return f"contains {name}, another ACPI table"


def other_kinds_of_tables(names: str) -> str:
    return f"Other ACPI tables, not decoded: {names}"


def passed_over(path: str, reason: str) -> str:
    return f"{path}: skipped: {reason}"


def published_instead(which: str) -> str:
    """Return the line above an inventory that the service published."""
    return f"The firmware's table needs root. This inventory is from dmaragent.service ({which})."


def table_needs_root(command: str) -> str:
    return f"This machine has a table of its IOMMU, which needs root: {command}"


def table_absent(command: str) -> str:
    return f"This machine has no DMAR or IVRS table (absent). On a machine with one: {command}"


def table_unreadable(why: str, command: str) -> str:
    return f"This machine's table cannot be read: {why}. Try: {command}"


def shown_instead(path: str) -> str:
    return f"Showing {path} instead."


def nothing_to_compare(why: str) -> DmaragentError:
    """Return the error if neither host has a table to compare."""
    return DmaragentError(why, "compare hosts of which at least one has a table")


def decode_says_what_is_wrong(path: str) -> str:
    """Return the hint; `path` is quoted for a shell."""
    return f"dmaragent decode --host {path} shows what is wrong with it"


# Devices --------------------------------------------------------------------------------


def only_function(text: str, device: str) -> str:
    return f"dmaragent: {text} has one function, so this is {device}"


def decimal_address(text: str, decimal: str, device: str) -> str:
    return f"dmaragent: {text} is decimal ({decimal}), so this is {device}"


def in_words_of_xl(text: str, device: str) -> str:
    return f"dmaragent: {text} is {device} in xl's spelling"


def no_function_named(option: str, text: str) -> str:
    """Return the first part of an error about a device without a function."""
    return f"{option}: {text!r} names a device without its function"


def functions_unknown(begin: str, named_by_regions: str, place: str) -> DmaragentError:
    hint = f"; regions name {named_by_regions}" if named_by_regions else ""
    return DmaragentError(
        f"{begin}, and its functions are unknown: the PCI functions were not collected{hint}",
        f"add the function, as in {place}.0",
    )


def several_functions(begin: str, number: int, functions: str) -> DmaragentError:
    return DmaragentError(f"{begin}; it has {number}", f"use one of: {functions}")


def no_function_at(option: str, place: str, elsewhere: str) -> str:
    return f"{option}: no function is present at {place}{elsewhere}"


def on_another_segment(devices: str) -> str:
    """Return the addition to an error if the address is present on another segment."""
    return f" (on another segment: {devices})"


def tree_shows_devices(path: str) -> str:
    """Return the hint of an error about a device; `path` is quoted for a shell."""
    return f"dmaragent inventory --tree --host {path} shows the known devices"


# Guests ---------------------------------------------------------------------------------


def left_out(path: str, why: str) -> str:
    return f"{path} is skipped: {why}"


def not_a_guest() -> str:
    return "not a guest"


def no_settings_of_a_guest() -> str:
    """Return why an xl.cfg in a folder is not a guest."""
    return "it has no name, or none of memory, type and devices"


def not_xl_cfg(line: str) -> str:
    return f"not an xl.cfg (line {line})"


def convert_guest(message: str, where: str) -> DmaragentError:
    """Return the error of a text in no format of guests, from a verb without options for settings."""
    hint = "convert the guest, or give its settings to dmaragent resolve: --memory, --pci"
    return DmaragentError(message, hint, where)


def no_guests_at(paths: str, formats: str) -> DmaragentError:
    return DmaragentError(
        f"{paths}: no guest's configuration found",
        f"name a guest ({formats}), or a folder of them",
    )


def into_a_folder(path: str) -> DmaragentError:
    return DmaragentError(
        f"--into: {path} is a folder", "name the xl.cfg of the guest, or its JSON"
    )


def not_one_guest(path: str, number: int, name: str | None, names: str) -> DmaragentError:
    """Return the error of ``--into`` if `number` guests have that `name`, and not one."""
    if number:
        why = f"{path} contains {number} guests" + (f" named {name!r}" if name else "")
    else:
        why = f"{path} contains no guest named {name!r}"
    return DmaragentError(why, f"choose one with --guest: {names}")


# Logs and messages ----------------------------------------------------------------------


def archive_not_log(where: str) -> DmaragentError:
    return DmaragentError(f"{where} is an archive, not a log", "unpack it and name the log in it")


def command_line_unknown(where: str) -> DmaragentError:
    return DmaragentError(
        f"--check: Xen's command line is unknown for {where}",
        "add the text: --check 'rmrr=...'; on a Xen host, run it as root in dom0",
    )


def no_option_in_text(option: str) -> DmaragentError:
    return DmaragentError(
        f"--check: the text has no {option}=",
        f"write it as on Xen's command line: '{option}=0x...=00:1d.0'",
    )


def no_fault_in_log(where: str) -> DmaragentError:
    return DmaragentError(
        f"--from-log: {where} contains no DMA fault of VT-d or AMD-Vi",
        "use the output of `xl dmesg` or `dmesg`, with lines like "
        "'[DMA Write] Request device [0000:00:1d.0] fault addr bdf3e000'",
    )


def only_faults_of_amd(where: str) -> DmaragentError:
    return DmaragentError(
        f"--from-log: {where} contains DMA faults of AMD-Vi only, and the host is not an AMD machine",
        "name the AMD host with --host, or use --vendor amd",
    )


def log_cut(mebibytes: int, path: str) -> str:
    return f"Read only the first {mebibytes} MiB of {path}. The rest of it:"


def no_message_given() -> str:
    return (
        "No message to explain. Paste one in quotes, or pipe a log:\n"
        "sudo dmesg | sudo dmaragent why -"
    )


def no_message_known(read: str) -> str:
    return f"No known message in {read}. To list the known messages: dmaragent why --list"


def no_log_read(*, live: bool) -> DmaragentError:
    return DmaragentError(
        "no TEXT is given, and the boot log of this host could not be read",
        "paste a message, or pipe a log: sudo dmesg | sudo dmaragent why -"
        if live
        else "paste a message, or name a log of that host: dmaragent why FILE",
    )


# The JSON of a table --------------------------------------------------------------------

_TAKES = "use the output of: dmaragent decode DMAR.bin --json > dmar.json"


def not_json(path: str, why: object) -> DmaragentError:
    if isinstance(why, RecursionError):
        return DmaragentError(f"{path} is nested too deeply", _TAKES)
    return DmaragentError(f"{path} is not JSON: {why}", _TAKES)


def not_text() -> str:
    return "it is not text"


def not_of_decode(path: str) -> DmaragentError:
    return DmaragentError(f"{path} is not the output of `dmaragent decode --json`", _TAKES)


def other_version(path: str, version: str) -> DmaragentError:
    return DmaragentError(f"{path} has version {version}; this dmaragent reads version 1")


def not_one_table(path: str, held: str, *, some: bool) -> DmaragentError:
    hint = "choose one with --table N" if some else _TAKES
    return DmaragentError(f"{path} contains {held}", hint)


def no_such_table(path: str, held: str, number: int, *, several: bool) -> DmaragentError:
    hint = "choose one of them" if several else "omit --table"
    return DmaragentError(f"{path} contains {held}, but no table {number}", hint)


def no_region_to_leave_out(path: str) -> DmaragentError:
    return DmaragentError(
        f"--without: {path} has no reserved region", "dmaragent decode shows its structures"
    )


def no_such_region(name: str, regions: str) -> DmaragentError:
    return DmaragentError(
        f"--without: the table has no region {name!r}", f"use all, or one of: {regions}"
    )


def table_not_object(path: str, number: int) -> DmaragentError:
    return DmaragentError(f"{path}: table {number} is not an object")


# The service ----------------------------------------------------------------------------


def publishes(generation: int | None, regions: int | None, since: str) -> str:
    return f"generation {generation}, {regions} regions, since {since}"


def publishes_nothing(problem: str) -> str:
    return f"nothing: {problem}"


def no_capture() -> str:
    return "none, or hidden from this user"


def captured(when: str, *, readable: bool) -> str:
    who = "this user" if readable else "only root and the group dmaragent"
    return f"made {when}; {who} can read it"


def api_state(*, on: bool) -> str:
    return "on" if on else "off (dmaragent.service(8) explains how to enable it)"


def time_out_of_calendar(seconds: float) -> str:
    return f"an impossible time ({seconds:.0f} s since 1970)"


def not_installed(name: str) -> DmaragentError:
    """Return the error of a verb whose files this installation does not have."""
    return DmaragentError(
        f"the files for '{name}' are not installed",
        "install the package or the wheel; dmaragent.pyz is a single file without them",
    )


def module_missing(name: str) -> DmaragentError:
    """Return the error of a verb that needs a Python module which is not installed."""
    return DmaragentError(
        f"the Python module '{name}' is not installed",
        f"install python3-{name} (Debian) or {name} (PyPI)",
    )
