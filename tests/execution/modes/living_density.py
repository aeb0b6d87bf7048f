"""Density matrices of a few living qubits under a device's noise, from its calibration, by hand.

Numpy alone: gates, channels, readout errors and conditions are written out here, independently of
the package's channels, of Aer and of quantum_info. At strength x everything relaxes x times as
long, depolarizes x times and misreads x times.
"""

import math

import numpy as np

SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
# The first qubit is the least significant.
ECR = np.array([[0, 1, 0, 1j], [1, 0, -1j, 0], [0, 1j, 0, 1], [-1j, 0, 1, 0]]) / math.sqrt(2)


def unitary(operation):
    match operation.name:
        case "rz":
            half = float(operation.params[0]) / 2
            return np.diag([np.exp(-1j * half), np.exp(1j * half)])
        case "sx":
            return SX
        case "x":
            return np.array([[0, 1], [1, 0]])
        case "cz":
            return np.diag([1, 1, 1, -1])
        case "ecr":
            return ECR
    raise ValueError(operation.name)


class LivingDensity:
    """Follows a circuit; `probabilities` are of its bits, (2,) * bits."""

    def __init__(self, circuit, target, strength, measurement="measure"):
        self.circuit, self.target, self.strength = circuit, target, strength
        self.measurement = measurement
        used = {circuit.find_bit(q).index for item in circuit.data for q in item.qubits}
        self.place = {qubit: place for place, qubit in enumerate(sorted(used))}
        self.count = len(used)
        # Unnormalised, for each record of bits: (records, 2 for each qubit, 2 for each qubit).
        self.states = np.zeros((1, *(2,) * (2 * self.count)), dtype=complex)
        self.states[(0,) * (1 + 2 * self.count)] = 1
        self.records = np.zeros((1, circuit.num_clbits), dtype=int)
        self.everywhere = np.array([True])
        self.run(circuit, list(range(circuit.num_qubits)), None)

    def probabilities(self):
        size = 2**self.count
        traces = np.trace(self.states.reshape(-1, size, size), axis1=1, axis2=2).real
        table = np.zeros((2,) * self.circuit.num_clbits)
        np.add.at(table, tuple(self.records.T), traces)
        return table

    def run(self, circuit, physical, where):
        for item in circuit.data:
            operation = item.operation
            qubits = tuple(physical[circuit.find_bit(q).index] for q in item.qubits)
            if operation.name == "if_else":
                taken = self.taken(operation.condition)
                for block, chosen in zip(operation.blocks, (taken, ~taken)):
                    self.run(block, qubits, chosen)
                continue
            if operation.name == "measure":
                self.measure(qubits[0], circuit.find_bit(item.clbits[0]).index)
                continue
            where_ = slice(None) if where is None else where
            part = self.states[where_]
            if operation.name == "delay":
                scale = self.target.dt if operation.unit == "dt" else 1
                part = self.relaxed(part, qubits[0], operation.duration * scale)
            elif operation.name == "reset":
                part = self.damped(part, qubits[0], 0.0, 0.0)
                part = self.erroneous(part, "reset", qubits)
            elif operation.name != "barrier":
                part = self.turned(part, unitary(operation), qubits)
                part = self.erroneous(part, operation.name, qubits)
            self.states[where_] = part

    def taken(self, condition):
        left, value = condition
        try:
            bits = [self.circuit.find_bit(left).index]
        except Exception:  # a register
            bits = [self.circuit.find_bit(bit).index for bit in left]
        return self.records[:, bits] @ (1 << np.arange(len(bits))) == value

    def axes(self, qubits):
        """Axes of rows and of columns, the most significant qubit first."""
        places = [self.place[qubit] for qubit in reversed(qubits)]
        return [1 + p for p in places], [1 + self.count + p for p in places]

    def turned(self, states, matrix, qubits):
        for axes, factor in zip(self.axes(qubits), (matrix, np.conj(matrix)), strict=True):
            moved = np.moveaxis(states, axes, range(len(axes)))
            flat = factor @ moved.reshape(len(factor), -1)
            states = np.moveaxis(flat.reshape(moved.shape), range(len(axes)), axes)
        return states

    def erroneous(self, states, name, qubits):
        """Depolarizing that makes up the calibrated error beside relaxation, then relaxation."""
        properties = self.target[name][qubits]
        duration, error = properties.duration or 0.0, properties.error or 0.0
        size = 2 ** len(qubits)
        process = 1.0  # fidelity of relaxation
        for qubit in qubits:
            e1, e2 = self.decays(qubit, duration)
            process *= (1 + e1 + 2 * e2) / 4
        fidelity = (size * process + 1) / (size + 1)
        lost = max(0.0, (error - (1 - fidelity)) / (fidelity - 1 / size))
        kept = (1 - lost) ** self.strength
        rows, columns = self.axes(qubits)
        moved = np.moveaxis(states, [*rows, *columns], range(2 * len(qubits)))
        flat = moved.reshape(size, size, -1)
        mixed = np.einsum("ij,kkr->ijr", np.eye(size) / size, flat)
        flat = kept * flat + (1 - kept) * mixed
        states = np.moveaxis(flat.reshape(moved.shape), range(2 * len(qubits)), [*rows, *columns])
        for qubit in qubits:
            states = self.relaxed(states, qubit, duration)
        return states

    def decays(self, qubit, duration):
        properties = self.target.qubit_properties[qubit]
        return math.exp(-duration / properties.t1), math.exp(
            -duration / min(properties.t2, 2 * properties.t1)
        )

    def relaxed(self, states, qubit, duration):
        return self.damped(states, qubit, *self.decays(qubit, self.strength * duration))

    def damped(self, states, qubit, e1, e2):
        """Populations of |1> decay to e1 of theirs, coherences to e2."""
        (row,), (column,) = self.axes((qubit,))
        moved = np.moveaxis(states, (row, column), (0, 1))
        result = e2 * moved
        result[1, 1] = e1 * moved[1, 1]
        result[0, 0] = moved[0, 0] + (1 - e1) * moved[1, 1]
        return np.moveaxis(result, (0, 1), (row, column))

    def measure(self, qubit, bit):
        """The outcome is of the state as it enters; the state then relaxes for the duration."""
        properties = self.target[self.measurement][(qubit,)]
        wrong = (1 - (1 - 2 * properties.error) ** self.strength) / 2
        (row,), (column,) = self.axes((qubit,))
        moved = np.moveaxis(self.states, (row, column), (0, 1))
        parts = []
        for reported in (0, 1):
            part = np.zeros_like(moved)
            for true in (0, 1):
                part[true, true] = (wrong if true != reported else 1 - wrong) * moved[true, true]
            parts.append(np.moveaxis(part, (0, 1), (row, column)))
        self.states = self.relaxed(np.concatenate(parts), qubit, properties.duration)
        minus = self.records.copy()
        minus[:, bit] = 1
        self.records = np.concatenate([self.records, minus])
