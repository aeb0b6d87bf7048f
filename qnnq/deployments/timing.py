"""When things happen to neurons that live on, and what measures and resets their ancillas."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from qnnq.devices.device import Device
from qnnq.errors import InputError
from qnnq.options.coherent import OF_COHERENT_MODE, TIMES, CoherentOptions, told
from qnnq.options.option import options_of, seconds_of
from qnnq.results.task import Task

if TYPE_CHECKING:
    from transpile import CompiledNetwork


@dataclass(frozen=True, kw_only=True)
class Timing(CoherentOptions):
    """Options of the coherent mode, as `transpile.compile_network` takes them: times in seconds."""

    @classmethod
    def of(cls, request: CoherentOptions) -> Self:
        """Return what a request asks for."""
        found = {name: getattr(request, name) for name in OF_COHERENT_MODE}
        for name in TIMES:
            usual = options_of(CoherentOptions)[name].usual
            found[name] = usual if found[name] is None else seconds_of(name, found[name])
        return cls(**found)

    def arguments(self) -> dict[str, Any]:
        """Return it as arguments of `transpile.compile_network`."""
        return vars(self)

    def described(self, task: Task, compiled: "CompiledNetwork") -> Task:
        """Return a task with what of this determines its result.

        The latency always does; anything else where the network has what it is about, and where it
        is not the default.
        """
        there = {
            "": True,
            "ancillas": any(site.ancillas for site in compiled.sites),
            "branches": any(step.feedforward is not None for step in compiled.steps),
        }
        found: dict[str, Any] = {"feedback_latency_s": round(compiled.feedback_latency, 12)}
        for name, declared in options_of(CoherentOptions).items():
            usual = declared.usual if declared.is_time else declared.default
            value = getattr(self, name) if there[declared.needs] else usual
            if declared.is_time:
                found.setdefault(
                    f"{name}_s", None if value == usual else round(getattr(compiled, name), 12)
                )
            else:
                found[name] = None if value == usual else value
        return replace(task, mode="coherent", **found)

    def check(self, device: Device) -> None:
        """Raise InputError where the device does not have the measurement or the reset."""
        from transpile import measurements

        known = measurements(device.target)
        if self.measurement not in known:
            raise InputError(
                f"`measurement` {self.measurement}: expected one of {', '.join(known)}, which "
                f"{device.name} has"
            )
        if self.recycling == "reset" and "reset" not in device.target.operation_names:
            raise InputError(f"`recycling` reset: expected flip, as {device.name} has no reset")

    def told(self) -> str:
        """Return it in words."""
        return told(vars(self))
