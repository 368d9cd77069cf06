"""The types of the JSON documents, one module each; docs/schema is generated from them.

The docstring of a class or field becomes its description. ``Annotated`` adds an Enum whose values
are allowed, or a keyword of JSON Schema with its value. The program imports these modules only for
mypy, so commands do not load them.
"""
