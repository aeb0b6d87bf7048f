"""How often the prediction of a calibrated twin holds what its device then shows.

    python benchmarks/twin_coverage.py

For each fake device, calibrations of its exact response are simulated, each predicts images, which
are then run with other random numbers: what `qnnq calibrate --check` does, without the circuits.
"""

import argparse

import numpy as np
from papers.published_shares import shown

from qnnq.execution.engines.instrument import InstrumentEngine
from qnnq.execution.engines.layer_response import LayerResponse
from qnnq.execution.measured_response import KindResponse, MeasuredResponse, fit_sites
from qnnq.execution.modes.stepwise import Stepwise
from qnnq.execution.response_fit import BASIS
from qnnq.execution.shot_loop import run_shots
from qnnq.jobs.compensation import calibrated_coefficients
from qnnq.jobs.hardware_request import HardwareRequest
from qnnq.jobs.planning import plan_run
from qnnq.jobs.twin_check import judge, predict

DEVICES = ["fake_kingston", "fake_torino", "fake_sherbrooke"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="mnist16-a0.5")
    parser.add_argument("--calibrations", type=int, default=40, help="of each device")
    parser.add_argument("--angle-shots", type=int, default=1024)
    parser.add_argument("--images", default="0:50")
    parser.add_argument("--shots", type=int, default=20)
    options = parser.parse_args()
    print("| device | calibrations | all images | parts of the images | width of the interval |")
    print("|---|---|---|---|---|")
    for place, device in enumerate(DEVICES):
        request = HardwareRequest(
            model=options.model,
            device=device,
            images=options.images,
            shots=options.shots,
            copies=1,
        )
        plan = plan_run(request)
        network, layer = plan.network, plan.circuits[0]
        exact = calibrated_coefficients(plan.device, plan.circuits)
        truth = InstrumentEngine(
            [
                LayerResponse.of_slots(each.slot_of, values)
                for each, values in zip(plan.circuits, exact, strict=True)
            ]
        )
        places = np.arange(len(plan.arrays["labels"]))
        random = np.random.default_rng(place)
        held, parts, widths = 0, [], []
        for number in shown(range(options.calibrations), device):
            chances = np.clip(BASIS @ exact[0].T, 0, 1)
            counts = random.binomial(options.angle_shots, chances)
            sites = fit_sites([str(site) for site in layer.sites], counts, options.angle_shots)
            response = MeasuredResponse(
                device=device,
                calibration=None,
                measured="",
                shots=options.angle_shots,
                kinds=(KindResponse(entanglement=layer.shape.entanglement, sites=tuple(sites)),),
            )
            prediction = predict(plan, response, seed=number)
            mode = Stepwise(truth, network.entanglements)
            pixels, seed = plan.arrays["images"], 1_000_000 * (1 + place) + number
            votes = run_shots(network, pixels, places, mode, options.shots, seed)
            whole, blocks = judge(prediction, votes.counts, plan.arrays["labels"])
            held += whole.inside
            parts += [block.inside for block in blocks]
            widths.append(whole.predicted.high - whole.predicted.low)
        print(
            f"| {device} | {options.calibrations} | {held} inside | {sum(parts)} of {len(parts)} | "
            f"{100 * np.mean(widths):.1f} points |",
            flush=True,
        )


if __name__ == "__main__":
    main()
