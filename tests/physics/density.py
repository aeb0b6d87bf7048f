"""Density matrices of a circuit's qubits under noise, one for each record of its bits.

NumPy alone: gates, waits, conditions and reports are followed here, and noise is that of `terms`,
independently of the package's channels, of Aer and of quantum_info.
"""

from collections import Counter

import numpy as np

from tests.physics import channels as ch

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
TO_ZERO = ch.kraus(np.diag([1, 0]), ch.LOWER)


class Density:
    """Follows a circuit; `probabilities` are of its bits, (2,) * bits in their order."""

    def __init__(self, circuit, noise):
        self.circuit, self.noise = circuit, noise
        used = {circuit.find_bit(q).index for item in circuit.data for q in item.qubits}
        self.place = {qubit: place for place, qubit in enumerate(sorted(used))}
        self.count = len(used)
        # Unnormalised, for each record of bits: (records, 2 for each qubit, 2 for each qubit).
        self.states = np.zeros((1, *(2,) * (2 * self.count)), dtype=complex)
        self.states[(0,) * (1 + 2 * self.count)] = 1
        self.records = np.zeros((1, circuit.num_clbits), dtype=int)
        self.played = Counter()  # gates on each qubit since it was measured
        self.measured = {}  # bit: physical qubit
        if noise.coupling:
            self.timeline(circuit)
        else:
            self.run(circuit, list(range(circuit.num_qubits)), None)
        self.flip_together()

    def probabilities(self):
        size = 2**self.count
        traces = np.trace(self.states.reshape(-1, size, size), axis1=1, axis2=2).real
        table = np.zeros((2,) * self.circuit.num_clbits)
        np.add.at(table, tuple(self.records.T), traces)
        return table

    def run(self, circuit, physical, where):
        for item in circuit.data:
            qubits = tuple(physical[circuit.find_bit(q).index] for q in item.qubits)
            if item.operation.name == "if_else":
                taken = self.taken(item.operation.condition)
                for block, chosen in zip(item.operation.blocks, (taken, ~taken)):
                    self.run(block, qubits, chosen)
            else:
                self.happen(item, qubits, where)

    def happen(self, item, qubits, where=None):
        name, operation = item.operation.name, item.operation
        if name == "measure":
            self.measure(qubits[0], self.circuit.find_bit(item.clbits[0]).index)
            return
        if name == "barrier":
            return
        if name == "delay":
            parts = self.noise.waiting(qubits[0], self.seconds(operation))
        else:
            known = TO_ZERO if name == "reset" else ch.kraus(ch.unitary(name, operation.params))
            parts = [(known, qubits), *self.noise.after(name, qubits)]
            self.played.update(qubits if self.noise.element(name, qubits).played else ())
        where = slice(None) if where is None else where
        for whole, on in parts:
            self.states[where] = self.acted(self.states[where], whole, on)

    def seconds(self, delay):
        unit = self.noise.target.dt if delay.unit == "dt" else SECONDS[delay.unit]
        return delay.duration * unit

    def taken(self, condition):
        left, value = condition
        try:
            bits = [self.circuit.find_bit(left).index]
        except Exception:  # a register
            bits = [self.circuit.find_bit(bit).index for bit in left]
        return self.records[:, bits] @ (1 << np.arange(len(bits))) == value

    def acted(self, states, whole, qubits):
        rows = [1 + self.place[qubit] for qubit in reversed(qubits)]
        axes = [self.count + row for row in rows] + rows  # columns, rows
        moved = np.moveaxis(states, axes, range(len(axes)))
        flat = whole @ moved.reshape(len(whole), -1)
        return np.moveaxis(flat.reshape(moved.shape), range(len(axes)), axes)

    def measure(self, qubit, bit):
        """The outcome is of the state as it enters; the state then relaxes for the duration."""
        leaked = 1 - (1 - self.noise.leakage) ** self.played.pop(qubit, 0)
        to_one = ch.kraus(ch.LOWER.T, np.diag([0, 1]))
        states = self.acted(self.states, (1 - leaked) * ch.identity(1) + leaked * to_one, (qubit,))
        misread = self.noise.misread(qubit)
        parts = [
            self.acted(states, np.diag([zero, 0, 0, one]), (qubit,)) for zero, one in misread.T
        ]
        self.states = np.concatenate(parts)
        for whole, on in self.noise.waiting(
            qubit, self.noise.element("measure", (qubit,)).duration
        ):
            self.states = self.acted(self.states, whole, on)
        minus = self.records.copy()
        minus[:, bit] = 1
        self.records = np.concatenate([self.records, minus])
        self.measured[bit] = qubit

    def timeline(self, circuit):
        """Phases of couplings accrue between the starts of gates, but for a pair's own gates."""
        placed = [(item, tuple(circuit.find_bit(q).index for q in item.qubits)) for item in circuit]
        begins, starts, ends = {}, {}, {}
        for number, (item, qubits) in reversed(list(enumerate(placed))):
            name = item.operation.name
            known = self.seconds(item.operation) if name == "delay" else None
            duration = self.noise.element(name, qubits).duration if known is None else known
            ends[number] = min(begins.get(qubit, 0.0) for qubit in qubits)
            starts[number] = ends[number] - duration
            begins.update(dict.fromkeys(qubits, starts[number]))
        order = sorted(range(len(placed)), key=lambda number: starts[number])
        pairs, clock = self.noise.pairs(self.place), min(starts.values())
        busy = dict.fromkeys(pairs, clock)  # until when a pair's own gate goes on
        for number in order:
            for pair in pairs:
                since = max(clock, busy[pair])
                elapsed = max(0.0, starts[number] - since)
                phase = -2j * np.pi * self.noise.coupling * elapsed
                whole = ch.kraus(np.diag(np.exp(phase * np.array([0, 0, 0, 1]))))
                self.states = self.acted(self.states, whole, pair)
            clock = starts[number]
            item, qubits = placed[number]
            if tuple(sorted(qubits)) in busy:
                busy[tuple(sorted(qubits))] = ends[number]
            self.happen(item, qubits)

    def flip_together(self):
        """Both reports of coupled qubits, or neither."""
        flip = self.noise.common_flip
        bit_of = {qubit: bit for bit, qubit in self.measured.items()}
        for first, second in self.noise.pairs(self.measured.values()) if flip else ():
            other = self.records.copy()
            other[:, [bit_of[first], bit_of[second]]] ^= 1
            self.records = np.concatenate([self.records, other])
            self.states = np.concatenate([(1 - flip) * self.states, flip * self.states])
