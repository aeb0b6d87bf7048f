"""Aer noise: from a device, synthetic, scaled, restricted to the qubits in use, checked."""
