"""Where jobs of devices go that are simulated in this process, by their calibration data."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qnnq.devices.service_limits import ServiceLimits
    from qnnq.jobs.runs import Run
    from qnnq.jobs.service import Service


def simulated(run: "Run", limits: "ServiceLimits") -> "Service":
    """Return the simulation of a run's device, under the noise of its calibration data."""
    from qnnq.vendors.local.service import LocalService

    seed, shots = run.request["seed"], run.request["shots"]
    return LocalService(
        *(run.found_device(), run.ledger.circuits(), run.options),
        measurement=run.request.get("measurement", "measure"),
        seed=seed,
        shots=shots,
    )
