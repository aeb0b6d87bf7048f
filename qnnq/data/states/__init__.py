"""Quantum states as data: preparation circuits with labels, families by name, files."""
