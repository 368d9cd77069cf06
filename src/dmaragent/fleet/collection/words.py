"""Sentences about collecting from hosts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dmaragent.errors import DmaragentError
from dmaragent.fleet.collection.model import Failure
from dmaragent.present.escaping import visible
from dmaragent.present.words.numbers import count

if TYPE_CHECKING:
    from dmaragent.fleet.collection.model import Outcome

_NAMES = "write xen01,xen02 or xen[01-40]"


# Errors of the command ------------------------------------------------------------------


def not_a_name(name: str) -> DmaragentError:
    hint = "use the names that ssh knows: letters, digits, '.', '-', '_' and ':'"
    if "@" in name:
        hint = f"write the host only; --user {visible(name.partition('@')[0])} sets the user"
    return DmaragentError(f"'{name}' is not the name of a host", hint, where=name)


def not_a_range(text: str) -> DmaragentError:
    return DmaragentError(f"'{text}' is not a range of hosts", _NAMES, where=text)


def too_many_hosts(most: int) -> DmaragentError:
    return DmaragentError(f"more than {most} hosts are named", "name fewer at a time")


def no_host() -> DmaragentError:
    return DmaragentError("no host is named", f"{_NAMES} after -w, or use --hosts-file FILE")


def needs_clustershell(text: str) -> DmaragentError:
    return DmaragentError(
        f"only ClusterShell can expand '{text}', and it is not installed",
        "install python3-clustershell (Debian) or ClusterShell (PyPI), or name the hosts: "
        "xen01,xen02 or xen[01-40]",
        where=text,
    )


def no_node_set(text: str, why: str) -> DmaragentError:
    return DmaragentError(f"ClusterShell cannot expand '{text}': {visible(why)}", where=text)


def empty_node_set(text: str) -> DmaragentError:
    return DmaragentError(
        f"ClusterShell knows no host of '{text}'", "nodeset -LL lists its groups", where=text
    )


def not_a_folder(path: str) -> DmaragentError:
    return DmaragentError(f"{path} is not a folder", "name a folder for the documents", where=path)


def no_ssh() -> DmaragentError:
    return DmaragentError("ssh is not installed", "install openssh-client")


def not_positive(option: str, value: float) -> DmaragentError:
    return DmaragentError(f"{option} {value:g}: write a number above 0")


# Text -----------------------------------------------------------------------------------

NEXT = {
    Failure.REFUSED: "start sshd there, or set the port: --ssh-option Port=N",
    Failure.UNKNOWN_NAME: "correct the name, or add it to ~/.ssh/config",
    Failure.UNREACHABLE: "check the network, or set ProxyJump in ~/.ssh/config",
    Failure.TIMEOUT: "check the host, or allow more time: --timeout SECONDS",
    Failure.UNKNOWN_HOST_KEY: "log in once by hand and check the host's key",
    Failure.WRONG_HOST_KEY: "find out why its key changed; then ssh-keygen -R HOST",
    Failure.NO_LOGIN: "add your public key there, or start ssh-agent; see --user",
    Failure.SSH_FAILED: "run ssh -v HOST true",
    Failure.NO_SHELL: "log in as a user with a shell (--user), or run capture.sh there by hand",
    Failure.NO_SUDO: "allow sudo without a password there, or log in as root (--user root)",
    Failure.NOT_ROOT: "log in as root (--user root), or add --sudo; only root reads the tables",
    Failure.DUMP_FAILED: "run dmaragent dump (or capture.sh) there by hand",
    Failure.HALF: "collect from it again",
    Failure.WRONG_HASH: "collect from it again",
    Failure.TOO_LARGE: "run dmaragent dump there by hand",
    Failure.NOT_A_DOCUMENT: "compare dmaragent --version here and there",
}
"""The next step for each failure."""


def failed(outcome: Outcome) -> str:
    broken = outcome.broken
    if broken is None:
        return ""
    detail = f": {broken.detail}" if broken.detail else ""
    return f"{outcome.host}: {broken.failure.value}{detail}"


def next_step(failure: Failure) -> str:
    return f"{failure.value}: {NEXT[failure]}"


def no_answer(seconds: float) -> str:
    return f"not finished after {seconds:g} s"


def summary(outcomes: Sequence[Outcome], folder: str) -> str:
    good = [outcome for outcome in outcomes if outcome.broken is None]
    makers = [
        f"{sum(outcome.made_by == maker for outcome in good)} by {maker}"
        for maker in ("dmaragent", "capture.sh")
        if any(outcome.made_by == maker for outcome in good)
    ]
    made = f": {', '.join(makers)}" if makers else ""
    return visible(f"{len(good)} of {count(len(outcomes), 'host')} collected in {folder}{made}")


def earlier(names: str) -> str:
    return visible(f"Earlier document kept: {names}")


def missing(names: str, log: str) -> str:
    return visible(f"Not collected: {names} (reasons: {log})")
