"""Whether a device can be passed through, by Xen, by Linux and to a KVM guest, and why.

* ``device_context``: the facts about the device, for all modules here.
* ``xen``, ``linux`` (with ``linux_group``, ``unexplained_regions``), ``kvm`` (with ``kvm_regions``):
  the verdicts.
* ``sriov``, ``vmd``: virtual functions, and functions behind Intel VMD, on either side.
* ``virtual_function_regions``: whether regions apply to virtual functions, existing or not.
* ``unknown``: the one rule that makes a verdict unknown.
* ``vfio_regions``: the regions that VFIO finds when it attaches a device.
* ``xen_words``, ``linux_words``, ``kvm_words``: the sentences of each; ``words``: those of both sides.
"""
