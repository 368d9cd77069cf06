"""Fixes in the firmware: HPE's switch that excludes a slot from regions, or settings to look for.

Source: HPE's advisory c04781229 and its conrep_rmrds.xml.  There is a switch for each *physical
slot*, not for a PCI address; conrep of the scripting toolkit sets it.
"""

import re

from dmaragent.addresses import SBDF
from dmaragent.host.smbios import Machine
from dmaragent.host.topology import PciFunction
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.remedies.devices import words
from dmaragent.remedies.devices.words import firmware as firmware_words
from dmaragent.remedies.remedy import DeviceRemedy, Safety

_HPE = frozenset({"hp", "hpe", "hewlett-packard", "hewlett packard enterprise"})
_SLOT = re.compile(r"(?:.*\bslot[ _]*)?(\d{1,2})(?:-\d+)?", re.IGNORECASE)


def is_hpe_server(machine: Machine) -> bool:
    """Return whether `machine` is an HPE ProLiant; HP's notebooks do not have the switch."""
    vendor = (machine.vendor or "").strip().lower()
    return vendor in _HPE and (machine.model or "").strip().lower().startswith("proliant")


def slot_number(slot: str | None) -> int | None:
    """Return the number of a slot named ``3``, ``3-1`` or ``PCI-E Slot 3``; None: no number."""
    match = _SLOT.fullmatch((slot or "").strip())
    return int(match[1]) or None if match else None


def firmware_remedy(device: DeviceContext, function: PciFunction) -> DeviceRemedy:
    """Return the firmware setting that may remove the regions of `function`."""
    machine, known = device.inventory.host.machine, device.inventory.host.topology.known
    where = {
        IommuVendor.AMD: firmware_words.AMD_SETTING,
        IommuVendor.ARM: firmware_words.ARM_SETTING,
    }
    if device.vendor in where:
        explanation = firmware_words.look_for_setting_without_vtd(where[device.vendor])
        return _remedy(firmware_words.FIRMWARE_SETTING, explanation)
    if is_hpe_server(machine):
        slots = any(neighbour.slot is not None for neighbour in known.values())
        return _hpe_remedy(machine, function, slots_known=slots)
    code = function.class_code
    keys = () if code is None else (code >> 8, code >> 16)
    settings = (
        firmware_words.SETTINGS_BY_CLASS[key]
        for key in keys
        if key in firmware_words.SETTINGS_BY_CLASS
    )
    setting, why = next(settings, firmware_words.LEGACY_SUPPORT)
    return _remedy(firmware_words.FIRMWARE_SETTING, firmware_words.look_for_setting(setting, why))


def _remedy(
    title: str,
    explanation: str,
    lines: tuple[str, ...] = (),
    *,
    cost: str = firmware_words.UNVERIFIED_COST,
) -> DeviceRemedy:
    return DeviceRemedy(
        safety=Safety.FIRMWARE,
        side="",
        title=title,
        explanation=explanation,
        lines=lines,
        where=words.ROOT_SHELL if lines else "",
        cost=cost,
    )


# HPE ------------------------------------------------------------------------------------


def _has_slot_switch(machine: Machine) -> bool:
    """Return whether conrep has the switch for the model: Gen8 and Gen9, except the MicroServer."""
    model = (machine.model or "").lower()
    return (
        any(generation in model for generation in ("gen8", "gen9")) and "microserver" not in model
    )


def _hpe_remedy(machine: Machine, function: PciFunction, *, slots_known: bool) -> DeviceRemedy:
    """Return HPE's fix: the switch of the card's slot."""
    number = slot_number(function.slot)
    if not _has_slot_switch(machine):
        return _remedy(
            firmware_words.HPE_SETUP, firmware_words.hpe_switch_unknown_for(machine.model)
        )
    if number is None and function.slot is None and slots_known:
        return _remedy(
            firmware_words.HPE_NO_SLOT, firmware_words.hpe_switch_not_for_embedded(function.sbdf)
        )
    if number is None:
        explanation = firmware_words.hpe_slot_unknown(function.sbdf, function.slot)
        return _remedy(
            firmware_words.HPE_SWITCH_IF_IN_SLOT, explanation, cost=firmware_words.HPE_SLOT_COST
        )
    section = f"RMRDS_Slot{number}"
    return _remedy(
        firmware_words.hpe_switch(number),
        firmware_words.hpe_leave_slot_out(number),
        lines=(
            "printf '%s\\n' '<Conrep>' \\",
            f'\'<Section name="{section}" helptext=".">Endpoints_Excluded</Section>\' \\',
            "'</Conrep>' > exclude.dat",
            "conrep -l -x conrep_rmrds.xml -f exclude.dat",
            "conrep -s -x conrep_rmrds.xml -f verify.dat",
            f"grep {section} verify.dat",
        ),
        cost=firmware_words.HPE_SLOT_COST,
    )


# Intel VMD ------------------------------------------------------------------------------


def vmd_remedies(device: DeviceContext, endpoint: SBDF) -> tuple[DeviceRemedy, ...]:
    """Return the fixes for a function behind the VMD `endpoint`."""
    known = device.inventory.host.topology.known
    behind = sum(function.vmd == endpoint for function in known.values())
    return (
        DeviceRemedy(
            safety=Safety.NEEDED,
            side="",
            title=firmware_words.pass_vmd_endpoint(endpoint),
            explanation=firmware_words.vmd_endpoint_loss(behind),
            lines=(f"dmaragent explain {endpoint}",),
            where=words.ROOT_SHELL,
            cost=firmware_words.vmd_endpoint_cost(behind),
            warning=firmware_words.vmd_endpoint_loss(behind),
        ),
        _remedy(
            firmware_words.SWITCH_VMD_OFF,
            firmware_words.SWITCH_VMD_OFF_EFFECT,
            cost=firmware_words.VMD_OFF_COST,
        ),
    )
