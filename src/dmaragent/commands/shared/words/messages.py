"""Sentences of ``why``: logs and messages."""

from dmaragent.errors import DmaragentError


def archive_not_log(where: str) -> DmaragentError:
    return DmaragentError(f"{where} is an archive, not a log", "unpack it and name the log in it")


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
