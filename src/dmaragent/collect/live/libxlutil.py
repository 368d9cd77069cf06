"""Run the installed libxlutil on texts, in a child process.

``python -m dmaragent.collect.live.libxlutil`` reads a JSON object of lists: ``rdm``, ``pci``, and
optionally ``numbers``. It writes a line of JSON for each text as soon as it has the answer. So a
text on which the library aborts costs only the texts after it.

``series`` lists releases whose library is preferred to newer ones. ``["library", "4.17"]`` comes
first; then ``["rdm", TEXT, CODE, STRATEGY, POLICY, PRINTED]``, where null is a field that was not
written, ``["pci", TEXT, CODE]``, and ``["number", TEXT, VALUE]``, where null is not a number.
Source: tools/include/libxlutil.h; libxl_types.idl, ``rdm_reserve`` (two enumerations).
"""

import ctypes
import json
import sys
from collections.abc import Iterator
from typing import Any

_SENTINELS = (0x5A5A5A5A, 0x25A5A5A5)
_SERIES = tuple(f"4.{minor}" for minor in range(40, 5, -1))
"""The releases whose library is tried, newest first: rdm= came with 4.6."""
_ROOM = 4096
"""Larger than libxl_device_pci of any release."""


def _load(preferred: list[str]) -> tuple[str, Any] | None:
    """Return the library: of a preferred release, else of the newest one installed."""
    for series in (*(series_name for series_name in preferred if series_name in _SERIES), *_SERIES):
        try:
            return series, ctypes.CDLL(f"libxlutil.so.{series}")
        except OSError:
            continue
    return None


class _Library:
    """The library with a configuration object; its messages go to a buffer."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._libc = ctypes.CDLL(None)
        self._libc.fmemopen.restype = ctypes.c_void_p
        self._libc.fmemopen.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)
        for name in ("fflush", "rewind"):
            getattr(self._libc, name).argtypes = (ctypes.c_void_p,)
        library.xlu_cfg_init.restype = ctypes.c_void_p
        library.xlu_cfg_init.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
        self._report = ctypes.create_string_buffer(1 << 16)
        self._stream = self._libc.fmemopen(self._report, len(self._report), b"w+")
        self._config = library.xlu_cfg_init(self._stream, b"dmaragent")

    def rdm(self, text: str) -> tuple[int, int | None, int | None, bool]:
        """Return the code, both fields if they were written, and whether it printed a message."""
        answers = []
        for sentinel in _SENTINELS:
            self._libc.rewind(self._stream)
            self._report[0] = b"\0"
            fields = (ctypes.c_int * 2)(sentinel, sentinel)
            code = self._library.xlu_rdm_parse(ctypes.c_void_p(self._config), fields, _bytes(text))
            self._libc.fflush(self._stream)
            answers.append((code, fields[0], fields[1], self._report[0] != b"\0"))
        (code, *first, printed), (_, *second, _) = answers
        strategy, policy = (
            None if pair == _SENTINELS else pair[0] for pair in zip(first, second, strict=True)
        )
        return code, strategy, policy, printed

    def number(self, text: str) -> int | None:
        """Return the value of ``TEXT`` in an xl.cfg; None if it is not a number."""
        line, value = _bytes(f"n='{text}'\n"), ctypes.c_long()
        config = ctypes.c_void_p(self._library.xlu_cfg_init(self._stream, b"dmaragent"))
        ask = self._library.xlu_cfg_get_long
        refused = self._library.xlu_cfg_readdata(config, line, len(line))
        refused = refused or ask(config, b"n", ctypes.byref(value), 1)
        return None if refused else value.value

    def pci(self, text: str) -> int:
        """Return the code; the structure is not read, because it differs between releases."""
        room = ctypes.create_string_buffer(_ROOM)
        parse = getattr(self._library, "xlu_pci_parse_spec_string", None)
        parse = parse or self._library.xlu_pci_parse_bdf
        code: int = parse(ctypes.c_void_p(self._config), room, _bytes(text))
        return code


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _answers(question: dict[str, list[str]]) -> Iterator[list[Any]]:
    loaded = _load(question.get("series", []))
    if loaded is None:
        return
    yield ["library", loaded[0]]
    library = _Library(loaded[1])
    for text in question.get("rdm", []):
        yield ["rdm", text, *library.rdm(text)]
    for text in question.get("pci", []):
        yield ["pci", text, library.pci(text)]
    for text in question.get("numbers", []):
        yield ["number", text, library.number(text)]


def main() -> None:
    """Answer the questions on standard input."""
    for answer in _answers(json.load(sys.stdin)):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
