"""What a coding agent's hook can afford: errors, redaction, commands and rules on the standard library alone.

It runs without `brainops`, under `python -I -S`: nothing here imports dataclasses, typing, inspect, pathlib, logging or
what brings them in, and each regular expression is compiled when it is first asked. `brainops` adapts to it at the edge
of its own types; there is no second implementation.
"""
