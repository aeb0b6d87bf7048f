"""What a sweep's points are read beside: the answers of its networks where nothing is sampled."""

from itertools import product
from typing import Any

from qnnq.data.selection import parse_images
from qnnq.execution.inputs import data_for
from qnnq.networks.bundled import load_model
from qnnq.results.file import Place, Store
from qnnq.results.task import UNSAMPLED
from qnnq.runs.request import RunRequest
from qnnq.runs.unsampled import unsampled, unsampled_task
from qnnq.sweep.file import SweepFile
from qnnq.sweep.points import point_labels


def store_unsampled(sweep: SweepFile, store: Store) -> None:
    """Store for every network, data set and selection of images what is not there yet.

    Raises `QnnqError` where the file cannot be written.
    """
    asked = {each for grid in sweep.grid for each in product(grid.networks, grid.data, grid.images)}
    for model, data, selection in sorted(asked):
        network = load_model(model)
        if network.receives:
            continue
        dataset = data_for(network, data, model)
        images = parse_images(selection, len(dataset.labels))
        task = unsampled_task(network, dataset, images)
        if not store.finished([task.id]):
            store.add(unsampled(network, dataset, images))
        request = RunRequest(
            model, data=data, images=selection, shots=1, engine="ideal", noise=None
        )
        labels: dict[str, Any] = {
            **point_labels(request, network),
            "engine": UNSAMPLED,
            "strength": 0.0,
            "off": "",
        }
        store.link(labels, task.to_json(), {Place(0, 0, 0): task.id}, 1, fresh=True)
