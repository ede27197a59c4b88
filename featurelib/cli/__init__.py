"""The command line: each command parses its words, calls one function of the library, and prints what came back.

Owns words, exit codes and nothing else. Must never compute.
"""

from featurelib.cli.main import main

__all__ = ["main"]
