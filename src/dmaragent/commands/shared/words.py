"""The sentences of the verbs that stand in no document: errors, and lines on standard error.

A function that returns a DmaragentError has both of its sentences: what is wrong, what to do.
Nothing here escapes what a stranger wrote: whoever prints a sentence does.
"""

from dmaragent.errors import DmaragentError

# What the words of a command line ask for -----------------------------------------------


RECORD_AS_ROOT = "record that host again as root, with dmaragent dump, or copy its table as root"
"""What to do about a table that whoever recorded another host was not allowed to read."""


def did_you_mean(suggestion: str | None, hint: str) -> str:
    """Return `hint`, after the word that was probably meant if there is one."""
    return f"Did you mean {suggestion}? {hint}" if suggestion else hint


def no_such_verb(verb: str, suggestion: str | None) -> DmaragentError:
    return DmaragentError(
        f"there is no verb '{verb}'",
        did_you_mean(suggestion, "dmaragent --help lists the verbs"),
    )


def no_such_argument(
    verb: str, arguments: str, suggestion: str | None, *, takes_host: bool
) -> DmaragentError:
    host = "a host is given with --host PATH; " if takes_host and not suggestion else ""
    return DmaragentError(
        f"{verb}: {arguments}: there is no such argument",
        did_you_mean(suggestion, f"{host}dmaragent {verb} --help has examples"),
    )


def no_such_schema(name: str, suggestion: str | None) -> DmaragentError:
    return DmaragentError(
        f"there is no schema '{name}'",
        did_you_mean(suggestion, "dmaragent schema lists all"),
    )


def no_verb_of_demo(word: str) -> DmaragentError:
    return DmaragentError(
        f"demo: '{word}' is not a verb that takes --host", "dmaragent demo --help has examples"
    )


DEMO_TITLE = "A recorded machine that comes with dmaragent"


def tree_of_one_device() -> DmaragentError:
    return DmaragentError("--tree shows all devices: it does not go with --device")


def or_show_with_host() -> DmaragentError:
    return DmaragentError("--or-show is for this machine: it does not go with --host")


def xen_documented() -> DmaragentError:
    """Return the error of a verb whose ``--xen`` takes releases alone."""
    return DmaragentError(
        "--xen documented: that is about guests' settings; resolve, hotplug and diff take it",
        "name a release, such as --xen 4.17",
    )


def json_with_csv() -> DmaragentError:
    return DmaragentError("--csv does not go with --json", "choose one of them")


def not_a_class(name: str) -> DmaragentError:
    return DmaragentError(
        f"--class: {name!r} is not a PCI class",
        "a class is a name (usb, ethernet, vga) or 2, 4 or 6 hexadecimal digits (0c03)",
    )


def not_vendor_and_device(text: str) -> DmaragentError:
    return DmaragentError(
        f"--id: {text!r} is not VENDOR:DEVICE", "write both in hexadecimal, as in 8086:10d3"
    )


def not_a_named_device(text: str) -> str:
    return f"{text!r} is not NAME=SBDF"


def named_device_without_function(text: str) -> str:
    return f"{text!r} does not name the function, as in =0000:0a:00.0"


def rmrr_option_asks(*, nothing: bool) -> DmaragentError:
    """Return the error of ``rmrr-option`` without a way, or with two."""
    given = "nothing is asked" if nothing else "two things are asked at once"
    return DmaragentError(
        f"rmrr-option: {given}",
        "give regions (0xBASE-0xLIMIT=SBDF), or --check [TEXT], or --from-log FILE",
    )


def not_a_region(why: Exception) -> DmaragentError:
    return DmaragentError(f"REGION {why}", "a region is like 0xbdf3e000-0xbdf5dfff=00:1d.0")


def option_with_guest(option: str) -> DmaragentError:
    return DmaragentError(f"--{option} is for a guest of options: it does not go with GUEST")


def no_guest_given() -> DmaragentError:
    return DmaragentError("no guest is given", "name a configuration, or give --memory and --pci")


def not_mib(option: str, text: str) -> DmaragentError:
    return DmaragentError(f"--{option}: '{text}' is not a whole number of MiB")


# Where an answer goes -------------------------------------------------------------------


def report_to_terminal() -> DmaragentError:
    return DmaragentError("a report is no text for a terminal", "-o FILE writes it to a file")


def bundle_to_terminal() -> DmaragentError:
    return DmaragentError("a bundle is no text for a terminal", "pipe it, or give -o FILE")


def output_taken_by_json() -> DmaragentError:
    return DmaragentError("--json needs standard output for itself", "give -o FILE")


def wrote_table(path: str, size: str) -> str:
    return f"Wrote {path}: {size}"


def deciding(readings: int) -> str:
    """Return how far ``dump`` is, once the host was read."""
    return f"{readings} readings; deciding"


# Hosts and tables -----------------------------------------------------------------------


def read_from(reading: str) -> str:
    return f"Read from {reading}."


def warning(path: str, problem: str) -> str:
    return f"Warning: {path}: {problem}"


def damaged_file(path: str, problem: str) -> DmaragentError:
    return DmaragentError(
        f"{path} is damaged, and what is wrong with it is not the firmware's: {problem}",
        "copy it again, whole; dmaragent decode shows what is left of it",
    )


def damaged_table(problem: str, *, in_text: bool) -> str:
    """Return what is damaged: the text of a table, or the file that it is packed in."""
    return f"{'DAMAGED TEXT' if in_text else 'DAMAGED FILE'}: {problem}"


def another_kind_of_table(name: str) -> str:
    return f"holds {name}, a table of another kind"


def other_kinds_of_tables(names: str) -> str:
    return f"Not decoded, tables of other kinds: {names}"


def passed_over(path: str, reason: str) -> str:
    return f"{path}: passed over: {reason}"


def published_instead(which: str) -> str:
    """Return what stands above an inventory that the service published."""
    return f"The table needs root: this is what dmaragent.service published ({which})."


def table_needs_root(command: str) -> str:
    return f"This machine's DMAR table is present but needs root: {command}"


def table_absent(command: str) -> str:
    return f"This machine has no DMAR table (absent). Where there is one: {command}"


def table_unreadable(why: str, command: str) -> str:
    return f"This machine's DMAR table cannot be read: {why}. Try: {command}"


def shown_instead(path: str) -> str:
    return f"Shown instead is {path}."


def nothing_to_compare(why: str) -> DmaragentError:
    """Return the error where neither host has a table that can be compared."""
    return DmaragentError(why, "compare hosts of which one has such a table")


def decode_says_what_is_wrong(path: str) -> str:
    """Return the hint; `path` is quoted for a shell."""
    return f"dmaragent decode --host {path} says what is wrong with it"


# Devices --------------------------------------------------------------------------------


def only_function(text: str, device: str) -> str:
    return f"dmaragent: {text} has one function: {device}"


def decimal_address(text: str, decimal: str, device: str) -> str:
    return f"dmaragent: {text} is decimal ({decimal}): {device}"


def in_words_of_xl(text: str, device: str) -> str:
    return f"dmaragent: {text} is {device} in the words of xl"


def no_function_named(option: str, text: str) -> str:
    """Return the beginning of an error: a device was named without its function."""
    return f"{option}: {text!r} names a device without its function"


def functions_unknown(begin: str, named_by_regions: str, place: str) -> DmaragentError:
    hint = f"; regions name {named_by_regions}" if named_by_regions else ""
    return DmaragentError(
        f"{begin}; unknown which it has: the PCI functions were not collected{hint}",
        f"write the function too, as in {place}.0",
    )


def several_functions(begin: str, number: int, functions: str) -> DmaragentError:
    return DmaragentError(f"{begin}; it has {number}", f"name one of: {functions}")


def no_function_at(option: str, place: str, elsewhere: str) -> str:
    return f"{option}: no function answers at {place}{elsewhere}"


def on_another_segment(devices: str) -> str:
    """Return what an error adds if the address is there on another segment."""
    return f" (on another segment: {devices})"


def tree_shows_devices(path: str) -> str:
    """Return the hint of an error about a device; `path` is quoted for a shell."""
    return f"dmaragent inventory --tree --host {path} shows those that are known there"


# Guests ---------------------------------------------------------------------------------


def left_out(path: str, why: str) -> str:
    return f"{path} is left out: {why}"


def not_a_guest() -> str:
    return "not a guest"


def no_settings_of_a_guest() -> str:
    """Return why an xl.cfg in a folder is not taken for a guest."""
    return "no name with a memory, a type or devices"


def not_xl_cfg(line: str) -> str:
    return f"no xl.cfg (line {line})"


def no_guests_at(paths: str, formats: str) -> DmaragentError:
    return DmaragentError(
        f"{paths}: there is no guest's configuration",
        f"give a guest ({formats}), or a folder that holds some",
    )


def into_a_folder(path: str) -> DmaragentError:
    return DmaragentError(
        f"--into: {path} is a folder", "give the xl.cfg of the guest, or its JSON"
    )


def not_one_guest(path: str, number: int, name: str | None, names: str) -> DmaragentError:
    """Return the error of ``--into`` where `number` guests are there under that `name`, not one."""
    if number:
        why = f"{path} holds {number} guests" + (f" named {name!r}" if name else "")
    else:
        why = f"{path} holds no guest named {name!r}"
    return DmaragentError(why, f"--guest takes one of: {names}")


# Logs and messages ----------------------------------------------------------------------


def archive_not_log(where: str) -> DmaragentError:
    return DmaragentError(
        f"{where} is an archive, not a log", "unpack it, and give the log that is in it"
    )


def command_line_unknown(where: str) -> DmaragentError:
    return DmaragentError(
        f"--check: Xen's command line is not known of {where}",
        "give the text: --check 'rmrr=...'; on a Xen host, run it as root in dom0",
    )


def no_rmrr_in_text() -> DmaragentError:
    return DmaragentError(
        "--check: the text has no rmrr=", "give it as Xen boots with it: 'rmrr=0x...=00:1d.0'"
    )


def no_fault_in_log(where: str) -> DmaragentError:
    return DmaragentError(
        f"--from-log: {where} has no DMA fault of VT-d",
        "give what `xl dmesg` or `dmesg` printed, with lines like "
        "'[DMA Write] Request device [0000:00:1d.0] fault addr bdf3e000'",
    )


def log_cut(mebibytes: int, path: str) -> str:
    return f"Read only the first {mebibytes} MiB of {path}. The rest of it:"


def no_message_given() -> str:
    return (
        "Nothing was given: paste a message in quotes, or pipe a log:\n"
        "sudo dmesg | sudo dmaragent why -"
    )


def no_message_known(read: str) -> str:
    return f"No known message in {read}. Those that are known: dmaragent why --list"


def no_log_read(*, live: bool) -> DmaragentError:
    return DmaragentError(
        "the boot log of this host was not read, and no TEXT is given",
        "paste a message, or pipe a log: sudo dmesg | sudo dmaragent why -"
        if live
        else "paste a message, or name a log of that host: dmaragent why FILE",
    )


# The JSON of a table --------------------------------------------------------------------

_TAKES = "give what this wrote: dmaragent decode DMAR.bin --json > dmar.json"


def not_json(path: str, why: object) -> DmaragentError:
    return DmaragentError(f"{path} is not JSON: {why}", _TAKES)


def not_text() -> str:
    return "it is no text"


def not_of_decode(path: str) -> DmaragentError:
    return DmaragentError(f"{path} is not what `dmaragent decode --json` prints", _TAKES)


def other_version(path: str, version: str) -> DmaragentError:
    return DmaragentError(f"{path} has version {version}; this dmaragent reads 1")


def not_one_table(path: str, held: str, *, some: bool) -> DmaragentError:
    hint = "choose one with --table N" if some else _TAKES
    return DmaragentError(f"{path} holds {held}", hint)


def no_such_table(path: str, held: str, number: int, *, several: bool) -> DmaragentError:
    hint = "choose one of them" if several else "leave --table out"
    return DmaragentError(f"{path} holds {held}: there is no table {number}", hint)


def table_not_object(path: str, number: int) -> DmaragentError:
    return DmaragentError(f"{path}: table {number} is not an object")


# The service ----------------------------------------------------------------------------


def publishes(generation: int | None, regions: int | None, since: str) -> str:
    return f"generation {generation}, {regions} regions, since {since}"


def publishes_nothing(problem: str) -> str:
    return f"nothing: {problem}"


def no_capture() -> str:
    return "none, or this user may not see it"


def captured(when: str, *, readable: bool) -> str:
    may = "this user may" if readable else "root and the group dmaragent may"
    return f"of {when}; {may} read it"


def api_state(*, on: bool) -> str:
    return "on" if on else "off (dmaragent.service(8) says how to switch it on)"


def time_out_of_calendar(seconds: float) -> str:
    return f"a time that no calendar has ({seconds:.0f} s since 1970)"


def not_installed(name: str) -> DmaragentError:
    """Return the error of a verb whose files this installation does not have."""
    return DmaragentError(
        f"this installation has no files for '{name}'",
        "install the package or the wheel: dmaragent.pyz is one file and has none",
    )


def module_missing(name: str) -> DmaragentError:
    """Return the error of a verb that needs a Python module which is not installed."""
    return DmaragentError(
        f"the Python module '{name}' is needed for this and is not installed",
        f"install it: python3-{name} in Debian, {name} on PyPI",
    )
