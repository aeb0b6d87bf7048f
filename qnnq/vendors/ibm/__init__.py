"""The machines of the saved IBM Quantum account."""
