"""A question about guests or devices before it is answered: its subject, and what decides.

* ``context``: the toolstack and releases of a question, and what they decide on a host.
* ``releases``: releases of Xen as users name them, and spans with the same behaviour.
* ``guest_resolver``: guests of any format, resolved by the toolstack that the format implies.

``api.py`` reads a host for a question; ``answers/``, a lower layer, builds the answer.
"""
