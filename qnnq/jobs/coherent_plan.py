"""A network whose neurons live on, as one dynamic circuit: compiled, checked and estimated."""

from dataclasses import replace

from noise_models import NoiseError
from qnnq.devices.device import Device
from qnnq.devices.names import THE_DEVICE
from qnnq.errors import InputError
from qnnq.execution.coherent_deployment import compile_living, deploy_coherent
from qnnq.execution.feedforward import fitting_feedforward
from qnnq.execution.modes.base import Mode
from qnnq.execution.run import prepare
from qnnq.execution.timing import Timing
from qnnq.jobs.estimate import estimate_run
from qnnq.jobs.hardware_request import HardwareRequest
from qnnq.jobs.layer_plan import LayerCost, LayerShape
from qnnq.jobs.placed import find_device, rep_delays
from qnnq.jobs.planning import Plan
from qnnq.jobs.prediction import predict_run
from qnnq.jobs.preflight import Choice, sampled_accuracy
from qnnq.networks.network import Network
from transpile import (
    MAX_BROADCASTS,
    NetworkCircuit,
    check_controller,
    circuit_digest,
    machine_circuit,
    network_circuit,
)


def plan_coherent(request: HardwareRequest) -> Plan:
    """Check, compile and estimate a run of one circuit; see `qnnq.jobs.planning.plan_run`.

    Raises:
        InputError, TranspileError: If the network is no circuit that the device's controller
            takes, or anything else does not fit together.
    """
    _check(request)
    prepared = prepare(request.ideal())
    network = prepared.network
    _, outside = fitting_feedforward(network)
    if outside:
        raise InputError(f"`mode` coherent: expected a network that is one circuit: {outside}")
    device, timing = find_device(request, network), Timing.of(request.simulated())
    compiled, _ = compile_living(network, device, request.qubits, timing)
    timed = network_circuit(compiled)
    machine = machine_circuit(compiled, device.target)
    # Where limits allow fewer, the estimate refuses what does not fit.
    most = max(MAX_BROADCASTS, request.limits.broadcasts_per_job)
    check_controller(machine, device.target, most)
    # A simulator waits for nothing by itself.
    circuit = NetworkCircuit(timed if device.kind == "simulated" else machine, compiled.sites)
    rep_delay, least = rep_delays(device, request.options.rep_delay_s)
    duration = sum(step.duration for step in compiled.steps)
    cost = LayerCost.of(circuit.circuit, duration, rep_delay, twirled=False)
    width = network.widths[0]
    arrays = prepared.selection()
    images = arrays["images"]
    estimate = estimate_run(
        [LayerShape(width, 1, 1, width, cost)],
        len(images),
        request.shots,
        request.limits,
        least_rep_delay_s=least,
    )
    mode = _calibrated_mode(request, network, device)
    accuracy = None if mode is None else sampled_accuracy(network, mode, prepared.dataset)
    task = replace(
        timing.described(prepared.task, compiled),
        engine="runtime",
        noise=device.name,
        device=device.name,
        calibration=device.calibration,
        device_content=device.content,
        qubits=(",".join(map(str, compiled.sites)),),
        circuits=circuit_digest(circuit.circuit),
        rep_delay_s=request.options.rep_delay_s,
    )
    return Plan(
        device=device,
        network=network,
        circuits=(circuit,),
        costs=(cost,),
        estimate=estimate,
        task=task,
        choices=(Choice(1, accuracy, estimate.quantum_seconds, chosen=True),),
        predicted=None
        if mode is None
        else predict_run(
            *(network, mode, images, arrays["labels"], request.shots), device.calibration
        ),
        timing={
            "dt_s": device.target.dt,
            "duration_s": duration,
            "feedback_latency_s": compiled.feedback_latency,
            "measurement_s": [step.measurement_duration for step in compiled.steps],
        },
        arrays=arrays,
    )


def _calibrated_mode(request: HardwareRequest, network: Network, device: Device) -> Mode | None:
    """Return how the network answers by the calibration data, None where these do not suffice."""
    noisy = replace(request.simulated(), noise=THE_DEVICE, device=device.request)
    try:
        deployment = deploy_coherent(noisy, network, lambda name: device)
    except NoiseError:
        return None
    return deployment.mode("instrument")


def _check(request: HardwareRequest) -> None:
    """Raise InputError for options that a circuit of the whole network has no place for."""
    options = request.options
    refused = {
        "`response`": request.response is not None,
        # The client schedules no branches; the request has a decoupling of its own.
        "options that pad circuits": options.pads,
        "`measurement_twirling`": options.measurement_twirling,
    }
    for option, given in refused.items():
        if given:
            raise InputError(f"{option}: expected `mode` stepwise, got coherent")
