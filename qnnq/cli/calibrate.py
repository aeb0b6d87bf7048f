"""`qnnq calibrate`: measure how a device's qubits answer."""

from typing import Annotated

import typer

from qnnq.cli import hardware, options


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def calibrate(
        model: options.Model = "mnist16-a0.5",
        device: options.Machine = "fake_kingston",
        shots: Annotated[int, typer.Option(help="Shots at each of the four angles.")] = 4096,
        out: Annotated[
            str, typer.Option(help="The response file to write.", metavar="FILE")
        ] = "response.json",
        run: options.NewFolder = None,
        budget: options.Budget = None,
        yes: options.Yes = False,
        qubits: options.MachineQubits = "best",
        copies: options.MachineCopies = None,
        pairs: options.Pairs = 0,
        seed: options.MachineSeed = 0,
        execution_mode: options.ExecutionMode = "job",
        rep_delay: options.RepDelay = None,
        limits: options.Limits = None,
    ) -> None:
        """Measure the response of the qubits that a network would use.

        Each entanglement angle of the network takes one job; most networks have one angle.
        Cut off, it goes on when it is called again, and pays nothing twice.
        The file is a twin of the device: qnnq run --noise measured:FILE.

        Example: qnnq calibrate mnist16-a0.5 --device fake_kingston --out response.json
        """
        import shutil

        from qnnq.jobs.budget import check_budget
        from qnnq.jobs.creation import calibration_folder, create_run
        from qnnq.jobs.folder import LEDGER
        from qnnq.jobs.planning import check_device
        from qnnq.jobs.responses import RESPONSE, plan_calibration
        from qnnq.storage.files import check_writable

        request = hardware.request_of(
            model=model,
            device=device,
            data="mnist-test",
            images="all",
            shots=shots,
            seed=seed,
            qubits=qubits,
            copies=copies,
            pairs=pairs,
            pair_gate="sx",
            execution_mode=execution_mode,
            rep_delay=rep_delay,
            limits=limits,
        )
        check_writable(out)
        folder = calibration_folder(request, run)
        if not (folder / LEDGER).exists():
            plan = plan_calibration(request)
            checked = check_device(request, plan.device)
            check_budget(plan.estimate, budget)
            print(f"{plan.device.name}: quantum seconds: {plan.estimate.formula()}")
            hardware.confirm(plan, yes)
            create_run(checked, plan, folder, budget)
        hardware.pursue(str(folder), wait=True)
        shutil.copyfile(folder / RESPONSE, out)
        print(f"{out}: the response that {folder} measured")
