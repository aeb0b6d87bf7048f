"""Activation steps as Qiskit circuits, compiled for a device."""
