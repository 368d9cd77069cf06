"""Imports flow one way, and only the shell touches the world.

Every package or module of the program is named here with what it may import of the
others.  A module that is not named fails, so the list cannot fall behind.
"""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FWTABLES = "fwtables"
VOCABULARY = (
    "errors",
    "addresses",
    "device_names",
    "boot_words",
    "places",
    "snapshot",
    "pci_classes",
    "memory_map",
    "topology",
    "releases",
)
PURE = (
    *VOCABULARY,
    "host",
    "absence",
    "platforms",
    "units",
    "views",
    "inventory",
    "remedies",
    "policy",
    "guests",
    "verdict",
    "boot_option",
    "messages",
    "checks",
    "comparison",
    "present",
)
LAYERS: dict[str, tuple[str, ...]] = {
    # pure, in the order the answer flows
    "__init__": ("api",),  # when asked for, not before
    "errors": (),
    "addresses": (),
    "device_names": ("addresses",),
    "snapshot": (),
    "boot_words": (),
    "places": (),
    "gc_control": (),
    "releases": (),
    "pci_classes": (),
    "redaction": ("boot_words",),
    "memory_map": ("addresses",),
    "topology": ("addresses", "snapshot"),
    "host": VOCABULARY,
    "absence": ("snapshot", "host"),
    "platforms": (*VOCABULARY, "host"),
    "units": ("addresses", "topology"),
    "views": (*VOCABULARY, "host", "platforms"),
    "inventory": (*VOCABULARY, "host", "absence", "platforms", "units", "views"),
    "remedies": (),
    "policy": (*VOCABULARY, "host", "absence", "platforms", "views", "inventory", "remedies"),
    "guests": (*VOCABULARY, "platforms", "policy"),
    "checks": (
        *VOCABULARY,
        "host",
        "absence",
        "platforms",
        "units",
        "views",
        "inventory",
        "policy",
        "messages",
    ),
    "verdict": (
        *VOCABULARY,
        "host",
        "absence",
        "platforms",
        "units",
        "views",
        "inventory",
        "remedies",
        "policy",
        "guests",
    ),
    "boot_option": (*VOCABULARY, "host", "absence", "platforms", "views", "inventory"),
    "messages": (
        "addresses",
        "snapshot",
        "memory_map",
        "topology",
        "host",
        "platforms",
        "views",
        "inventory",
        "boot_option",
    ),
    "comparison": (
        "addresses",
        "snapshot",
        "topology",
        "absence",
        "platforms",
        "units",
        "views",
        "inventory",
        "policy",
        "guests",
        "checks",
    ),
    "present": ("__init__", *PURE),
    "asking": PURE,
    "resolving": ("asking", *PURE),
    # the shell
    "collect": ("__init__", "errors", "places", "snapshot", "redaction"),
    "api": (*PURE, "asking", "resolving", "collect"),
    "agent": ("__init__", *PURE, "gc_control", "asking", "resolving", "collect", "api"),
    "commands": ("__init__", *PURE, "asking", "resolving", "collect", "api", "agent"),
    "cli": ("__init__", "errors", "gc_control", "present", "commands"),
    "__main__": ("cli",),
}
PURE_IN_THE_SHELL = (
    "agent/guest_request.py",
    "agent/limits.py",
    "agent/messages.py",
    "agent/metrics.py",
    "agent/model.py",
    "agent/resolving.py",
    "agent/routes.py",
)
"""What decides for the service, and does nothing itself."""
WORLD = frozenset(
    [
        "asyncio",
        "ctypes",
        "fcntl",
        "glob",
        "io",
        "logging",
        "os",
        "pathlib",
        "psutil",
        "pyudev",
        "random",
        "resource",
        "select",
        "shutil",
        "signal",
        "socket",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "urllib",
    ]
)
"""What a pure module may not import.  (fwtables is held by parsers/ruff.toml too.)"""


def test_what_the_layers_may_import_goes_one_way() -> None:
    """The package itself apart: everybody may ask it the version, and it asks for api late."""
    graph = {
        layer: set(others) - {layer, "__init__"}
        for layer, others in LAYERS.items()
        if layer != "__init__"
    }

    TopologicalSorter(graph).prepare()  # raises CycleError, which names the layers


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


def _violations(path: Path, root: Path) -> list[str]:
    """Say what `path` imports that its layer may not."""
    layer = path.relative_to(root).parts[0].removesuffix(".py")
    if layer not in LAYERS:
        return [f"{path.name}: the layer {layer} is not named in test_architecture.py"]
    wrong = []
    for name in _imports(path):
        top, _, rest = name.partition(".")
        target = rest.partition(".")[0]
        if top == "dmaragent":
            target = target if target in LAYERS else "__init__"
            if target != layer and target not in LAYERS[layer]:
                wrong.append(f"{layer} imports {name}")
        elif top in WORLD and _pure(path, root):
            wrong.append(f"{layer} is pure and imports {name}")
        elif top == FWTABLES and layer in (
            "addresses",
            "errors",
            "snapshot",
            "pci_classes",
            "memory_map",
        ):
            wrong.append(f"{layer} imports {name}")
    return wrong


def _pure(path: Path, root: Path) -> bool:
    place = path.relative_to(root)
    layer = place.parts[0].removesuffix(".py")
    return (
        layer in (*PURE, "__init__", "asking", "resolving") or place.as_posix() in PURE_IN_THE_SHELL
    )


def _modules(root: Path) -> list[Path]:
    return sorted(root.rglob("*.py"))


@pytest.mark.parametrize(
    "path",
    _modules(ROOT / "src/dmaragent"),
    ids=lambda path: path.relative_to(ROOT / "src").as_posix(),
)
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    assert _violations(path, ROOT / "src/dmaragent") == []


def test_the_types_of_documents_are_imported_for_mypy_only() -> None:
    modules = [*_modules(ROOT / "src/dmaragent"), *_modules(ROOT / "parsers")]
    for path in modules:
        if path.parent.name == "schema":
            continue  # they import each other's
        tree = ast.parse(path.read_text("utf-8"))
        tree.body = [node for node in tree.body if not _is_for_types(node)]
        imported = [
            f"{node.module}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        ]
        types = ("dmaragent.present.schema", "fwtables.schema")
        assert [name for name in imported if name.startswith(types)] == [], path


def _is_for_types(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


@pytest.mark.parametrize("path", _modules(ROOT / "parsers"), ids=lambda path: path.stem)
def test_the_parsers_stand_alone(path: Path) -> None:
    tops = {name.partition(".")[0] for name in _imports(path)}

    assert not tops & (WORLD | {"dmaragent"})
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
        ("agent/routes.py", "import asyncio", "agent is pure and imports asyncio"),
        ("asking.py", "import os", "asking is pure and imports os"),
        ("snapshot.py", "import fwtables", "snapshot imports fwtables"),
        ("newroom.py", "", "newroom.py: the layer newroom is not named in test_architecture.py"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, place: str, source: str, said: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(source)

    assert _violations(path, tmp_path) == [said]


def test_only_two_modules_meet_pyudev() -> None:
    users = [
        path.name
        for path in _modules(ROOT / "src/dmaragent")
        if any(name.partition(".")[0] == "pyudev" for name in _imports(path))
    ]

    assert sorted(users) == ["udev.py", "watch.py"]  # the enumeration, and the events
