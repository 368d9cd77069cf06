"""A libxlutil asked how it reads texts: the program of the child process, for every release.

``python libxlutil_child.py SERIES`` reads a question a line, and writes its answer on a line:
``["rdm", TEXT]``, ``["pci", TEXT]`` or ``["config", TEXT, NAMES]``, all in JSON.  A text on which
the library aborts ends it.  It may run with another C library than this Python was built for.
"""

import ctypes
import json
import sys
from collections.abc import Iterator
from typing import Any

SENTINEL = 0x5A5A5A5A
"""What the fields hold before the library is asked: still there, they were not set."""
SENTINEL_BYTE = SENTINEL & 0xFF
_STRING = 0
"""``XLU_STRING`` of ``enum XLU_ConfigValueType``."""


class _RdmReserve(ctypes.Structure):
    """``libxl_rdm_reserve``."""

    _fields_ = (("strategy", ctypes.c_int), ("policy", ctypes.c_int))


class _Device(ctypes.Structure):
    """``libxl_device_pci`` from 4.15 on; its bools are bytes here, so that a sentinel fits.

    4.14 has no ``name``, which is the last field, and never writes there.
    """

    _fields_ = (
        ("func", ctypes.c_uint8),
        ("dev", ctypes.c_uint8),
        ("bus", ctypes.c_uint8),
        ("domain", ctypes.c_int),
        ("vdevfn", ctypes.c_uint32),
        ("vfunc_mask", ctypes.c_uint32),
        ("msitranslate", ctypes.c_uint8),
        ("power_mgmt", ctypes.c_uint8),
        ("permissive", ctypes.c_uint8),
        ("seize", ctypes.c_uint8),
        ("rdm_policy", ctypes.c_int),
        ("name", ctypes.c_void_p),
    )


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _text(value: bytes) -> str:
    return value.decode(errors="surrogateescape")


class _Library:
    """The library, with its messages caught."""

    def __init__(self, series: str) -> None:
        self._library = ctypes.CDLL(f"libxlutil.so.{series}")
        self._libc = ctypes.CDLL(None)
        self._libc.fmemopen.restype = ctypes.c_void_p
        self._libc.fmemopen.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)
        self._libc.free.argtypes = (ctypes.c_void_p,)
        for name in ("fflush", "rewind"):
            getattr(self._libc, name).argtypes = (ctypes.c_void_p,)
        self._declare()
        self._report = ctypes.create_string_buffer(1 << 16)
        self._stream = self._libc.fmemopen(self._report, len(self._report), b"w+")
        self._config = self._library.xlu_cfg_init(self._stream, b"F")

    def _declare(self) -> None:
        pointer, integer, string = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
        arguments: dict[str, tuple[Any, ...]] = {
            "init": (pointer, string),
            "destroy": (pointer,),
            "readdata": (pointer, string, integer),
            "get_string": (pointer, string, pointer, integer),
            "get_long": (pointer, string, pointer, integer),
            "get_list": (pointer, string, pointer, pointer, integer),
            "get_listitem2": (pointer, integer),
            "value_type": (pointer,),
            "value_get_string": (pointer, pointer, pointer, integer),
            "value_get_list": (pointer, pointer, pointer, integer),
        }
        for name, types in arguments.items():
            getattr(self._library, f"xlu_cfg_{name}").argtypes = types
        self._library.xlu_cfg_init.restype = pointer
        self._library.xlu_cfg_destroy.restype = None
        self._library.xlu_cfg_get_listitem2.restype = pointer
        self._library.xlu_rdm_parse.argtypes = (pointer, pointer, string)
        parse = getattr(self._library, "xlu_pci_parse_spec_string", None)
        self._parse_pci = parse or self._library.xlu_pci_parse_bdf
        self._parse_pci.argtypes = (pointer, pointer, string)

    def _printed(self) -> str:
        """Return what was printed since the last call."""
        self._libc.fflush(self._stream)
        printed = _text(self._report.value)
        self._libc.rewind(self._stream)
        ctypes.memset(self._report, 0, len(_bytes(printed)))
        return printed

    def rdm(self, text: str) -> tuple[int, int, int, bool]:
        """Return the code, both fields and whether something was printed."""
        fields = _RdmReserve(SENTINEL, SENTINEL)
        code = self._library.xlu_rdm_parse(self._config, ctypes.byref(fields), _bytes(text))
        return code, fields.strategy, fields.policy, bool(self._printed())

    def pci(self, text: str) -> tuple[int, dict[str, int | str | None], bool]:
        """Return the code, the fields and whether something was printed.

        `vdevfn` is 0 beforehand, as in xl: a slot of 0 is no slot.
        """
        device = _Device()
        ctypes.memset(ctypes.byref(device), SENTINEL_BYTE, ctypes.sizeof(device))
        device.vdevfn, device.name = 0, None
        code = self._parse_pci(self._config, ctypes.byref(device), _bytes(text))
        fields = {name: getattr(device, name) for name, _ in _Device._fields_}
        if device.name:
            fields["name"] = _text(ctypes.string_at(device.name))
            self._libc.free(device.name)
        return code, fields, bool(self._printed())

    def config(self, text: str, names: list[str]) -> tuple[bool, str, dict[str, Any]]:
        """Return whether it accepts the file, what it prints, and what each of `names` holds."""
        data = _bytes(text)
        config = self._library.xlu_cfg_init(self._stream, b"F")
        accepted = self._library.xlu_cfg_readdata(config, data, len(data)) == 0
        held = {name: self._held(config, name.encode()) for name in names}
        self._library.xlu_cfg_destroy(config)
        return accepted, self._printed(), held

    def _held(self, config: int, name: bytes) -> tuple[str | None, int | None, list[Any] | None]:
        """Return what a name holds as a text, as a number, and as a list."""
        ask, string, number = self._library, ctypes.c_char_p(), ctypes.c_long()
        entries, count = ctypes.c_void_p(), ctypes.c_int()
        is_text = ask.xlu_cfg_get_string(config, name, ctypes.byref(string), 1) == 0
        is_number = ask.xlu_cfg_get_long(config, name, ctypes.byref(number), 1) == 0
        code = ask.xlu_cfg_get_list(config, name, ctypes.byref(entries), ctypes.byref(count), 1)
        return (
            _text(string.value or b"") if is_text else None,
            number.value if is_number else None,
            list(self._items(config, entries)) if code == 0 else None,
        )

    def _items(self, config: int, entries: ctypes.c_void_p) -> Iterator[Any]:
        place = 0
        while value := self._library.xlu_cfg_get_listitem2(entries, place):
            place += 1
            if self._library.xlu_cfg_value_type(value) == _STRING:
                string = ctypes.c_char_p()
                self._library.xlu_cfg_value_get_string(config, value, ctypes.byref(string), 1)
                yield _text(string.value or b"")
            else:
                inner = ctypes.c_void_p()
                self._library.xlu_cfg_value_get_list(config, value, ctypes.byref(inner), 1)
                yield list(self._items(config, inner))


def main() -> None:
    """Answer the questions of standard input."""
    library = _Library(sys.argv[1])
    for line in sys.stdin:
        kind, *question = json.loads(line)
        sys.stdout.write(json.dumps(getattr(library, kind)(*question)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
