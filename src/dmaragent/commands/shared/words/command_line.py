"""Sentences about verbs and options: what is misspelt, missing or cannot be combined."""

from dmaragent.errors import DmaragentError


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


def host_with_demo() -> DmaragentError:
    return DmaragentError(
        "demo and --host exclude each other: demo has a host of its own",
        "omit --host, or omit demo",
    )


DEMO_TITLE = "A recorded machine that comes with dmaragent"


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


def table_to_terminal() -> DmaragentError:
    return DmaragentError(
        "a table is binary, which a terminal cannot show",
        "pipe it, or write it to a file with -o FILE",
    )


def deciding(readings: int) -> str:
    """Return the progress of ``dump`` after the host was read."""
    return f"{readings} readings; making the answers"


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


def not_a_whole_number(text: str) -> str:
    return f"{text!r} is not a whole number"


def not_a_number(text: str) -> str:
    return f"{text!r} is not a number"
