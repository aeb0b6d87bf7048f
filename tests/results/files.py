"""A small results file: two networks at two strengths, in two blocks, and one failure."""

from dataclasses import replace

import numpy as np

from qnnq.results.file import Place, Store
from qnnq.results.result import RunResult
from qnnq.results.task import Task

STRENGTHS = (0.0, 1.0)


def labels(network, strength):
    return {
        "network": network,
        "stretch": 0.0 if network == "classical" else 0.5,
        "entanglement": np.pi / 2,
        "widths": "4",
        "noise": "readout(p=0.1)",
        "strength": strength,
        "off": "",
        "data": "data.npz",
        "images": "0:20",
        "shots": 5,
    }


def a_result(network="half", strength=1.0, images=range(20), seed=0, data="d" * 64):
    rng = np.random.default_rng([seed, len(network), int(strength), images[0]])
    task = Task(
        network=network.ljust(64, "0"),
        engine="instrument",
        data=data,
        noise="readout(p=0.1)",
        strength=strength,
        images=f"{images[0]}:{images[-1] + 1}",
        shots=5,
        seed=seed,
    )
    return RunResult(
        task_id=task.id,
        task=task,
        images=np.array(images),
        labels=np.array(images) % 3,
        counts=rng.multinomial(5, [0.2, 0.3, 0.5], size=len(images)),
        softmax_sums=rng.random((len(images), 3)),
        seconds=0.25,
        versions={"qnnq": "0"},
        calibration=None,
    )


def add_point(store, network, strength, blocks, finished=None):
    """Add a point of `blocks`, ranges of images, of which the first `finished` have results."""
    results = [a_result(network, strength, block) for block in blocks]
    for result in results[:finished]:
        store.add(result)
    store.link(
        labels(network, strength),
        results[0].task.to_json(),
        {Place(0, 0, number): result.task_id for number, result in enumerate(results)},
        len(results),
        fresh=True,
    )
    return results


def write_results(path):
    with Store(path, create=True) as store:
        for network in ("classical", "half"):
            for strength in STRENGTHS:
                add_point(store, network, strength, [range(10), range(10, 20)])
        failed = labels("half", 9.0)
        store.fail(failed, {"network": "0"}, "", None, "no channel at this strength")


def changed(result, **parts):
    """Return a result of another task."""
    task = replace(result.task, **parts)
    return replace(result, task=task, task_id=task.id)
