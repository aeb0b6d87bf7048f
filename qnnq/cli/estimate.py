"""`qnnq estimate`: what a run on a machine would cost."""

from typing import TYPE_CHECKING

import typer

from qnnq.cli import hardware
from qnnq.cli.output import print_table, write_json

if TYPE_CHECKING:
    from qnnq.jobs.planning import Plan


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def estimate(
        model: hardware.Model = "mnist16-a0.5",
        device: hardware.Device = "fake_kingston",
        data: hardware.Data = "mnist-test",
        images: hardware.Images = "0:1000",
        shots: hardware.Shots = 10,
        seed: hardware.Seed = 0,
        qubits: hardware.Qubits = "best",
        copies: hardware.Copies = None,
        pairs: hardware.Pairs = 0,
        pair_gate: hardware.PairGateName = "sx",
        rep_delay: hardware.RepDelay = None,
        limits: hardware.Limits = None,
        json: hardware.Json = None,
    ) -> None:
        """Say what a run on a machine would cost; nothing is sent.

        Example: qnnq estimate mnist16-a0.5 --device fake_kingston --images 0:1000 --shots 10
        """
        from qnnq.jobs.planning import plan_run

        request = hardware.request_of(
            model=model,
            device=device,
            data=data,
            images=images,
            shots=shots,
            seed=seed,
            qubits=qubits,
            copies=copies,
            pairs=pairs,
            pair_gate=pair_gate,
            mode="batch",
            rep_delay=rep_delay,
            limits=limits,
        )
        plan = plan_run(request)
        if json != "-":
            print_estimate(plan)
        if json is not None:
            write_json({"device": plan.device.name, **plan.estimate.to_json()}, json)


def print_estimate(plan: "Plan") -> None:
    """Print a plan's cost by layer, its formula, and what would be cheaper."""
    from rich.table import Table

    estimate = plan.estimate
    layers = plan.layers
    table = Table(
        title=f"{plan.device.name}: "
        f"{len(plan.arrays['indices'])} images x {plan.task.shots} shots, "
        f"{layers[0].copies} images side by side on {len(layers[0].sites)} neurons",
        title_justify="left",
    )
    columns = ("layer", "jobs", "PUBs", "parameter sets", "executions", "payload MB", "quantum s")
    for name in columns:
        table.add_column(name, justify="right")
    for layer in estimate.layers:
        table.add_row(
            str(layer.layer + 1),
            *(str(layer.jobs), str(layer.pubs)),
            *(str(layer.parameter_sets), str(layer.executions)),
            f"{layer.payload_bytes / 1e6:.2f}",
            f"{layer.quantum_seconds:.1f}",
        )
    print_table(table)
    print(f"quantum seconds: {estimate.formula()}")
    if len(estimate.layers) > 1:
        print(
            "upper bounds after layer 1: equal angle rows share a parameter set, "
            "and how many are equal is known only when layer 1 was measured"
        )
    for how, seconds in estimate.cheaper:
        print(f"cheaper: {how}: {seconds:.1f} s")
