"""Fixes with virtual functions (SR-IOV)."""

from dmaragent.addresses import SBDF
from dmaragent.passthrough.words import device_list

REMOVE_VIRTUAL_FUNCTIONS = "Remove its virtual functions (SR-IOV)"
USE_VIRTUAL_FUNCTION = "Pass a virtual function through instead"


def remove_virtual_functions(existing: tuple[SBDF, ...], used: tuple[SBDF, ...]) -> str:
    """Return the effect of removing virtual functions; `used`: those that guests may use."""
    guests = f" Guests may use {device_list(used)}: detach those first." if used else ""
    return (
        f"This removes {device_list(existing)}.{guests} Alternatively, leave the device to the "
        "host and pass one of them through."
    )


def virtual_functions_cost(existing: tuple[SBDF, ...], used: tuple[SBDF, ...]) -> str:
    """Return the same in a few words."""
    guests = f"; detach {device_list(used, 2)} from guests first" if used else ""
    return f"removes {device_list(existing, 2)}{guests}"


def use_virtual_function(most: int, free: tuple[SBDF, ...]) -> str:
    """Return the effect of using a virtual function; `free`: those that exist without a region."""
    without = (
        f"The device supports {most} virtual functions. No region applies to {device_list(free)}."
        if free
        else f"The device supports {most} virtual functions, and no region applies to them."
    )
    return f"{without} The device itself stays with the host and keeps its driver."


VIRTUAL_FUNCTION_COST = "the guest gets a virtual function, not the whole device"
