"""A question about guests or devices, before it is answered: who is asked about, and what decides.

* ``context``: the toolstack and releases of a question, and what they make of a host that was read.
* ``releases``: releases of Xen as users name them, and the spans in which all do the same.
* ``guest_resolver``: a guest of any format resolved, by the toolstack that its format implies.

``api.py`` reads a host for a question; ``answers/``, below, puts an answer together.
"""
