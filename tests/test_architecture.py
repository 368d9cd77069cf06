"""Imports flow one way, and only the shell touches the world.

The rooms of the program stand in layers, from the ground up.  A room may import those of
lower layers and itself, never one beside it or above.  A module in no room fails, so that
the list cannot fall behind.
"""

import ast
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FWTABLES = "fwtables"
LAYERS = (
    # what the rest is said in
    (
        "addresses",
        "spans",
        "boot_words",
        "canonical",
        "errors",
        "gc_control",
        "pci_classes",
        "readings",
        "releases",
        "service_paths",
        "shell_words",
    ),
    ("redaction",),
    # what was read, and what it makes together
    ("collect", "host"),
    ("iommu",),
    # what the kernel and the hypervisor make of it
    ("linux", "xen/hypervisor", "xen/toolstack", "xen/__init__"),
    ("xen/reserved_list",),
    ("inventory", "guests"),
    # what becomes of guests and devices
    ("policy",),
    ("boot_option", "passthrough"),
    ("messages", "remedies"),
    ("answers",),
    ("checks/common",),
    ("checks/amd", "checks/vtd"),
    ("checks/__init__", "checks/all_rules"),
    ("comparison",),
    # what people and programs are told
    ("present/escaping",),
    ("present/screen",),
    ("present/words",),
    ("present/text", "present/json"),
    ("present/html",),
    ("present",),
    ("question",),
    ("api", "client"),
    ("agent", "fleet"),
    ("commands",),
    ("cli",),
    ("__main__",),
)
"""The rooms, from the ground up; the longest name that fits is a module's room."""
ROOMS = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
OPEN_TO_ALL = "__init__"
"""The package itself: everybody may ask it the version.  It asks for ``api`` when that is used."""
KNOW_THE_DMAR = (
    "checks/vtd",
    "iommu/vtd",
    "present/text/decode",
    "present/text/decode_dmar",
    "present/words/table",
    "xen/hypervisor",
)
"""Who may know the structures of a DMAR.  All others have the values of ``iommu/model.py``."""
OF_THE_DMAR = frozenset(
    [
        "ANDD",
        "ATSR",
        "DMAR",
        "DRHD",
        "DeviceScope",
        "PathEntry",
        "RHSA",
        "RMRR",
        "SATC",
        "SIDP",
        "Structure",
        "UnknownStructure",
        "located",
        "structure_length",
        "structure_name",
    ]
)
"""What :mod:`fwtables` has for a DMAR alone."""
SHELL = ("collect", "gc_control", "api", "client", "agent", "fleet", "commands", "cli", "__main__")
"""The rooms that touch the world.  All others take values and give values."""
PURE_IN_THE_SHELL = (
    "agent/guest_request.py",
    "agent/limits.py",
    "agent/http_messages.py",
    "agent/metrics.py",
    "agent/published.py",
    "agent/changes.py",
    "agent/devices_answer.py",
    "agent/guest_answer.py",
    "agent/json_body.py",
    "agent/message_answer.py",
    "agent/message_request.py",
    "agent/report_answer.py",
    "agent/routes.py",
    "agent/words.py",
    "commands/shared/words/*.py",
    "fleet/classes.py",
    "fleet/exports.py",
    "fleet/collection/failures.py",
    "fleet/collection/model.py",
    "fleet/collection/names.py",
    "fleet/collection/stream.py",
    "fleet/html/__init__.py",
    "fleet/html/guests.py",
    "fleet/html/hosts.py",
    "fleet/html/parts.py",
    "fleet/json.py",
    "fleet/move_devices.py",
    "fleet/move_either.py",
    "fleet/move_kvm.py",
    "fleet/move_text.py",
    "fleet/setting_choice.py",
    "fleet/setting_text.py",
    "fleet/setting_trials.py",
    "fleet/text.py",
    "fleet/*words.py",
)
"""What decides for the service, and does nothing itself."""
PURE_LIBRARY = frozenset(
    [
        "__future__",
        "base64",
        "bisect",
        "collections",
        "contextlib",
        "contextvars",
        "dataclasses",
        "difflib",
        "enum",
        "functools",
        "hashlib",
        "heapq",
        "html",
        "http",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "shlex",
        "string",
        "textwrap",
        "types",
        "typing",
        "xml",
        "zlib",
    ]
)
"""What a pure module may import of the standard library: nothing that reads or changes the world."""
READS_ITS_OWN_FILES = "present/html/whole_page.py"
"""The report's style and script are files of the package, read by importlib.resources."""


def _imports(path: Path) -> list[str]:
    """Name every module that `path` imports, also within functions and for types only."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the layer"
            module = node.module or ""
            names += [f"{module}.{alias.name}" for alias in node.names]
    return names


def _room(place: str) -> str:
    """Give the room of the module at `place`, a path below the package without its suffix."""
    fitting = [room for room in ROOMS if place == room or place.startswith(f"{room}/")]
    return max(fitting, key=len, default="")


def _violations(path: Path, root: Path) -> list[str]:
    """Say what `path` imports that its room may not."""
    place = path.relative_to(root).as_posix().removesuffix(".py")
    room = _room(place)
    if place == OPEN_TO_ALL:
        return []
    if not room:
        return [f"{place}: it is in no room of test_architecture.py"]
    wrong = []
    for name in _imports(path):
        top, _, rest = name.partition(".")
        if top == "dmaragent":
            target = _room(rest.replace(".", "/"))
            if target and target != room and ROOMS[target] >= ROOMS[room]:
                wrong.append(f"{room} imports {name}")
        elif top not in (*PURE_LIBRARY, FWTABLES) and _pure(place, room):
            if (f"{place}.py", top) != (READS_ITS_OWN_FILES, "importlib"):
                wrong.append(f"{room} is pure and imports {name}")
        elif top == FWTABLES and ROOMS[room] == 0:
            wrong.append(f"{room} imports {name}")
    if _pure(place, room):
        wrong += [f"{room} is pure and calls {name}" for name in _worldly_calls(path)]
    return wrong


def _worldly_calls(path: Path) -> list[str]:
    """Name the built-in functions that reach the world, or hide an import."""
    calls = [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)
    ]
    names = [call.func.id for call in calls if isinstance(call.func, ast.Name)]
    return [
        name for name in names if name in ("open", "print", "input", "exec", "eval", "__import__")
    ]


def _pure(place: str, room: str) -> bool:
    return room not in SHELL or any(fnmatch(f"{place}.py", pure) for pure in PURE_IN_THE_SHELL)


def _modules(root: Path) -> list[Path]:
    return sorted(root.rglob("*.py"))


@pytest.mark.parametrize(
    "path",
    _modules(ROOT / "src/dmaragent"),
    ids=lambda path: path.relative_to(ROOT / "src").as_posix(),
)
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    assert _violations(path, ROOT / "src/dmaragent") == []


@pytest.mark.parametrize(
    ("library", "module"),
    [
        ("ClusterShell", "src/dmaragent/fleet/collection/node_sets.py"),
        ("distributed", "src/dmaragent/fleet/dask_engine.py"),
    ],
)
def test_an_optional_library_is_imported_by_its_module_alone(library: str, module: str) -> None:
    importing = {
        path.relative_to(ROOT).as_posix()
        for path in _modules(ROOT / "src/dmaragent")
        if any(name.partition(".")[0] == library for name in _imports(path))
    }

    assert importing == {module}


def test_the_types_of_documents_are_imported_for_mypy_only() -> None:
    modules = [*_modules(ROOT / "src/dmaragent"), *_modules(ROOT / "parsers")]
    for path in modules:
        if "schema" in (path.parent.name, path.stem):
            continue  # they import each other's
        tree = ast.parse(path.read_text("utf-8"))
        tree.body = [node for node in tree.body if not _is_for_types(node)]
        imported = [
            f"{node.module}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        ]
        tables = ("fwtables.schema", "fwtables.dmar.schema", "fwtables.ivrs.schema")
        types = ("dmaragent.present.json.schema", *tables)
        assert [name for name in imported if name.startswith(types)] == [], path


def _is_for_types(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def _of_the_dmar(path: Path) -> list[str]:
    """Name what `path` imports of the structures of a DMAR; a document's types are none."""
    return [
        name
        for name in _imports(path)
        if (name.startswith("fwtables.dmar.") and not name.startswith("fwtables.dmar.schema."))
        or (name.startswith("fwtables.") and name.removeprefix("fwtables.") in OF_THE_DMAR)
    ] + [
        f"fwtables.{node.attr}"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr in OF_THE_DMAR) == (FWTABLES, True)
    ]


def test_few_modules_know_the_structures_of_a_dmar() -> None:
    root = ROOT / "src/dmaragent"
    knowing = [
        path.relative_to(root).as_posix().removesuffix(".py")
        for path in _modules(root)
        if _of_the_dmar(path)
    ]

    strangers = [
        place
        for place in knowing
        if not any(place == room or place.startswith(f"{room}/") for room in KNOW_THE_DMAR)
    ]
    assert strangers == []
    assert [
        room for room in KNOW_THE_DMAR if not any(place.startswith(room) for place in knowing)
    ] == []


def test_an_import_of_a_dmars_structure_is_found(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "from fwtables import Decoded, RMRR\n"
        "from fwtables.dmar.constants import ScopeType\n"
        "from fwtables.dmar.schema import Hex\n"
    )

    assert _of_the_dmar(path) == ["fwtables.RMRR", "fwtables.dmar.constants.ScopeType"]


@pytest.mark.parametrize("path", _modules(ROOT / "parsers"), ids=lambda path: path.stem)
def test_the_parsers_stand_alone(path: Path) -> None:
    tops = {name.partition(".")[0] for name in _imports(path)}

    assert "dmaragent" not in tops
    assert tops <= {
        FWTABLES,
        "binascii",
        "construct",
        "collections",
        "dataclasses",
        "enum",
        "functools",
        "heapq",
        "itertools",
        "re",
        "struct",
        "typing",
    }


@pytest.mark.parametrize(
    ("place", "source", "said"),
    [
        ("host.py", "import os", "host is pure and imports os"),
        ("host.py", "import datetime", "host is pure and imports datetime"),
        ("host.py", "import importlib", "host is pure and imports importlib"),
        ("host.py", "open('a')", "host is pure and calls open"),
        (
            "checks/common/x.py",
            "from dmaragent.checks.vtd import units",
            "checks/common imports dmaragent.checks.vtd.units",
        ),
        (
            "present/x.py",
            "def f():\n    import subprocess",
            "present is pure and imports subprocess",
        ),
        (
            "host.py",
            "from dmaragent.present import tables",
            "host imports dmaragent.present.tables",
        ),
        ("collect/x.py", "from dmaragent.host import join", "collect imports dmaragent.host.join"),
        (
            "linux/x.py",
            "from dmaragent.xen.hypervisor import points",
            "linux imports dmaragent.xen.hypervisor.points",
        ),
        ("agent/routes.py", "import asyncio", "agent is pure and imports asyncio"),
        ("question/x.py", "import os", "question is pure and imports os"),
        ("commands/shared/words/x.py", "import os", "commands is pure and imports os"),
        ("readings.py", "import fwtables", "readings imports fwtables"),
        ("newroom.py", "", "newroom: it is in no room of test_architecture.py"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, place: str, source: str, said: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)

    assert _violations(path, tmp_path) == [said]


def test_only_two_modules_meet_pyudev() -> None:
    users = [
        path.name
        for path in _modules(ROOT / "src/dmaragent")
        if any(name.partition(".")[0] == "pyudev" for name in _imports(path))
    ]

    assert sorted(users) == ["udev.py", "watch.py"]  # the enumeration, and the events
