"""`qnnq compile --mode coherent`: a network whose neurons live on, as one circuit."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qnnq.cli.output import print_table, write_json
from qnnq.cli.pictures import draw_map, save_each

if TYPE_CHECKING:
    from qnnq.deployments.site_errors import StepErrors
    from qnnq.deployments.timing import Timing
    from qnnq.runs.request import RunRequest
    from transpile import CompiledNetwork, NetworkReport


def compile_coherent(
    request: "RunRequest",
    instance: str | None,
    draw: bool,
    qasm: str | None,
    json: str | None,
    figure: str | None,
    circuits: str | None,
) -> None:
    """Compile, report, draw and write what a checked request asks for.

    Raises:
        InputError, TranspileError: If they do not fit together.
    """
    from qnnq.deployments.living import compile_living
    from qnnq.deployments.site_errors import step_errors
    from qnnq.deployments.timing import Timing
    from qnnq.devices.names import resolve_device
    from qnnq.networks.bundled import load_model
    from transpile import machine_circuit, network_circuit, network_report

    network = load_model(request.model)
    device = resolve_device(str(request.device), instance=instance)
    target = device.target
    timing = Timing.of(request)
    compiled, outside = compile_living(network, device, request.qubits, timing)
    report, circuit = network_report(compiled, target), network_circuit(compiled)
    errors = step_errors(device, compiled)
    write_json(_document(device.name, compiled, report, errors), json)
    if "-" not in (json, qasm):
        _print(f"{request.model} on {device.name}, coherent", timing, compiled, report, errors)
        if outside:
            print(f"Angles are computed outside the machine: {outside}")
        elif refusal := _refusal(machine_circuit(compiled, target), target):
            print(f"The device does not take it: {refusal}")
    if figure is not None:
        draw_map(device, figure, compiled.sites, title=f"{request.model} on {device.name}")
    if circuits is not None:
        from qnnq.figures.circuits import plot_timeline

        steps = [
            plot_timeline(
                step, target, compiled.sites, f"{request.model} on {device.name}, layer {n}"
            )
            for n, step in enumerate(compiled.steps, 1)
        ]
        save_each(steps, circuits)
    if draw:
        print(circuit.draw("text", idle_wires=False, fold=120))
    if qasm is not None:
        _write(circuit, qasm)


def _refusal(circuit: Any, target: Any) -> str:
    """Return why the device's controller does not take a circuit, or ""."""
    from transpile import TranspileError, check_controller

    try:
        check_controller(circuit, target)
    except TranspileError as error:
        return str(error)
    return ""


def _document(
    device: str, compiled: "CompiledNetwork", report: "NetworkReport", errors: "list[StepErrors]"
) -> dict[str, object]:
    from dataclasses import asdict

    return {
        "schema": "qnnq.compile/1",
        "device": device,
        "mode": "coherent",
        "sites": [str(site) for site in compiled.sites],
        "measurement": compiled.measurement,
        "feedback_latency_s": compiled.feedback_latency,
        "condition_overhead_s": compiled.condition_overhead,
        **asdict(report),
        "neuron_errors": [each.errors for each in errors],
        "neuron_errors_without_waiting": [each.without_waiting for each in errors],
    }


def _print(
    title: str,
    timing: "Timing",
    compiled: "CompiledNetwork",
    report: "NetworkReport",
    errors: "list[StepErrors]",
) -> None:
    headings = (
        *("layer", "neurons", "duration", "of it feed-forward", "measurement"),
        *("rms error of a neuron: mean (worst)", "without waits"),
    )
    rows = []
    for number, (step, found) in enumerate(zip(compiled.steps, errors, strict=True), 1):
        both = found.errors, found.without_waiting
        durations = (step.duration, step.feedforward_duration, step.measurement_duration)
        rows.append(
            [
                *(str(number), str(step.width)),
                *(f"{1e6 * duration:.2f} us" for duration in durations),
                *(f"{100 * sum(e) / len(e):.2f} % ({100 * max(e):.2f} %)" for e in both),
            ]
        )
    print_table(headings, rows, title=title)
    rows = []
    for neuron, site in enumerate(compiled.sites):
        cells = [
            f"{100 * each.errors[neuron]:.2f} % ({100 * each.without_waiting[neuron]:.2f} %)"
            if neuron < len(each.errors)
            else ""
            for each in errors
        ]
        rows.append([str(neuron), str(site), *cells])
    print_table(
        ("neuron", "qubits", *(f"layer {n}" for n, _ in enumerate(errors, 1))),
        rows,
        title="rms error of an outcome (without waits)",
    )
    parts = {
        "gates": report.gates_s,
        "measurement": report.measurement_s,
        "feed-forward": report.feedforward_s,
    }
    shares = ", ".join(
        f"{name} {1e6 * seconds:.2f} us ({100 * seconds / report.duration_s:.0f} %)"
        for name, seconds in parts.items()
    )
    load = report.load
    print(
        f"{1e6 * report.duration_s:.2f} us: {shares}; a neuron waits "
        f"{100 * report.waiting_share:.0f} % of its life\n"
        f"{load.if_tests} if_tests, {load.branches} branches, {load.broadcasts} broadcasts of "
        f"{load.broadcast_bits} bits, {load.measurements} measurements\n"
        f"assumed: {timing.told()}"
    )


def _write(circuit: Any, destination: str) -> None:
    from qiskit import qasm3

    from qnnq.storage.files import write_atomically

    program = qasm3.dumps(circuit)
    if destination == "-":
        print(program)
    else:
        write_atomically(Path(destination), program.encode())
