"""What a user asks for, and the checks of it that need nothing loaded."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from qnnq.devices.device import DeviceLike
from qnnq.devices.names import DEFAULT_DEVICE
from qnnq.errors import InputError
from qnnq.limits import LONGEST_WAIT, MOST_COPIES, MOST_EXACT_VOTES, MOST_PAIRS, MOST_SHOTS
from qnnq.results.labels import OF_COHERENT_MODE, TIMES
from qnnq.wording import nearest

EngineName = Literal["instrument", "aer", "ideal", "exact"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)
PairGate = Literal["sx", "cz"]
PAIR_GATES: tuple[PairGate, ...] = get_args(PairGate)

ModeName = Literal["stepwise", "coherent"]
MODES: tuple[ModeName, ...] = get_args(ModeName)
RecyclingName = Literal["flip", "reset"]
RECYCLINGS: tuple[RecyclingName, ...] = get_args(RecyclingName)
DecouplingName = Literal["none", "XX"]
DECOUPLINGS: tuple[DecouplingName, ...] = get_args(DecouplingName)


@dataclass(frozen=True)
class RunRequest:
    """What a user asks for; names and paths are as on the command line.

    Attributes:
        model: A bundled network's name, or a network file.
        data: A bundled data set's name, or a file.
        images: Which images: `all`, `0:200`, `6929` or `1,5,9`.
        noise: A noise specification (`device` in it is the noise of `device`), or `measured:FILE`
            (a response file of `qnnq calibrate`).
        strength: Multiplies the strength of every noise term.
        pairs: Gate pairs inserted after each rotation.
        pair_gate: `sx` (SX, SX-dagger on each neuron) or `cz` (CZ, CZ on neighbours).
        engine: Where the layers are measured.
        device: The device whose layout, gates and durations are used, as `resolve_device` takes
            it; None takes the one that the noise names, else `fake_kingston`.
        qubits: `best`, `all`, or a list such as `3,4,5` or `3:4,7:8`.
        copies: Images side by side on the chip.
        shots: Shots an image; with `exact`, which takes none, those whose majority is asked for.
        seed: Seed of every random number; `exact` has none.
        compensate: Whether each neuron's angle is replaced by the one whose noisy probability
            is the wanted one, where there is one.
        mode: `stepwise` (every layer prepares its qubits anew) or `coherent` (they live on).
        feedback_latency: In coherent mode the time from the end of a measurement to the first
            gate that depends on it, such as `2us`; None takes the default of `transpile`.
        condition_overhead: In coherent mode the time between two branches of a layer whose angles
            a controller chooses (activation `linear`), such as `100ns`; None as above.
        measurement: In coherent mode the device's instruction that measures, such as `measure_2`.
        recycling: In coherent mode what brings a measured ancilla back to |0>: `flip` (by its own
            outcome) or `reset`.
        dynamical_decoupling: In coherent mode `XX` lets two X gates stand in each wait of a weakly
            measured neuron for its ancilla's measurement and for the feedback.
    """

    model: str = "mnist16-a0.5"
    data: str = "mnist-test"
    images: str = "all"
    noise: str = DEFAULT_DEVICE
    strength: float = 1.0
    pairs: int = 0
    pair_gate: PairGate = "sx"
    engine: EngineName = "instrument"
    device: "DeviceLike | None" = None
    qubits: str = "best"
    copies: int = 1
    shots: int = 15
    seed: int = 0
    compensate: bool = False
    mode: ModeName = "stepwise"
    feedback_latency: str | None = None
    condition_overhead: str | None = None
    measurement: str = "measure"
    recycling: RecyclingName = "flip"
    dynamical_decoupling: DecouplingName = "none"


def check_request(request: RunRequest) -> None:
    """Raise InputError unless names and numbers are within their ranges."""
    if request.engine not in ENGINES:
        raise InputError(
            f"--engine {request.engine!r}: expected one of {', '.join(ENGINES)}"
            f"{nearest(request.engine, ENGINES)}"
        )
    if request.engine == "ideal":
        _check_ideal(request)
    check_placement(request.pairs, request.pair_gate, request.copies)
    check_at_least("shots", request.shots, 1)
    if request.engine == "exact":
        _check_exact(request)
    check_at_most("shots", request.shots, MOST_SHOTS)
    check_at_least("seed", request.seed, 0)
    if not (math.isfinite(request.strength) and request.strength >= 0):
        raise InputError(f"--strength {request.strength}: expected a number >= 0")
    _check_mode(request)


def _check_mode(request: RunRequest) -> None:
    if request.mode not in MODES:
        raise InputError(
            f"--mode {request.mode!r}: expected one of {', '.join(MODES)}"
            f"{nearest(request.mode, MODES)}"
        )
    if request.mode == "stepwise":
        for name in OF_COHERENT_MODE:
            value = getattr(request, name)
            if value != getattr(RunRequest, name):
                raise InputError(
                    f"--{name.replace('_', '-')} {value}: expected --mode coherent, got stepwise, "
                    "which prepares every qubit anew"
                )
        return
    for name in TIMES:
        option_seconds(request, name)
    for option, found, known in (
        ("recycling", request.recycling, RECYCLINGS),
        ("dynamical-decoupling", request.dynamical_decoupling, DECOUPLINGS),
    ):
        if found not in known:
            raise InputError(
                f"--{option} {found!r}: expected one of {', '.join(known)}{nearest(found, known)}"
            )
    if request.engine in ("ideal", "exact"):
        raise InputError(
            f"--mode coherent: expected --engine instrument or aer, got {request.engine}"
        )
    refused = {
        f"--pairs {request.pairs}": request.pairs,
        f"--copies {request.copies}": request.copies != 1,
        "--qubits all": request.qubits == "all",
        "--compensate": request.compensate,
    }
    for option, given in refused.items():
        if given:
            raise InputError(f"{option}: expected --mode stepwise, got coherent")


def option_seconds(request: RunRequest, name: str) -> float | None:
    """Return a request's time in seconds, None by default; raise InputError unless it is >= 0."""
    from noise_models.values import read_seconds

    text = getattr(request, name)
    if text is None:
        return None
    seconds = read_seconds(text)
    if seconds is None or not 0 <= seconds <= LONGEST_WAIT:
        raise InputError(
            f"--{name.replace('_', '-')} {text!r}: expected a time >= 0, such as 2us, and at "
            f"most {LONGEST_WAIT:g}s"
        )
    return seconds


def _check_ideal(request: RunRequest) -> None:
    """Raise InputError for what the closed form of a neuron has no place for."""
    for name in ("device", "qubits", "copies", "pairs", "pair_gate", "compensate"):
        value = getattr(request, name)
        if value != getattr(RunRequest, name):
            raise InputError(
                f"--{name.replace('_', '-')} {value}: expected --engine instrument or aer, got "
                "ideal, which has no circuits"
            )


def _check_exact(request: RunRequest) -> None:
    """Raise InputError for what class probabilities have no place for."""
    if request.compensate:
        raise InputError("--compensate: expected --engine instrument or aer, got exact")
    if request.shots > MOST_EXACT_VOTES:
        raise InputError(
            f"--shots {_short(request.shots)}: expected at most {MOST_EXACT_VOTES:,} with --engine "
            "exact, as the time of their exact majority grows as the cube"
        )


def check_placement(pairs: int, pair_gate: str, copies: int) -> None:
    """Raise InputError unless the options of a placement are within their ranges."""
    if pair_gate not in PAIR_GATES:
        raise InputError(f"--pair-gate {pair_gate!r}: expected one of {', '.join(PAIR_GATES)}")
    check_at_least("pairs", pairs, 0)
    check_at_least("copies", copies, 1)
    check_at_most("pairs", pairs, MOST_PAIRS)
    check_at_most("copies", copies, MOST_COPIES)


def check_at_least(option: str, value: int, least: int) -> None:
    """Raise InputError if the value of an option is below the least."""
    if value < least:
        raise InputError(f"--{option} {value}: expected a whole number >= {least}")


def check_at_most(option: str, value: int, most: int) -> None:
    """Raise InputError if the value of an option is above the most."""
    if value > most:
        raise InputError(f"--{option} {_short(value)}: expected at most {most:,}")


def _short(value: int) -> str:
    return str(value) if value < 10**30 else "(a number of more than 30 digits)"
