"""What a user asks for when a network is to run on a device, and how its jobs are run."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, Self, get_args

from qnnq.devices.device import DEFAULT_DEVICE
from qnnq.devices.service_limits import ServiceLimits, read_limits
from qnnq.errors import InputError
from qnnq.options.circuits import CircuitOptions
from qnnq.options.coherent import CoherentOptions
from qnnq.options.images import ImageOptions
from qnnq.options.option import make_plain, option, options_of, words_of
from qnnq.runs.request import RunRequest

LEAST_BUSY = "least_busy"
ExecutionMode = Literal["batch", "session", "job"]
CLIENT_DECOUPLING = ("none", "XX", "XpXm", "XY4")
TWIRLINGS = 64
"""Most randomizations of a twirled measurement for one parameter set."""


def _seconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else microseconds * 1e-6


@dataclass(frozen=True)
class JobOptions:
    """How jobs are run.

    Attributes:
        mode: `batch`, `session` (bills wall-clock time) or `job`.
        client_decoupling: What the client puts into waits of circuits of layers, `none` of it or
            the sequence: XX, XpXm or XY4.
        measurement_twirling: Whether measured bits are flipped at random and flipped back.
        rep_delay_s: Delay after each execution, None for the device's default.
        max_execution_s: Quantum seconds after which the service cancels a job.
        tags: Tags of every job, besides its own.
        scheduler_timing: Whether the service is asked for the schedule of the circuit.
    """

    mode: ExecutionMode = option(
        "batch",
        "batch, session (bills wall-clock time) or job.",
        metavar="MODE",
        flag="execution_mode",
        known=get_args(ExecutionMode),
    )
    client_decoupling: str = "none"
    measurement_twirling: bool = option(False, "Flip measured bits at random.")
    rep_delay_s: float | None = option(
        None,
        "Microseconds after each execution.",
        kind=float,
        metavar="US",
        flag="rep_delay",
        parse=_seconds,
    )
    max_execution_s: int | None = option(
        None,
        "Quantum seconds after which a job is stopped.",
        kind=int,
        metavar="SECONDS",
        flag="max_execution_time",
    )
    tags: tuple[str, ...] = option(
        (),
        "Tag of all jobs; repeatable.",
        kind=list[str],
        metavar="TAG",
        flag="tag",
        parse=lambda found: tuple(found or ()),
    )
    scheduler_timing: bool = False

    def __post_init__(self) -> None:
        if self.mode not in get_args(ExecutionMode):
            raise InputError(
                f"`execution_mode` {self.mode!r}: expected one of "
                f"{', '.join(get_args(ExecutionMode))}"
            )
        if self.client_decoupling not in CLIENT_DECOUPLING:
            raise InputError(
                f"`dynamical_decoupling` {self.client_decoupling!r}: "
                f"expected one of {', '.join(CLIENT_DECOUPLING)}"
            )
        if self.rep_delay_s is not None and not 0 <= self.rep_delay_s < 1:
            raise InputError(f"`rep_delay`: expected microseconds, got {self.rep_delay_s * 1e6:g}")
        if self.max_execution_s is not None and self.max_execution_s < 1:
            raise InputError(
                f"`max_execution_time` {self.max_execution_s}: expected at least 1 second"
            )

    @property
    def pads(self) -> bool:
        """Whether the client schedules circuits itself, to decouple their idle qubits."""
        return self.client_decoupling != "none"

    def of_task(self) -> dict[str, Any]:
        """Return what of it determines the results of a circuit a layer, as a task names it."""
        return {
            "dynamical_decoupling": self.client_decoupling if self.pads else None,
            "measurement_twirling": self.measurement_twirling,
            "rep_delay_s": self.rep_delay_s,
        }

    def of_sampler(
        self, tags: tuple[str, ...], shots: int, max_execution_s: int | None
    ) -> dict[str, object]:
        """Return the options of `qiskit_ibm_runtime.executor_sampler.Sampler` for one job."""
        found: dict[str, object] = {
            "environment": {"job_tags": list(tags)},
            "max_execution_time": max_execution_s,
            "execution": {
                "rep_delay": self.rep_delay_s,
                "scheduler_timing": self.scheduler_timing,
            },
        }
        if self.pads:
            found["dynamical_decoupling"] = {
                "enable": True,
                "sequence_type": self.client_decoupling,
            }
        if self.measurement_twirling:
            shots_each = -(-shots // TWIRLINGS)
            found["twirling"] = {
                "enable_measure": True,
                "num_randomizations": -(-shots // shots_each),
                "shots_per_randomization": shots_each,
            }
        return found


@dataclass(frozen=True)
class HardwareRequest(CoherentOptions, CircuitOptions, ImageOptions):
    """What a user wants to run on a device; names and paths are as on the command line.

    The options of the classes that it is made of come beside its own. `seed` is part of the run's
    identity, and seeds the simulator of a fake device.

    Attributes:
        device: A name of any provider's, or `least_busy`; a Device, a BackendV2 or a Target. Jobs
            of a machine's backend go to it; a run goes on in a process to which it was given, too.
        instance: The service instance (its CRN or name), None for that of the saved account.
        target_width: More rounds of shots are taken until the interval of the accuracy of a shot
            is as narrow as this; None takes one.
        max_shots: Most shots an image in all rounds; None takes 100 rounds at most.
        qubits: `best`, or a list such as `3,4,5` or `3:4,7:8`.
        copies: Images side by side on the chip; None takes the most that lose at most half a point
            of accuracy a shot, as predicted.
        response: A response file to correct angles with; None takes the device's calibration data.
        options: How jobs are run.
        limits: The service's limits.
    """

    device: Any = option(
        DEFAULT_DEVICE,
        "ibm_..., least_busy, fake_..., ions_aria, aqt_offline, braket_local, quantinuum_local, "
        "FILE.json, module:factory, or what another package offers.",
        metavar="NAME",
    )
    instance: str | None = option(
        None,
        "Instance of IBM Quantum: its CRN or name.  [default: the saved account's]",
        metavar="CRN",
    )
    target_width: float | None = option(
        None,
        "Take more rounds of --shots, until the interval of a shot's accuracy is this narrow, such "
        "as 0.02, or the budget is used.",
        kind=float,
        metavar="WIDTH",
    )
    max_shots: int | None = option(
        None, "Most shots an image of all rounds.  [default: 100 rounds]", kind=int
    )
    qubits: str = option("best", "best, or a list: 3,4,5 (with ancillas: 3:4,7:8).", joined=True)
    copies: int | None = option(
        None,
        "Images side by side on the chip. Default: the most that lose at most half a point of "
        "accuracy a shot, as predicted.",
        kind=int,
    )
    response: str | None = option(None, "Measured response for --compensate.", metavar="FILE")
    limits: ServiceLimits = option(
        None,
        "TOML file that changes the service's limits, such as broadcasts_per_job: every parameter "
        "set is taken to need its own, as nothing published says otherwise.",
        metavar="FILE",
        parse=read_limits,
        default_factory=ServiceLimits,
    )
    options: JobOptions = field(default_factory=JobOptions)

    def __post_init__(self) -> None:
        """Make words of what words can say."""
        for name in ("model", "data", "device"):
            if isinstance(value := getattr(self, name), Path):
                object.__setattr__(self, name, str(value))
        if not isinstance(self.model, str):
            from qnnq.networks.network import Network

            if not isinstance(self.model, Network):
                found = type(self.model).__name__
                raise InputError(f"`model`: expected a name, a file or a Network, got {found}")
        if not isinstance(self.images, str):
            from qnnq.data.selection import images_text

            object.__setattr__(self, "images", images_text(self.images))
        make_plain(self)

    def in_words(self) -> Self:
        """Return the request as a run's folder holds it, with names of objects in their place."""
        from qnnq.devices.names import resolve_device

        found: dict[str, Any] = {}
        if not isinstance(self.model, str):
            found["model"] = f"network-{self.model.digest[:12]}"
        if not isinstance(self.data, str):
            found["data"] = str(getattr(self.data, "name", "arrays"))
        if not isinstance(self.device, str):
            device = resolve_device(self.device, self.limits)
            content = f"-{device.content[:12]}" if device.content else ""
            found["device"] = f"{device.request}{content}"
        return replace(self, **found)

    def of_words(self) -> Self:
        """Return the request with what its mode makes of the words of a command.

        The circuit of a whole network brings its own decoupling, and is asked for its schedule; the
        client adds decoupling to circuits of layers.
        """
        if self.mode == "coherent":
            return replace(self, options=replace(self.options, scheduler_timing=True))
        options = replace(self.options, client_decoupling=self.dynamical_decoupling)
        return replace(self, dynamical_decoupling="none", options=options)

    def ideal(self) -> RunRequest:
        """Return the request of the same images, shots and seed without circuits or noise."""
        same = {item.name: getattr(self, item.name) for item in fields(ImageOptions)}
        return RunRequest(noise="ideal", engine="ideal", **same)

    def simulated(self) -> RunRequest:
        """Return the request of a run in this process on the same circuits."""
        same = {item.name for item in fields(RunRequest)} & {item.name for item in fields(self)}
        found = {name: getattr(self, name) for name in same}
        return RunRequest(**found | {"copies": 1 if self.copies is None else self.copies})


def submission(request: Mapping[str, Any]) -> str:
    """Return the command line that asks for the run of a `HardwareRequest`, given as JSON.

    By whose account and within which limits is not said.
    """
    jobs = request["options"]
    told = {**request, "device": None, "instance": None, "limits": None}
    if jobs["client_decoupling"] != "none":
        told["dynamical_decoupling"] = jobs["client_decoupling"]
    found = ["qnnq", "submit", request["model"], "--device", request["device"]]
    for name, declared in options_of(HardwareRequest).items():
        value = told[name]
        usual = value == declared.default and name not in ("images", "shots")  # `submit` has others
        if declared.argument or value is None or usual:
            continue
        value = f"{1e6 * value:.9g}us" if declared.is_time and value != str(value) else value
        found += [words_of(name)] if value is True else [words_of(name), str(value)]
    found += ["--measurement-twirling"] if jobs["measurement_twirling"] else []
    if jobs["rep_delay_s"] is not None:
        found += ["--rep-delay", f"{1e6 * jobs['rep_delay_s']:.9g}"]
    return shlex.join(found)
