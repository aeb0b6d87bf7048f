"""What a user asks for, and the checks of it that need nothing loaded."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from qnnq.devices.device import DeviceLike
from qnnq.errors import InputError
from qnnq.limits import MOST_COPIES, MOST_EXACT_VOTES
from qnnq.options.circuits import CircuitOptions
from qnnq.options.coherent import OF_COHERENT_MODE, CoherentOptions
from qnnq.options.images import ImageOptions
from qnnq.options.option import check_options, make_plain, option, options_of

EngineName = Literal["instrument", "aer", "ideal", "exact"]


@dataclass(frozen=True)
class RunRequest(CoherentOptions, CircuitOptions, ImageOptions):
    """What a user asks for; names and paths are as on the command line.

    Objects stand wherever words do: a Network for `model`, a Dataset or arrays (images, labels) for
    `data`, a range or indices for `images`, a NoiseSpecification or a NoiseModel of Qiskit Aer for
    `noise`, a Device, BackendV2 or Target for `device`, seconds for times. An AerSimulator with
    noise of its own is a `noise`, or a `device` with its noise.

    >>> import qnnq
    >>> network = qnnq.load_network("mnist16-a0.5")
    >>> request = qnnq.RunRequest(network, images=range(9), noise="ideal", engine="ideal")
    >>> request.images
    '0:9'

    The options of the classes that it is made of come beside its own.

    Attributes:
        noise: A noise specification (`device` in it is the noise of `device`), or `measured:FILE`
            (a response file of `qnnq calibrate`); None takes that of `device`, or none with the
            engine `ideal`.
        strength: Multiplies the strength of every noise term.
        device: The device whose layout, gates and durations are used, as `resolve_device` takes
            it; None takes the one that the noise names, else `fake_kingston`.
        qubits: `best`, `all`, or a list such as `3,4,5` or `3:4,7:8`.
        copies: Images side by side on the chip.
        engine: Where the layers are measured.
    """

    noise: Any = option(
        None,
        "Noise, such as fake_kingston*2 or 'readout(p=0.02)'; `qnnq noise` lists all.",
        metavar="SPEC",
        label=True,
        grid=True,
        compiled=True,
    )
    strength: float = option(
        1.0, "Multiplies the noise; 0 is none.", least=0, label=True, grid=True
    )
    device: "DeviceLike | None" = option(
        None,
        "Device for layout, gates and durations.",
        metavar="NAME",
        label=True,
        grid="devices",
        compiled=True,
    )
    qubits: str = option(
        "best",
        "best, all, or a list: 3,4,5 (with ancillas: 3:4,7:8).",
        joined=True,
        label=True,
        grid=True,
        compiled=True,
    )
    copies: int = option(
        1,
        "Images side by side on the chip.",
        least=1,
        most=MOST_COPIES,
        label=True,
        grid=True,
        compiled=True,
    )
    engine: EngineName = option(
        "instrument",
        "instrument (samples exact responses), aer, ideal, or exact (class probabilities without "
        "sampling: projective, at most 16 neurons a layer).",
        known=get_args(EngineName),
        label=True,
        grid=True,
    )

    def __post_init__(self) -> None:
        """Make words of the objects that words can say."""
        from qnnq.runs.objects import in_words

        make_plain(self)
        for name, value in in_words(self).items():
            object.__setattr__(self, name, value)


CIRCUITS = tuple(
    name for name, each in options_of(RunRequest).items() if each.compiled and name != "noise"
)
"""Options that say what the circuits of layers are, the device among them."""
NO_CIRCUITS = (*CIRCUITS, "compensate")
"""Options that the closed form of a neuron has no place for."""


def check_request(request: RunRequest) -> None:
    """Raise InputError unless names and numbers are within their ranges."""
    check_options(request, tuple(vars(request).keys() - {*OF_COHERENT_MODE}))
    if request.engine == "ideal":
        given = _given(request, NO_CIRCUITS)
        if given:
            raise InputError(
                f"`{given}` {getattr(request, given)}: expected `engine` instrument or aer, got "
                "ideal, which has no circuits"
            )
    if request.engine == "exact":
        _check_exact(request)
    if request.mode == "stepwise":
        given = _given(request, OF_COHERENT_MODE)
        if given:
            raise InputError(
                f"`{given}` {getattr(request, given)}: expected `mode` coherent, got stepwise, "
                "which prepares every qubit anew"
            )
        return
    check_options(request, OF_COHERENT_MODE)
    if request.engine in ("ideal", "exact"):
        raise InputError(
            f"`mode` coherent: expected `engine` instrument or aer, got {request.engine}"
        )
    refused = {
        f"`pairs` {request.pairs}": request.pairs,
        f"`copies` {request.copies}": request.copies != 1,
        "`qubits` all": request.qubits == "all",
        "`compensate`": request.compensate,
    }
    for option_, given_ in refused.items():
        if given_:
            raise InputError(f"{option_}: expected `mode` stepwise, got coherent")


def _given(request: RunRequest, names: tuple[str, ...]) -> str:
    """Return the first of some options that is not at its default, or ""."""
    return next((n for n in names if getattr(request, n) != getattr(RunRequest, n)), "")


def _check_exact(request: RunRequest) -> None:
    """Raise InputError for what class probabilities have no place for."""
    if request.compensate:
        raise InputError("`compensate`: expected `engine` instrument or aer, got exact")
    if request.shots > MOST_EXACT_VOTES:
        raise InputError(
            f"`shots` {request.shots}: expected at most {MOST_EXACT_VOTES:,} with `engine` "
            "exact, as the time of their exact majority grows as the square"
        )


def check_circuits(request: RunRequest) -> None:
    """Raise InputError unless the options of circuits are within their ranges."""
    check_options(request, CIRCUITS)
