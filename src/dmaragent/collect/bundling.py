"""Build a bundle: a recorded machine in an archive, redacted, that gives the host's answers."""

import io
import lzma
import tarfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import IO

from dmaragent.collect import ledger
from dmaragent.collect.collect import collect, collect_evidence
from dmaragent.collect.ledger import HostRequest, Operation
from dmaragent.collect.reader import HostReader
from dmaragent.collect.recorded.host import RecordedHost
from dmaragent.collect.recorded.manifest import Value, answer_bytes
from dmaragent.collect.recorded.recording import KeptHost, Recorder, files_of
from dmaragent.readings import HostSnapshot, Missing, MissingKind
from dmaragent.redaction import Redactor

Answers = Mapping[HostRequest, Value | Missing]
_TEXTS: Mapping[str, Callable[[Redactor, str], str]] = {
    ledger.HOST_NAME.path: Redactor.host_name,
    ledger.COMMAND_LINE.path: Redactor.linux_line,
    ledger.BOOT_LOG.path: Redactor.log,
    ledger.XL_INFO.path: Redactor.info,
    ledger.XL_DMESG.path: Redactor.log,
    ledger.XL_LIST.path: Redactor.guests,
    ledger.XENSTORE_PCI.path: Redactor.identifiers,
}
"""The readings that contain private text, each with the method that redacts it."""
_FOR_PEOPLE = frozenset(entry.path for entry in ledger.EVIDENCE)
_PRESET = 1
"""The xz preset: a bundle consists of many similar small files, so a higher one gains little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The content of a bundle: a host's answers as they are kept."""

    snapshot: HostSnapshot
    """The snapshot made from the kept answers; a replay of the bundle gives the same one."""
    files: Mapping[str, bytes]
    """The files of the recording, by path."""
    readings: int
    lost: tuple[tuple[HostRequest, Missing], ...]
    """The readings that are present on the host but could not be read."""
    taken: int
    """Seconds since 1970; 0 if the recording has no clock."""
    replaced: tuple[tuple[str, int], ...]
    """Each replacement, such as ``guest-1``, and how often it occurs."""
    words_left_out: int
    """The number of boot options that were removed."""
    redacted: bool


def ask_host(host: HostReader, calls: Callable[[HostSnapshot], Iterable[HostRequest]]) -> Answers:
    """Read everything that the ledger lists from `host`.

    `calls` returns further calls, which depend on what was read.
    """
    recorder = Recorder(host)
    for request in calls(collect(recorder)):
        recorder.call(request)
    collect_evidence(recorder)
    return recorder.answers


def changed_before(host: HostReader, answers: Answers) -> frozenset[HostRequest]:
    """Return the `answers` that were already redacted in `host`, if `host` is a recording."""
    return frozenset(filter(host.was_redacted, answers) if isinstance(host, RecordedHost) else ())


def keep_answers(
    answers: Answers, *, redact: bool, before: frozenset[HostRequest] = frozenset()
) -> Recorded:
    """Return the content of a bundle of `answers`, redacted if `redact` is set.

    The answers in `before` were redacted earlier; the manifest marks them as well.
    """
    redactor = Redactor()
    kept = redact_answers(answers, redactor) if redact else answers
    changed = before | {request for request, answer in kept.items() if answer != answers[request]}
    words = redactor.words
    note = {"replaced": dict(sorted(redactor.places.items())), "boot_words_left_out": words}
    return Recorded(
        snapshot=collect(KeptHost(kept)),
        files=files_of(kept, changed, note if redact else None),
        readings=len(kept),
        lost=tuple(
            (request, answer)
            for request, answer in kept.items()
            if isinstance(answer, Missing)
            and answer.kind in (MissingKind.DENIED, MissingKind.FAILED)
        ),
        taken=_time_of(kept),
        replaced=tuple(sorted(redactor.places.items())),
        words_left_out=words,
        redacted=redact,
    )


def redact_answers(answers: Answers, redactor: Redactor) -> dict[HostRequest, Value | Missing]:
    """Return `answers` with private text replaced."""
    kept = dict(answers)
    for request in sorted(answers, key=lambda request: (request.operation.value, request.path)):
        change, answer = _TEXTS.get(request.path), answers[request]
        if change is not None and isinstance(answer, bytes):
            kept[request] = _redact_answer(answer, change, redactor)
    kept.update(_without_names(kept, redactor))
    return kept


def _without_names(answers: Answers, redactor: Redactor) -> Answers:
    """Replace the names found earlier in the readings that no answer uses.

    A host can be named after a word of the boot log, which answers do use, so the boot log is left
    alone. The kernel lines that are kept of it are older than the host's name.
    """
    changed: dict[HostRequest, Value | Missing] = {}
    for request, answer in answers.items():
        if isinstance(answer, Missing) and request.operation is Operation.CALL:
            detail = redactor.identifiers(answer.detail)
            words = redactor.names(detail) if request.path in _FOR_PEOPLE else detail
            changed[request] = replace(answer, detail=words)
        elif isinstance(answer, bytes) and request.path == ledger.XL_DMESG.path:
            changed[request] = _redact_answer(answer, Redactor.names, redactor)
    return changed


def _redact_answer(
    answer: bytes, change: Callable[[Redactor, str], str], redactor: Redactor
) -> bytes | Missing:
    try:
        return answer_bytes(change(redactor, answer.decode("utf-8", "surrogateescape")))
    except (ValueError, TypeError, AttributeError, RecursionError):
        # A recording from elsewhere can contain something else than JSON. Text that cannot be
        # parsed cannot be redacted, so it is not kept.
        return Missing(
            MissingKind.FAILED, "left out: it cannot be parsed, so it cannot be redacted"
        )


def pack(files: Mapping[str, bytes], top: str, taken: int, *, compress: bool = True) -> bytes:
    """Return a tar of `files` in the folder `top`; the same files give the same bytes.

    The tar is packed with xz if `compress` is set. The root capture is not packed, because every
    scan reads it.
    """
    packed = io.BytesIO()
    if not compress:
        _add_files(packed, files, top, taken)
        return packed.getvalue()
    with lzma.open(packed, "wb", preset=_PRESET) as compressed:
        _add_files(compressed, files, top, taken)
    return packed.getvalue()


def _add_files(
    out: IO[bytes] | lzma.LZMAFile, files: Mapping[str, bytes], top: str, taken: int
) -> None:
    """Write the members one after the other without copying them: a manifest can be large."""
    filling = b""
    for name in sorted(files, key=_manifest_first):
        content = files[name]
        out.write(filling + _header(f"{top}/{name}", len(content), taken))
        out.write(content)
        filling = bytes(-len(content) % tarfile.BLOCKSIZE)
    out.write(filling + bytes(2 * tarfile.BLOCKSIZE))


def _header(name: str, size: int, taken: int) -> bytes:
    """Return the header of a file with mode 0600: ustar, or pax if the name does not fit."""
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, taken, 0o600
    try:
        return member.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
    except (ValueError, UnicodeEncodeError):
        return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def top_folder(taken: int) -> str:
    """Return the name of the folder in a bundle, and of the bundle: the time it was made, in UTC."""
    if not taken:
        return "dmaragent-bundle"  # a recording without a clock
    return time.strftime("dmaragent-%Y%m%d-%H%M%S", time.gmtime(taken))


def _manifest_first(name: str) -> tuple[bool, str]:
    return ("/" in name, name)


def _time_of(answers: Answers) -> int:
    answer = answers.get(ledger.CLOCK.request())
    text = answer.strip() if isinstance(answer, bytes) else b""
    return int(text) if text.isdigit() and len(text) <= 10 else 0
