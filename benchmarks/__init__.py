"""Benchmarks: what featurelib costs beside its peers, each measured with its peer in one run.

Owns the measurements that README and documentation quote. Must never be imported by the library or its tests.
"""
