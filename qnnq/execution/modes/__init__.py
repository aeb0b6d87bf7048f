"""What happens to a neuron's qubit between two layers."""
