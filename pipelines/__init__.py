"""Pipelines: one module each, a declaration and nothing else.

Owns what is computed for whom. Must never read data, or say where it lies: paths enter through flows and commands.
"""
