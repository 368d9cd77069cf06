"""The sentences of the verbs outside of documents: errors, and lines on standard error.

A function that returns a DmaragentError sets the error and its next step. Nothing here is escaped:
the code that prints a sentence escapes text from strangers.

* ``command_line``: verbs and options.
* ``hosts``: the host of an answer and its devices.
* ``guests``: the guests that a user names.
* ``tables``: tables and their JSON.
* ``messages``, ``boot_option``, ``service``: the verbs ``why``, ``boot-option`` and ``status``.
"""
