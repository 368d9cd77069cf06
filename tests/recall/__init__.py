"""How many of the messages that programs print about passthrough ``dmaragent why`` recognises.

``sources`` names the programs, releases and files, ``c_source`` and ``binaries`` extract format
strings from them, ``rendering`` fills in values, ``measure`` compares with the recogniser.
"""
