"""Debian 12's libxlutil 4.17, asked how it reads the text of an xl.cfg file."""

import ctypes
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from support.libxlutil import Libxlutil

Nested = str | list["Nested"]
"""A value; a list is a list of such."""
_STRING = 0
"""``XLU_STRING`` of ``enum XLU_ConfigValueType``."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the library gives for a name, by each of its three questions."""

    text: str | None
    number: int | None
    items: Nested | None


@dataclass(frozen=True, slots=True)
class Reading:
    """Whether the library accepts a text, what it prints, and what each name then holds."""

    accepted: bool
    printed: str
    held: dict[str, Held]


def _text(value: bytes) -> str:
    return value.decode(errors="surrogateescape")


class LibxlutilConfig(Libxlutil):
    """The library's reader of files; each text gets a configuration of its own."""

    def __init__(self) -> None:
        super().__init__()
        pointer, integer = ctypes.c_void_p, ctypes.c_int
        arguments: dict[str, tuple[Any, ...]] = {
            "destroy": (pointer,),
            "readdata": (pointer, ctypes.c_char_p, integer),
            "get_string": (pointer, ctypes.c_char_p, pointer, integer),
            "get_long": (pointer, ctypes.c_char_p, pointer, integer),
            "get_list": (pointer, ctypes.c_char_p, pointer, pointer, integer),
            "get_listitem2": (pointer, integer),
            "value_type": (pointer,),
            "value_get_string": (pointer, pointer, pointer, integer),
            "value_get_list": (pointer, pointer, pointer, integer),
        }
        for name, types in arguments.items():
            getattr(self._library, f"xlu_cfg_{name}").argtypes = types
        self._library.xlu_cfg_destroy.restype = None
        self._library.xlu_cfg_get_listitem2.restype = pointer

    def read(self, text: str, names: Iterable[str]) -> Reading:
        """Read `text`, which holds no NUL, and ask for each of `names`."""
        data = text.encode(errors="surrogateescape")
        self._libc.rewind(self._stream)
        ctypes.memset(self._report, 0, len(self._report))
        config = self._library.xlu_cfg_init(self._stream, b"F")
        try:
            accepted = self._library.xlu_cfg_readdata(config, data, len(data)) == 0
            held = {name: self._held(config, name.encode()) for name in names}
        finally:
            self._library.xlu_cfg_destroy(config)
        self._libc.fflush(self._stream)
        return Reading(accepted, _text(self._report.value), held)

    def _held(self, config: int, name: bytes) -> Held:
        ask, string, number = self._library, ctypes.c_char_p(), ctypes.c_long()
        entries, count = ctypes.c_void_p(), ctypes.c_int()
        is_text = ask.xlu_cfg_get_string(config, name, ctypes.byref(string), 1) == 0
        is_number = ask.xlu_cfg_get_long(config, name, ctypes.byref(number), 1) == 0
        code = ask.xlu_cfg_get_list(config, name, ctypes.byref(entries), ctypes.byref(count), 1)
        items = list(self._items(config, entries)) if code == 0 else None
        assert items is None or len(items) == count.value
        return Held(
            _text(string.value or b"") if is_text else None,
            number.value if is_number else None,
            items,
        )

    def _items(self, config: int, entries: ctypes.c_void_p) -> Iterator[Nested]:
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
