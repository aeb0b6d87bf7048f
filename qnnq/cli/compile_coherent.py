"""`qnnq compile --mode coherent`: a network whose neurons live on, as one circuit."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qnnq.cli.output import print_table, write_json

if TYPE_CHECKING:
    from qnnq.execution.request import RunRequest
    from transpile import CompiledNetwork, NetworkReport


def compile_coherent(request: "RunRequest", draw: bool, qasm: str | None, json: str | None) -> None:
    """Compile, report, draw and write what a checked request asks for.

    Raises:
        InputError, TranspileError: If they do not fit together.
    """
    from qnnq.devices.names import resolve_device
    from qnnq.execution.coherent_deployment import compile_living
    from qnnq.execution.timing import Timing
    from qnnq.networks.bundled import load_model
    from transpile import machine_circuit, network_circuit, network_report

    network, device = load_model(request.model), resolve_device(str(request.device))
    target = device.target
    compiled, outside = compile_living(network, device, request.qubits, Timing.of(request))
    report, circuit = network_report(compiled, target), network_circuit(compiled)
    if json is not None:
        write_json({"schema": "qnnq.compile/1", **_document(device.name, compiled, report)}, json)
    if "-" not in (json, qasm):
        _print(f"{request.model} on {device.name}, coherent", compiled, report)
        if outside:
            print(f"Angles are computed outside the machine: {outside}")
        elif refusal := _refusal(machine_circuit(circuit, target, compiled.measurement), target):
            print(f"The device does not take it: {refusal}")
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
    device: str, compiled: "CompiledNetwork", report: "NetworkReport"
) -> dict[str, object]:
    from dataclasses import asdict

    return {
        "device": device,
        "mode": "coherent",
        "sites": [str(site) for site in compiled.sites],
        "measurement": compiled.measurement,
        "feedback_latency_s": compiled.feedback_latency,
        "condition_overhead_s": compiled.condition_overhead,
        **asdict(report),
    }


def _print(title: str, compiled: "CompiledNetwork", report: "NetworkReport") -> None:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("layer")
    for column in ("neurons", "duration", "of it feed-forward"):
        table.add_column(column, justify="right")
    table.add_column("expected error of a neuron: mean (worst)", justify="right")
    table.add_column("without waits", justify="right")
    errors = zip(report.neuron_errors, report.neuron_errors_without_waiting, strict=True)
    for number, (step, (waiting, without)) in enumerate(
        zip(compiled.steps, errors, strict=True), 1
    ):
        table.add_row(
            str(number),
            str(step.width),
            f"{1e6 * step.duration:.2f} us",
            f"{1e6 * step.feedforward_duration:.2f} us",
            *(f"{100 * sum(e) / len(e):.2f} % ({100 * max(e):.2f} %)" for e in (waiting, without)),
        )
    print_table(table)
    load = report.load
    print(
        f"{1e6 * report.duration_s:.2f} us: gates {1e6 * report.gates_s:.2f}, measurement "
        f"{1e6 * report.measurement_s:.2f}, feed-forward {1e6 * report.feedforward_s:.2f}; a "
        f"neuron waits {100 * report.waiting_share:.0f} % of its life\n"
        f"{load.if_tests} if_tests, {load.branches} branches, {load.broadcasts} broadcasts of "
        f"{load.broadcast_bits} bits, {load.measurements} measurements\n"
        f"qubits (neuron or neuron:ancilla): {' '.join(map(str, compiled.sites))}"
    )


def _write(circuit: Any, destination: str) -> None:
    from qiskit import qasm3

    from qnnq.storage.files import write_atomically

    program = qasm3.dumps(circuit)
    if destination == "-":
        print(program)
    else:
        write_atomically(Path(destination), program.encode())
