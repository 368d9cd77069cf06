"""Sentences about the guests that a user names: ``resolve``, ``hotplug`` and others."""

from dmaragent.errors import DmaragentError


def xen_documented() -> DmaragentError:
    """Return the error of a verb whose ``--xen`` accepts only releases."""
    return DmaragentError(
        "--xen documented applies only to guests' settings (resolve, hotplug, diff)",
        "use a release, such as --xen 4.17",
    )


def not_a_named_device(text: str) -> str:
    return f"{text!r} is not NAME=SBDF"


def named_device_without_function(text: str) -> str:
    return f"{text!r} lacks the function, as in =0000:0a:00.0"


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


def in_words_of_xl(text: str, device: str) -> str:
    return f"dmaragent: {text} is {device} in xl's spelling"


def left_out(path: str, why: str) -> str:
    return f"{path} is skipped: {why}"


def kvm_guest() -> str:
    return "a KVM guest, of which libxlutil reads nothing"


def not_a_guest() -> str:
    return "not a guest"


def no_settings_of_a_guest() -> str:
    """Return why an xl.cfg in a folder is not a guest."""
    return "it has no name, or none of memory, type and devices"


def not_xl_cfg(line: str) -> str:
    return f"not an xl.cfg (line {line})"


def or_describe(hint: str) -> str:
    """Return the next step for a file in no format of guests, from a verb that needs no file."""
    return f"{hint}, or describe the guest with --memory and --pci"


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
