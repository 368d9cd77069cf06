"""The ways in which programs and people write the bytes of a table as text."""

import base64
import binascii
from collections.abc import Callable

from support.tables import dump

Rendering = Callable[[bytes], str]


def ascii_of(row: bytes) -> str:
    """Write the ASCII column."""
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)


def rows_of(data: bytes, width: int = 16) -> list[tuple[int, bytes]]:
    """Cut `data` into rows with their offsets."""
    return [(at, data[at : at + width]) for at in range(0, len(data), width)]


def _folded(data: bytes, rows: list[str], width: int = 16) -> list[str]:
    """Write ``*`` for rows that equal the one before, as hexdump and od do."""
    kept: list[str] = []
    starred = False
    for number, row in enumerate(rows):
        at = number * width
        same = number and data[at : at + width] == data[at - width : at]
        if same and at + width <= len(data):
            if not starred:
                kept.append("*")
            starred = True
        else:
            kept.append(row)
            starred = False
    return kept


def hexdump_c(data: bytes) -> str:
    """Write what ``hexdump -C`` writes."""
    rows = [
        f"{at:08x}  {row[:8].hex(' '):23}  {row[8:].hex(' '):23}  |{ascii_of(row)}|"
        for at, row in rows_of(data)
    ]
    return "\n".join([*_folded(data, rows), f"{len(data):08x}", ""])


def words(data: bytes, width: int, form: str, gap: str = " ") -> list[str]:
    """Write each row of `data` as numbers of `width` bytes, low byte first."""
    return [
        gap.join(
            form.format(int.from_bytes(row[at : at + width].ljust(width, b"\0"), "little"))
            for at in range(0, len(row), width)
        )
        for _, row in rows_of(data)
    ]


def _counted(data: bytes, rows: list[str], offset: str, gap: str = " ", *, fold: bool) -> str:
    lines = [offset.format(16 * number) + gap + row for number, row in enumerate(rows)]
    return "\n".join([*(_folded(data, lines) if fold else lines), offset.format(len(data)), ""])


def hexdump(data: bytes) -> str:
    """Write what ``hexdump`` writes: words of 16 bits, low byte first."""
    return _counted(data, words(data, 2, "{:04x}"), "{:07x}", fold=True)


def hexdump_v(data: bytes) -> str:
    """Write what ``hexdump -v`` writes."""
    return _counted(data, words(data, 2, "{:04x}"), "{:07x}", fold=False)


def od(data: bytes) -> str:
    """Write what ``od`` writes: octal words and octal offsets."""
    return _counted(data, words(data, 2, "{:06o}"), "{:07o}", fold=True)


def od_x(data: bytes) -> str:
    """Write what ``od -x`` writes."""
    return _counted(data, words(data, 2, "{:04x}"), "{:07o}", fold=True)


def od_x1(data: bytes) -> str:
    """Write what ``od -t x1`` writes."""
    return _counted(data, [row.hex(" ") for _, row in rows_of(data)], "{:07o}", fold=True)


def od_x1z(data: bytes) -> str:
    """Write what ``od -A x -t x1z -v`` writes."""
    rows = [f"{row.hex(' '):47}  >{ascii_of(row)}<" for _, row in rows_of(data)]
    return _counted(data, rows, "{:06x}", fold=False)


def od_decimal(data: bytes) -> str:
    """Write what ``od -A d -t d2`` writes: signed words and decimal offsets."""
    rows = [
        "".join(
            f"{int.from_bytes(row[at : at + 2].ljust(2, bytes(1)), 'little', signed=True):>7}"
            for at in range(0, len(row), 2)
        )
        for _, row in rows_of(data)
    ]
    return _counted(data, rows, "{:07d}", "", fold=True)


def od_characters(data: bytes) -> str:
    """Write what ``od -c`` writes."""
    short = {0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}

    def cell(byte: int) -> str:
        shown = chr(byte) if 32 <= byte < 127 else f"{byte:03o}"
        return f"{short.get(byte, shown):>4}"

    rows = ["".join(map(cell, row)) for _, row in rows_of(data)]
    return _counted(data, rows, "{:07o}", "", fold=True)


def xxd(data: bytes) -> str:
    """Write what ``xxd`` writes."""
    return "".join(
        f"{at:08x}: {row.hex(' ', -2):39}  {ascii_of(row)}\n" for at, row in rows_of(data)
    )


def xxd_e(data: bytes) -> str:
    """Write what ``xxd -e`` writes: words of 32 bits, low byte first."""
    lines = []
    for at, row in rows_of(data):
        units = [f"{row[n : n + 4][::-1].hex():>8}" for n in range(0, len(row), 4)]
        lines.append(f"{at:08x}: {' '.join(units):35}  {ascii_of(row)}\n")
    return "".join(lines)


def xxd_bits(data: bytes) -> str:
    """Write what ``xxd -b`` writes."""
    return "".join(
        f"{at:08x}: {' '.join(f'{byte:08b}' for byte in row):53}  {ascii_of(row)}\n"
        for at, row in rows_of(data, 6)
    )


def xxd_p(data: bytes) -> str:
    """Write what ``xxd -p`` writes."""
    return "".join(f"{row.hex()}\n" for _, row in rows_of(data, 30))


def xxd_i(data: bytes) -> str:
    """Write what ``xxd -i`` writes."""
    rows = [", ".join(f"0x{byte:02x}" for byte in row) for _, row in rows_of(data, 12)]
    body = ",\n  ".join(rows)
    return (
        f"unsigned char DMAR_bin[] = {{\n  {body}\n}};\nunsigned int DMAR_bin_len = {len(data)};\n"
    )


def iasl_rows(data: bytes) -> str:
    """Write the block of bytes that ``iasl -d`` ends its text with."""
    rows = [
        f"    {at:04X}: {row.hex(' ').upper():47}  // {ascii_of(row)}\n"
        for at, row in rows_of(data)
    ]
    return f"Raw Table Data: Length {len(data)} (0x{len(data):X})\n\n" + "".join(rows)


def iasl_c(data: bytes) -> str:
    """Write what ``iasl -tc`` writes: C with a comment on each line."""
    rows = [
        "".join(f"0x{byte:02X}," for byte in row) + f'  /* {at:08X}    "{ascii_of(row)}" */\n'
        for at, row in rows_of(data, 8)
    ]
    return f"unsigned char AmlCode[] =\n{{\n    {'    '.join(rows)}}};\n"


def iasl_assembly(data: bytes) -> str:
    """Write what ``iasl -ta`` writes."""
    return "".join(
        f'  db  {",".join(f"0{byte:02X}h" for byte in row)}   ; {at:08X}    "{ascii_of(row)}"\n'
        for at, row in rows_of(data, 8)
    )


def format_hex_5(data: bytes) -> str:
    """Write what Format-Hex of PowerShell 5.1 writes."""
    head = "           Path: C:\\DMAR.bin\n\n           " + " ".join(f"{n:02X}" for n in range(16))
    rows = [f"{at:08X}   {row.hex(' ').upper():47}  {ascii_of(row)}" for at, row in rows_of(data)]
    return "\n".join(["", "", head, "", *rows, "", ""])


def format_hex_7(data: bytes) -> str:
    """Write what Format-Hex of PowerShell 7 writes: one blank before the ASCII column."""
    head = [
        "   Label: C:\\DMAR.bin",
        "",
        "          Offset Bytes                                           Ascii",
        "                 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F",
        "          ------ ----------------------------------------------- -----",
    ]
    rows = [f"{at:016X} {row.hex(' ').upper():47} {ascii_of(row)}" for at, row in rows_of(data)]
    return "\n".join([*head, *rows, ""])


def certutil(data: bytes) -> str:
    """Write what ``certutil -encodehex`` writes."""
    return "".join(
        f"{at:04x}\t{row[:8].hex(' '):23}  {row[8:].hex(' '):23}   {ascii_of(row)}\n"
        for at, row in rows_of(data)
    )


def uefi_shell(data: bytes) -> str:
    """Write what the UEFI shell's ``hexedit`` and ``dmem`` write."""
    return "".join(
        f"  {at:08X}: {row[:8].hex(' ').upper()}{'-' if len(row) > 8 else ' '}"
        f"{row[8:].hex(' ').upper():23}  *{ascii_of(row)}*\n"
        for at, row in rows_of(data)
    )


def windbg(data: bytes) -> str:
    """Write what ``db`` of the Windows debugger writes."""
    return "".join(
        f"fffff780`{at:08x}  {row[:8].hex(' ')}{'-' if len(row) > 8 else ' '}"
        f"{row[8:].hex(' '):23}  {ascii_of(row)}\n"
        for at, row in rows_of(data)
    )


def kernel_log(data: bytes) -> str:
    """Write what print_hex_dump() writes into a log."""
    return "".join(
        f"[    {9 + number / 3:.6f}] DMAR: {at:08x}: {row.hex(' '):47}  {ascii_of(row)}\n"
        for number, (at, row) in enumerate(rows_of(data))
    )


def u_boot(data: bytes) -> str:
    """Write what ``md`` of U-Boot writes: words of 32 bits at their addresses."""
    whole = data.ljust(-(-len(data) // 4) * 4, b"\0")
    rows = words(whole, 4, "{:08x}")
    return "".join(
        f"{0x7BFF0000 + 16 * number:08x}: {row:35}    {ascii_of(whole[16 * number :][:16])}\n"
        for number, row in enumerate(rows)
    )


def _uuencode(data: bytes) -> str:
    lines = [binascii.b2a_uu(row).decode("ascii") for _, row in rows_of(data, 45)]
    return f"begin 644 DMAR.bin\n{''.join(lines)}`\nend\n"


def _wrapped(data: bytes) -> str:
    text = base64.b64encode(data).decode("ascii")
    return "".join(f"{text[at : at + 76]}\n" for at in range(0, len(text), 76))


RENDERINGS: dict[str, Rendering] = {
    "acpidump": dump,
    "hexdump -C": hexdump_c,
    "hexdump": hexdump,
    "hexdump -v": hexdump_v,
    "od": od,
    "od -x": od_x,
    "od -t x1": od_x1,
    "od -A x -t x1z -v": od_x1z,
    "od -A d -t d2": od_decimal,
    "od -c": od_characters,
    "xxd": xxd,
    "xxd -e": xxd_e,
    "xxd -b": xxd_bits,
    "xxd -p": xxd_p,
    "xxd -i": xxd_i,
    "iasl": iasl_rows,
    "iasl -tc": iasl_c,
    "iasl -ta": iasl_assembly,
    "Format-Hex 5.1": format_hex_5,
    "Format-Hex 7": format_hex_7,
    "certutil": certutil,
    "UEFI shell": uefi_shell,
    "windbg": windbg,
    "kernel log": kernel_log,
    "U-Boot": u_boot,
    "base64": _wrapped,
    "base64, one line": lambda data: base64.b64encode(data).decode("ascii"),
    "uuencode": _uuencode,
    "hex": bytes.hex,
    "hex, upper case": lambda data: data.hex().upper() + "\n",
    "hex, blanks": lambda data: data.hex(" ") + "\n",
    "hex, colons": lambda data: data.hex(":"),
    "hex, commas": lambda data: ",".join(f"{byte:02x}" for byte in data),
    "hex, rows": lambda data: "\n".join(row.hex(" ").upper() for _, row in rows_of(data)),
    "hex, rows of four": lambda data: "\n".join(row.hex(" ", -4) for _, row in rows_of(data)),
    "hex, 0x": lambda data: "\n".join(" ".join(f"0x{b:02X}" for b in r) for _, r in rows_of(data)),
    "hex, 0x without zeros": lambda data: ", ".join(f"0x{byte:x}" for byte in data),
    "hex, one 0x": lambda data: f"0x{data.hex()}",
    "hex, escapes": lambda data: '"' + "".join(f"\\x{byte:02x}" for byte in data) + '"',
    "hex, a byte a line": lambda data: "".join(f"{byte:02x}\n" for byte in data),
    "decimal list": lambda data: f"[{', '.join(map(str, data))}]\n",
}
"""A rendering each: name and function."""


def _numbered(text: str) -> str:
    return "\n".join(f"{number:>4}  {line}" for number, line in enumerate(text.splitlines(), 1))


def _each(prefix: str) -> Callable[[str], str]:
    return lambda text: "\n".join(prefix + line for line in text.splitlines())


SURROUNDINGS: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda text: text.encode(),
    "with text around": lambda text: (
        "Hello,\nhere is the table of my Dell R820 (2 sockets, 44 devices):\n\n"
        f"{text.rstrip()}\n\nThanks, 4 all!\n".encode()
    ),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "UTF-8 with a mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-16 LE with a mark": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "UTF-16 BE with a mark": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "UTF-16 LE": lambda text: text.replace("\n", "\r\n").encode("utf-16-le"),
    "UTF-16 BE": lambda text: text.encode("utf-16-be"),
    "quoted": lambda text: _each("> ")(text).encode(),
    "quoted twice": lambda text: _each("> > ")(text).encode(),
    "indented": lambda text: _each("    ")(text).encode(),
    "indented by a tab": lambda text: _each("\t")(text).encode(),
    "in a code fence": lambda text: f"```text\n{text.rstrip()}\n```\n".encode(),
    "in a list": lambda text: f"1. the table:\n\n{_each('   ')(text)}\n2. thanks\n".encode(),
    "in <pre>": lambda text: f"<p>it</p><pre>{text.rstrip()}</pre>\n".encode(),
    "in [code]": lambda text: f"[code]{text.rstrip()}[/code]\n".encode(),
    "after a prompt": lambda text: (
        f"root@host:~# show DMAR\n{text.rstrip()}\nroot@host:~# \n".encode()
    ),
    "with no-break spaces": lambda text: text.replace(" ", "\xa0").encode(),
}
"""What a rendering is put into: name and function."""
