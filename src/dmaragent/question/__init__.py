"""A question about guests or devices before it is answered: its host, and what decides.

* ``ask_host``: the host of a question, opened and read.
* ``context``: the toolstack and releases of a question, what they decide on a host, and guests of
  any format resolved there (``GuestResolver``).
* ``releases``: releases of Xen as users name them, and spans with the same behaviour.
* ``host_class``: what distinguishes hosts for guests.

``answers/``, a lower layer, builds the answer.
"""
