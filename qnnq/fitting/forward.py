"""From a noise to the probability of every class at each setting: the model of the data."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from noise_models import NoiseError, NoiseSpecification
from noise_models.drift import drift_term
from noise_models.free import FreeSpecification
from qnnq.devices.device import DEFAULT_DEVICE
from qnnq.devices.names import own_name
from qnnq.errors import InputError
from qnnq.execution.class_probabilities import class_probabilities, is_enumerable
from qnnq.execution.shot_loop import run_shots
from qnnq.fitting.observation import Observation
from qnnq.runs.deploy import stepwise
from transpile.errors import TranspileError

SIMULATED = (200, 1000)
"""Simulated shots for each shot of the data, at least and at most. Noises that are about as likely
differ in few outcomes, as their random numbers are the same: that keeps chance small."""

SIMULATED_SHOTS = 1_000_000
"""Of a setting, between these bounds."""

FEWEST_SIMULATED = 2000
"""Simulated shots an image."""

MOST_SIMULATED = 1_000_000
"""Simulated shots an image, beyond which exact sums are faster where they are possible."""

SEED = 0

Forward = Callable[[NoiseSpecification], list[NDArray[np.float64]]]
"""Returns, for each setting, the probabilities of the classes in one shot, (images, classes)."""


class InstrumentForward:
    """The response of the compiled circuits, by the instrument engine.

    The response of every layer is exact. What becomes of it through the layers is simulated, with
    the same random numbers for every noise and many more shots than the data have; where images
    have so many shots that this takes longer, it is calculated
    (`qnnq.execution.class_probabilities`).

    Args:
        observations: The settings.
        device: The device that all are on.
        simulated: Simulated shots for each shot of the data; None: as many as are quick.

    Raises:
        InputError: If a setting cannot be compiled.
    """

    def __init__(
        self, observations: Sequence[Observation], device: str, simulated: int | None = None
    ) -> None:
        self._settings = [_Setting(each, device, simulated) for each in observations]

    @property
    def simulated(self) -> list[int | None]:
        """Simulated shots an image of each setting; None: exact."""
        return [setting.simulated for setting in self._settings]

    def __call__(self, specification: NoiseSpecification) -> list[NDArray[np.float64]]:
        """Return the class probabilities of every setting.

        Raises:
            NoiseError: If the noise is impossible.
        """
        return [setting.probabilities(specification) for setting in self._settings]


def device_of(noises: Sequence[FreeSpecification], device: str | None) -> str:
    """Return the device that all noises act on: `device`, else the one that they name.

    Raises:
        InputError: If they are of different devices, or one drifts.
    """
    names = {}
    for noise in noises:
        specification = noise.at([parameter.high for parameter in noise.parameters])
        if drift_term(specification) is not None:
            raise InputError("fit: expected noise without drift, whose counts are not independent")
        if specification.device_name is not None:
            names[specification.device_name] = noise.text
    if device is not None:
        own = own_name(device)
        for name, text in names.items():
            if name != own:
                raise InputError(
                    f"`noise` {text!r}: expected the noise of `device` {device}, which the counts "
                    "are of"
                )
        return device
    if len(names) > 1:
        raise InputError(
            f"fit: expected noises of one device, got {' and '.join(sorted(names))}; "
            "`device` names the one that the counts are of"
        )
    return next(iter(names), DEFAULT_DEVICE)


class _Setting:
    def __init__(self, observation: Observation, device: str, simulated: int | None) -> None:
        request, self._network = observation.request, observation.network
        try:
            self._deployment = stepwise(
                replace(request, noise="ideal", device=device), self._network
            )
            self._deployment.check("instrument")
        except (InputError, NoiseError, TranspileError) as error:
            raise InputError(f"{observation.place or observation.name}: {error}") from error
        self._pixels = observation.data.images[observation.images]
        self._images = observation.images
        self._data = observation.data.digest
        if simulated is None:
            total = int(observation.shots.sum())
            simulated = int(np.clip(SIMULATED_SHOTS // total, *SIMULATED))
        self._shots = max(FEWEST_SIMULATED, simulated * int(observation.shots.max()))
        self._enumerated = self._shots > MOST_SIMULATED and is_enumerable(self._network)

    @property
    def simulated(self) -> int | None:
        return None if self._enumerated else self._shots

    def probabilities(self, specification: NoiseSpecification) -> NDArray[np.float64]:
        deployment = self._deployment.under(specification)
        if self._enumerated and not any(each.correlated_readout for each in deployment.channels):
            responses = deployment.responses
            return class_probabilities(self._network, self._pixels, self._images, responses)
        mode = deployment.mode("instrument", self._shots, SEED)
        votes = run_shots(
            *(self._network, self._pixels, self._images, mode, self._shots, SEED), data=self._data
        )
        classes = votes.counts.shape[1]
        probabilities: NDArray[np.float64] = (votes.counts + 1 / classes) / (self._shots + 1)
        return probabilities
