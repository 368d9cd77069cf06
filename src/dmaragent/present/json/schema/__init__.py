"""The types of the JSON documents, a module for each; docs/schema is generated from them.

The docstring of a class and of a field becomes its description. ``Annotated`` has an Enum whose
values are allowed, or a keyword of JSON Schema with its value. The program imports these modules
for mypy only, so they cost a command nothing.
"""
