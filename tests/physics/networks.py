"""Small networks on devices, and what they are compared with."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from qnnq.devices.device import Device, OfBackend
from qnnq.devices.names import resolve_device
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest
from tests.execution.modes.joint import PIXELS, sampled
from tests.execution.test_shot_loop import assert_same_distribution
from tests.physics.density import Density
from tests.physics.equations import layer_activation, stepwise_joint
from tests.physics.reading import read_joint
from tests.physics.terms import Noise
from transpile import network_circuit

EXACT = 1e-7
"""Of joint probabilities: engines calculate in single precision."""


def further(table, fast):
    """Cases by name; those that are not among the fast ones are for `make physics` alone."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else [case]),
            id=name,
            marks=() if name in fast else pytest.mark.physics,
        )
        for name, case in table.items()
    ]


class OnDevice:
    """A network under noise on a device, by name or by its target."""

    def __init__(self, network, device, *terms, mode="stepwise", image=0, engine="aer", **options):
        self.network, self.image, self.coherent = network, image, mode == "coherent"
        if isinstance(device, str):
            options["device"] = device
            self.target, find = resolve_device(device).target, resolve_device
        else:
            made = Device(
                "made", OfBackend(SimpleNamespace(target=device)), None, "simulated", None
            )
            self.target, find = device, lambda name: made
        measurement = options.get("measurement", "measure")
        self.noise = Noise(self.target, *terms, measurement=measurement)
        request = RunRequest(noise=self.noise.text, mode=mode, engine=engine, **options)
        self.deployed = deploy(request, network, find)

    def mode(self, engine):
        return self.deployed.mode(engine, 1, 0)

    def expected(self, noise=None):
        """P of all reports, by density matrices of the compiled circuits."""
        noise = noise or self.noise
        if self.coherent:
            circuit = network_circuit(self.deployed.compiled)
            first = math.pi / 2 * (1 - layer_activation(self.network, 0, PIXELS[None])[0])
            bound = circuit.assign_parameters(first)
            return Density(bound, noise).probabilities()
        return stepwise_joint(self.network, PIXELS, lambda *where: self._measured(noise, *where))

    def _measured(self, noise, layer, angles):
        """P of a layer's reports, whose neurons lie on slots of one or several executions."""
        compiled = self.deployed.layers[layer]
        slots = len(compiled.sites)
        first = (self.image % compiled.shape.copies) * len(angles)
        joint = np.ones(())
        for part in range(0, len(angles), slots):
            own = angles[part : part + slots]
            places = range(first, first + len(own))
            everywhere = np.zeros(slots)
            everywhere[places] = own
            bound = compiled.circuit.assign_parameters(everywhere)
            table = Density(bound, noise).probabilities()
            others = tuple(slot for slot in range(slots) if slot not in places)
            joint = np.multiply.outer(joint, table.sum(axis=others))
        return joint

    def check_exact(self, expected):
        found = read_joint(self.network, PIXELS, self.mode("instrument"), self.image)
        np.testing.assert_allclose(found, expected, atol=EXACT)

    def check_aer(self, expected, shots):
        """Chi-square at a false-alarm rate of 1e-6."""
        counts = sampled(self.network, self.mode("aer"), shots, self.image)
        assert counts.sum() == shots
        assert_same_distribution(counts, shots * expected.ravel())
