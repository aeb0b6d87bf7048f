"""`qnnq submit`: run a network on a machine, or on a fake device by the same path."""

from typing import Annotated

import typer

from qnnq.cli import hardware, options


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def submit(
        model: options.Model,
        device: options.Machine,
        data: options.Data = "mnist-test",
        images: options.Images = "0:1000",
        shots: options.Shots = 10,
        target_width: Annotated[
            float | None,
            typer.Option(
                help="Take more rounds of --shots, until the interval of a shot's accuracy is "
                "this narrow, such as 0.02, or the budget is used.",
                metavar="WIDTH",
            ),
        ] = None,
        max_shots: Annotated[
            int | None,
            typer.Option(help="Most shots an image of all rounds.  [default: 100 rounds]"),
        ] = None,
        seed: options.MachineSeed = 0,
        run: options.NewFolder = None,
        budget: options.Budget = None,
        yes: options.Yes = False,
        wait: options.Wait = False,
        qubits: options.MachineQubits = "best",
        copies: options.MachineCopies = None,
        pairs: options.Pairs = 0,
        pair_gate: options.PairGateName = "sx",
        mode: options.Mode = "stepwise",
        feedback_latency: options.FeedbackLatency = None,
        condition_overhead: options.ConditionOverhead = None,
        measurement: options.Measurement = "measure",
        recycling: options.Recycling = "flip",
        compensate: Annotated[
            bool, typer.Option("--compensate", help="Correct angles for the device's noise.")
        ] = False,
        response: Annotated[
            str | None,
            typer.Option(help="Measured response for --compensate.", metavar="FILE"),
        ] = None,
        execution_mode: options.ExecutionMode = "batch",
        dynamical_decoupling: Annotated[
            str,
            typer.Option(
                help="none, XX, XpXm or XY4; coherent: none or XX, in each wait of a weakly "
                "measured neuron.",
                metavar="SEQUENCE",
            ),
        ] = "none",
        twirling: Annotated[
            bool, typer.Option("--measurement-twirling", help="Flip measured bits at random.")
        ] = False,
        rep_delay: options.RepDelay = None,
        max_execution_time: Annotated[
            int | None,
            typer.Option(help="Quantum seconds after which a job is stopped.", metavar="SECONDS"),
        ] = None,
        tag: Annotated[
            list[str] | None, typer.Option(help="Tag of all jobs; repeatable.", metavar="TAG")
        ] = None,
        limits: options.Limits = None,
        instance: options.Instance = None,
        json: options.Json = None,
    ) -> None:
        """Submit a network to a machine. All images and shots go together, one job a layer.

        With --mode coherent the whole network is one circuit, and no layer waits for a job.

        Example: qnnq submit mnist16-a0.5 --device fake_kingston --images 0:90 --shots 10

        Example: qnnq submit mnist16-linear --mode coherent --device fake_kingston --images 0:20
        """
        from pathlib import Path

        from qnnq.cli.estimate import print_estimate
        from qnnq.jobs.budget import check_budget
        from qnnq.jobs.chunks import check_room
        from qnnq.jobs.creation import check_free, create_run
        from qnnq.jobs.planning import check_device
        from qnnq.jobs.rounds import rounds_of

        request = hardware.request_of(
            model=model,
            device=device,
            instance=instance,
            data=data,
            images=images,
            shots=shots,
            target_width=target_width,
            max_shots=max_shots,
            seed=seed,
            qubits=qubits,
            copies=copies,
            pairs=pairs,
            pair_gate=pair_gate,
            mode=mode,
            feedback_latency=feedback_latency,
            condition_overhead=condition_overhead,
            measurement=measurement,
            recycling=recycling,
            execution_mode=execution_mode,
            rep_delay=rep_delay,
            limits=limits,
            dynamical_decoupling=dynamical_decoupling,
            twirling=twirling,
            max_execution_time=max_execution_time,
            tags=tuple(tag or ()),
            compensate=compensate,
            response=response,
        )
        rounds = rounds_of(request)
        say = hardware.Speaker()
        plan = hardware.plan_of(request)
        checked = check_device(request, plan.device)
        folder = Path(run) if run else Path("qnnq-runs") / plan.task.id[:12]
        check_free(folder)
        budget_s = hardware.budget_of(plan, budget, checked, rounds)
        check_budget(plan.estimate, budget_s, request.limits)
        check_room(plan.estimate.memory_bytes, plan.estimate.disk_bytes, folder)
        if json != "-":
            print_estimate(plan)
        seconds = rounds * plan.estimate.quantum_seconds
        if rounds > 1 and json != "-":
            print(
                f"rounds of {shots} shots, until the interval is {target_width:g} wide: at most "
                f"{rounds}, {seconds:.1f} quantum seconds"
            )
        if plan.device.kind != "simulated" and json != "-":
            print(hardware.budget_line(budget, budget_s))
        hardware.confirm(plan, yes, seconds if budget_s is None else min(seconds, budget_s))
        if checked.options.mode != request.options.mode:
            say("the account's plan has no sessions: using a batch")
        create_run(checked, plan, folder, budget_s)
        say(f"run {folder}: task {plan.task.id[:12]}")
        if hardware.pursue(str(folder), wait, json=json) and json != "-":
            print(f"its accuracy: qnnq collect {folder}")
