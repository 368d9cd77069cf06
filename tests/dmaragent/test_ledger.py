"""Who else names what the ledger names: a new reading of a host needs its line in each.

HACKING, "Read something new of a host", lists the same places.
"""

import ast
import re
import sys
from pathlib import Path
from types import ModuleType
from unittest.mock import Mock, call

import pytest

from dmaragent import readings
from dmaragent.collect.ledger import EVIDENCE, LEDGER, Operation
from support.capturing import SCRIPT, UNASKABLE

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "integrations" / "sos" / "dmaragent.py"
FILES = [entry for entry in LEDGER if entry.operation is not Operation.CALL]
CALLS = [entry for entry in LEDGER if entry.operation is Operation.CALL]
REQUEST = re.compile(r'\b(read_file|read_link|list_dir) "(/[^"]*|\$device/[^"]*)"(?: "?(\d*)"?)?')
"""A line of capture.sh that asks for something, and its window."""
OPERATIONS = {
    "read_file": Operation.READ,
    "read_link": Operation.LINK,
    "list_dir": Operation.LIST,
}


def test_no_reading_stands_in_the_ledger_twice() -> None:
    assert len({(entry.operation, entry.path) for entry in LEDGER}) == len(LEDGER)


def test_capture_sh_asks_for_what_the_ledger_names_and_nothing_else() -> None:
    requests = set()
    for function, path, window in REQUEST.findall(SCRIPT.read_text("utf-8")):
        pattern = re.sub(r"\$\w+", "{}", path).replace("{}/{}", "{}")
        requests.add((OPERATIONS[function], pattern, int(window) if window else None))

    assert requests == {(entry.operation, entry.path, entry.window) for entry in FILES}


def test_capture_sh_makes_every_call_that_a_shell_can() -> None:
    calls = set(re.findall(r"\b(?:keep_call|ask_program) ([a-z-]+)", SCRIPT.read_text("utf-8")))

    assert calls == {entry.path for entry in CALLS if entry not in UNASKABLE}


def _plugin_paths() -> dict[str, tuple[str, ...]]:
    """Return the lists of paths in the sos plugin, by their names."""
    (plugin,) = (
        node for node in ast.parse(PLUGIN.read_text("utf-8")).body if isinstance(node, ast.ClassDef)
    )
    return {
        target.id: ast.literal_eval(node.value)
        for node in plugin.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def test_the_sos_plugin_collects_what_the_ledger_names_and_nothing_else() -> None:
    paths = _plugin_paths()
    copied = {*paths["copied_paths"], *paths["linked_paths"]}
    attributes = (*paths["pci_attributes"], *paths["pci_links"], "config")
    copied |= {f"{{}}/{attribute}" for attribute in attributes}
    # sos itself keeps the host's name and the time: no need of ours.
    files = [entry for entry in FILES if entry not in EVIDENCE]
    lists = {entry.path for entry in files if entry.operation is Operation.LIST}
    assert lists == {path.replace("*", "{}") for path in paths["listed_paths"]}
    # What is in a listed folder is kept where the listing is all that is asked for.
    named = {*paths["linked_paths"]} & {f"{path.replace('{}', '*')}/*" for path in lists}
    named |= {path for path in copied if path.startswith("/sys/bus/pci/drivers/pciback/")}
    patterns = {
        entry.path: re.compile(re.escape(entry.path).replace(re.escape("{}"), ".+"))
        for entry in files
        if entry.operation is not Operation.LIST
    }
    for path in copied - named:
        assert any(pattern.fullmatch(path) for pattern in patterns.values()), path
    for path, pattern in patterns.items():
        assert any(map(pattern.fullmatch, copied)), path


@pytest.mark.parametrize(
    "reading",
    [
        readings.TableReading,
        readings.PciReading,
        readings.IommuGroupReading,
        readings.MemoryMapReading,
        readings.SystemReading,
        readings.XenReading,
    ],
)
def test_the_join_uses_each_field_of_a_reading(reading: type[tuple[object, ...]]) -> None:
    join = "".join(path.read_text("utf-8") for path in (ROOT / "src/dmaragent/host").rglob("*.py"))

    for field in reading.__annotations__:
        assert re.search(rf"\.{field}\b", join), field


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the sos plugin, on a sos that has only the names that it imports."""
    plugins = ModuleType("sos.report.plugins")
    for name in ("Debian", "Independent", "RedHat", "SuSE", "Ubuntu"):
        setattr(plugins, f"{name}Plugin", type(name, (), {}))
    plugins.Plugin = type("Plugin", (), {})  # type: ignore[attr-defined]
    for name in ("sos", "sos.report"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "sos.report.plugins", plugins)
    made = ModuleType("plugin")
    exec(compile(PLUGIN.read_text("utf-8"), str(PLUGIN), "exec"), made.__dict__)  # noqa: S102 - ours
    return made


def test_the_sos_plugin_keeps_what_the_ledger_reads_of_a_configuration_space(
    plugin: ModuleType, tmp_path: Path
) -> None:
    """Links stay links, and a listed folder is kept although it is empty."""
    (config,) = (entry for entry in LEDGER if entry.path.endswith("/config"))
    function = tmp_path / "sys/devices/pci0000:00/0000:00:02.0"
    function.mkdir(parents=True)
    (function / "config").write_bytes(bytes(range(256)))
    (function / "driver").symlink_to("../../../bus/pci/drivers/e1000e")
    devices = tmp_path / "sys/bus/pci/devices"
    devices.mkdir(parents=True)
    (devices / "0000:00:02.0").symlink_to("../../../devices/pci0000:00/0000:00:02.0")
    (devices / "0000:00:03.0").mkdir()  # in a copy
    (tmp_path / "sys/kernel/iommu_groups").mkdir(parents=True)
    made = plugin.Dmaragent()
    made.sysroot, made.archive = str(tmp_path), Mock()
    made.add_copy_spec, made.add_cmd_output = Mock(), Mock()

    made.setup()

    path = "/sys/devices/pci0000:00/0000:00:02.0"
    assert config.window == plugin.CONFIG_WINDOW
    assert made.archive.add_binary.mock_calls == [call(bytes(range(64)), f"{path}/config")]
    assert made.archive.add_link.mock_calls == [
        call("../../../devices/pci0000:00/0000:00:02.0", "/sys/bus/pci/devices/0000:00:02.0"),
        call("../../../bus/pci/drivers/e1000e", f"{path}/driver"),
    ]
    folders = {one.args[0] for one in made.archive.add_dir.mock_calls}
    assert folders == {"/sys/bus/pci/devices", "/sys/kernel/iommu_groups"}
    copied = [path for one in made.add_copy_spec.mock_calls for path in one.args[0]]
    assert {f"{path}/class", "/sys/bus/pci/devices/0000:00:03.0/class"} <= {*copied}
    assert "xl info" in made.add_cmd_output.mock_calls[0].args[0]
