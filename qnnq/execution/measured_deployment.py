"""A network on a measured device: the empirical twin, `--noise measured:FILE`."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qnnq.devices.names import own_name
from qnnq.errors import InputError
from qnnq.execution.engines.base import Engine
from qnnq.execution.engines.compensated import CompensatedEngine
from qnnq.execution.engines.instrument import InstrumentEngine
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.execution.measured_response import KindResponse, MeasuredResponse, read_response
from qnnq.execution.request import RunRequest
from qnnq.networks.network import Network
from qnnq.results.task import Task

PREFIX = "measured:"


@dataclass(frozen=True, eq=False)
class MeasuredDeployment:
    """The hidden layers of a network on sites whose responses were measured.

    Attributes:
        responses: The response of every hidden layer.
        entanglements: The entanglement angle of every hidden layer, radians.
        device: The device's name.
        measured: The time of the measurement.
        content: Digest of the responses.
        copies: Images side by side.
        pairs: SX pairs that were inserted after each rotation.
        redrawn: Returns the responses that another calibration of the same length might have found.
    """

    responses: tuple[LayerResponse, ...]
    entanglements: tuple[float, ...]
    device: str
    measured: str
    content: str
    copies: int
    pairs: int
    redrawn: Callable[[np.random.Generator], tuple[LayerResponse, ...]]

    @property
    def calibration(self) -> dict[str, str | None]:
        """The device and the time of the measurement."""
        return {"device": self.device, "time": self.measured}

    @property
    def noise(self) -> str:
        """What a task calls this noise."""
        return f"measured({self.content})"

    def completed(self, task: Task) -> Task:
        """Return a task with what of this deployment determines its result."""
        return replace(
            task,
            noise=self.noise,
            strength=1.0,
            device=self.device,
            calibration=self.measured,
            copies=self.copies,
            pairs=self.pairs,
            pair_gate="sx" if self.pairs else None,
        )

    def engine(self, name: str) -> Engine:
        """Return the engine `instrument`; a measured response is no circuit for another one."""
        if name != "instrument":
            raise InputError(f"`engine` {name}: expected instrument with `noise` {PREFIX}FILE")
        return InstrumentEngine(self.responses)

    def compensated(self, engine: Engine) -> CompensatedEngine:
        """Return an engine that corrects angles for this response before `engine` measures."""
        return CompensatedEngine(engine, self.responses, self.entanglements)


def is_measured(noise: str) -> bool:
    """Whether a noise names a measured response."""
    return noise.strip().startswith(PREFIX)


def deploy_measured(request: RunRequest, network: Network) -> MeasuredDeployment:
    """Put neurons 0, 1, 2, ... of every copy on the measured sites, in the order of the file.

    Args:
        request: What is asked for; its noise is `measured:FILE`.
        network: The network.

    Raises:
        InputError: If the file is bad, of another device, or lacks what the network needs.
    """
    path = request.noise.strip().removeprefix(PREFIX)
    response = read_response(path)
    _check(path, response, request)
    copies = request.copies
    entanglements = network.entanglements
    layers = tuple(zip(network.widths, entanglements, strict=True))
    content = hashlib.sha256(response.model_dump_json().encode()).hexdigest()
    return MeasuredDeployment(
        responses=_layer_responses(path, response, layers, copies),
        entanglements=entanglements,
        redrawn=lambda random: _layer_responses(path, response.drawn(random), layers, copies),
        device=response.device,
        measured=response.measured,
        content=content,
        copies=copies,
        pairs=request.pairs,
    )


def _check(path: str, response: MeasuredResponse, request: RunRequest) -> None:
    if request.device is not None:
        asked = request.device
        _check_device(path, response, asked if isinstance(asked, str) else own_name(asked))
    if request.strength != 1:
        raise InputError(f"`strength` {request.strength:g}: expected 1 with a measured response")
    if request.qubits != "best":
        raise InputError(f"`qubits` {request.qubits}: {path} fixes the qubits; expected best")
    if request.pairs != response.pairs or (request.pairs and request.pair_gate != "sx"):
        raise InputError(
            f"{path}: expected a response with {request.pairs} {request.pair_gate} pairs, "
            f"got one with {response.pairs} sx pairs"
        )


def _check_device(path: str, response: MeasuredResponse, device: str) -> None:
    if device != response.device:
        raise InputError(f"{path}: expected a response of {device}, got one of {response.device}")


def _kind(path: str, response: MeasuredResponse, entanglement: float) -> KindResponse:
    for kind in response.kinds:
        if abs(kind.entanglement - entanglement) < 1e-9:
            return kind
    found = ", ".join(f"{kind.entanglement:.6g}" for kind in response.kinds)
    raise InputError(
        f"{path}: expected a response at entanglement angle {entanglement:.6g}, got {found}"
    )


def _layer_responses(
    path: str, response: MeasuredResponse, layers: Sequence[tuple[int, float]], copies: int
) -> tuple[LayerResponse, ...]:
    """Return the responses of layers of these widths and entanglement angles."""
    return tuple(
        _layer_response(path, _kind(path, response, angle), width, copies)
        for width, angle in layers
    )


def _layer_response(path: str, kind: KindResponse, width: int, copies: int) -> LayerResponse:
    slots = min(copies * width, len(kind.sites))
    if slots < copies * width:
        if copies > 1:
            raise InputError(
                f"{path}: expected at least {copies * width} sites for {copies} copies of "
                f"{width} neurons, got {len(kind.sites)}"
            )
        slots = -(-width // -(-width // slots))  # equal shares, as the circuits are split
    coefficients = np.array([site.coefficients for site in kind.sites[:slots]])
    slot_of = np.arange(copies * width, dtype=np.int64).reshape(copies, -1) % slots
    return LayerResponse.of_slots(slot_of, coefficients)
