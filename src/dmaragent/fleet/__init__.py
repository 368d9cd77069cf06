"""Many hosts at once: a folder with one document for each host.

A document is what ``--host`` reads: a bundle, a collector's report, a table, a recorded machine.
``documents.py`` finds them, ``records.py`` reads one, ``classes.py`` puts hosts together that are
alike in what decides, ``guests.py`` and ``devices.py`` answer a question once for each class.
``one_setting.py`` finds the setting with which a guest starts on all hosts. ``move.py`` answers
for a guest's devices after a migration.
"""
