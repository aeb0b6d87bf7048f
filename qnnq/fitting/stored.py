"""What a sweep on a machine, or a collected run, showed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qnnq.arrays import IntArray
from qnnq.errors import InputError
from qnnq.execution.inputs import data_for
from qnnq.fitting.observation import LAID_OUT, Observation
from qnnq.networks.bundled import load_model
from qnnq.networks.network import Network
from qnnq.results.labels import shown
from qnnq.results.points import read_points
from qnnq.results.result import RunResult
from qnnq.runs.request import RunRequest


def read_results(path: str | Path, where: Sequence[str]) -> list[Observation]:
    """Return the points of a results file.

    Points are taken to be independent, as a machine's are. Simulated points of one seed have random
    numbers in common, and then say less than they seem to.

    Args:
        path: The file.
        where: Conditions `label=value` that choose points.

    Raises:
        InputError: For a bad file, for points of several noises or devices, and for those whose
            network or data are not there as they were.
    """
    observations = []
    points = read_points(path, where)
    for label in ("noise", "strength", "off", "device"):
        values = sorted({shown(point.labels.get(label, "")) for point in points})
        if len(values) > 1:
            raise InputError(
                f"{path}: expected points under one noise, found {label} {', '.join(values)}; "
                f"choose by --where {label}={values[-1]}"
            )
    for point in points:
        if "soft_vote" not in point.prediction_names:
            raise InputError(
                f"{path}: expected counts, found class probabilities of engine exact; choose by "
                "--where engine=..."
            )
        network, data = load_model(str(point.labels["network"])), str(point.labels["data"])
        if network.digest != point.network_digest:
            raise InputError(
                f"{path}: expected the network {point.labels['network']} as it was measured; it "
                "has changed since"
            )
        if data_for(network, data, str(point.labels["network"])).digest != point.data_digest:
            raise InputError(f"{path}: expected the data {data} as they were; they have changed")
        observations.append(_observation(point.labels, network, point.images, point.counts))
    return observations


def observation_of_run(
    result: RunResult, labels: Mapping[str, Any], network: Network
) -> Observation:
    """Return what a collected run showed, on the qubits that it used.

    Raises:
        InputError: If its angles were compensated, or its neurons lived on.
    """
    labels = {**labels, "mode": result.task.mode}
    layers = [sites.split(",") for sites in result.task.qubits or ()]
    longest = max(layers, key=len, default=[])
    # Layers that were placed one by one have qubits of their own, which no list can say.
    if longest and all(sites == longest[: len(sites)] for sites in layers):
        labels = {**labels, "qubits": ",".join(longest)}
    return _observation(labels, network, result.images, result.counts)


def _observation(
    labels: Mapping[str, Any], network: Network, images: IntArray, votes: IntArray
) -> Observation:
    if labels.get("compensate") or labels.get("mode", "stepwise") not in ("stepwise", ""):
        raise InputError("fit: expected stepwise runs without compensation; choose by --where")
    request = RunRequest(
        model=str(labels["network"]),
        data=str(labels["data"]),
        images=str(labels["images"]),
        **{name: each.kind(labels[name]) for name, each in LAID_OUT.items()},
    )
    data = data_for(network, request.data, request.model)
    truth = data.labels[images]
    right = int(votes[range(len(images)), truth].sum())
    return Observation(request, network, data, images, votes.sum(axis=1), right, votes)
