"""What deployments keep on disk, by their identity: facts of circuits, and what layers answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from qnnq.execution.engines.layer_instrument import BranchTable, LayerInstrument
from qnnq.execution.engines.layer_response import JoinedNeurons, LayerResponse
from qnnq.results.task import Task
from qnnq.storage.cache import Entry, recall, recall_document

Identity = Mapping[str, Any]
"""Of a deployment; see `qnnq.deployments.base.Deployment`."""


def kept_facts(identity: Identity, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what is to be known of circuits, plain JSON; see `qnnq.storage.cache.recall`."""
    return recall_document({"kept": "facts", **identity}, make)


def kept_accuracy(identity: Identity, make: Callable[[], float]) -> float:
    """Return what accuracy is expected; see `qnnq.storage.cache.recall`."""
    return recall_document({"kept": "accuracy", **identity}, make)


def kept_errors(
    identity: Identity, make: Callable[[], list[tuple[float, ...]]]
) -> list[tuple[float, ...]]:
    """Return the errors of the neurons of groups; see `qnnq.storage.cache.recall`."""
    return recall(
        {"kept": "errors", **identity},
        make,
        lambda errors: Entry(errors, {}),
        lambda entry: [tuple(each) for each in entry.document],
    )


def kept_responses(
    identity: Identity, make: Callable[[], tuple[LayerResponse, ...]]
) -> tuple[LayerResponse, ...]:
    """Return the responses of layers; see `qnnq.storage.cache.recall`."""
    key = {"kept": "responses", **identity}
    return recall(key, make, _of_responses, _responses)


def kept_instruments(
    identity: Identity, make: Callable[[], tuple[LayerInstrument, ...]]
) -> tuple[LayerInstrument, ...]:
    """Return the instruments of steps; see `qnnq.storage.cache.recall`."""
    key = {"kept": "instruments", **identity}
    return recall(key, make, _of_instruments, _instruments)


def facts_of_task(complete: Callable[[Task], Task]) -> dict[str, Any]:
    """Return what `complete` adds to a task, as plain JSON."""
    completed = complete(Task(network="", engine="")).to_json()
    return {name: completed[name] for name in completed.keys() - {"network", "engine", "sampling"}}


def with_facts(task: Task, facts: Mapping[str, Any]) -> Task:
    """Return a task with what `facts_of_task` found."""
    return replace(task, **{**facts, "qubits": tuple(facts["qubits"])})


def _of_responses(responses: Sequence[LayerResponse]) -> Entry:
    arrays: dict[str, NDArray[Any]] = {}
    for layer, response in enumerate(responses):
        arrays[f"{layer}"] = response.exact
        for copy, groups in enumerate(response.joined):
            for number, joined in enumerate(groups):
                arrays[f"{layer}.{copy}.{number}.neurons"] = joined.neurons
                arrays[f"{layer}.{copy}.{number}.coefficients"] = joined.coefficients
    return Entry([[len(groups) for groups in each.joined] for each in responses], arrays)


def _responses(entry: Entry) -> tuple[LayerResponse, ...]:
    def joined(place: str) -> JoinedNeurons:
        names = (f"{place}.{part}" for part in ("neurons", "coefficients"))
        return JoinedNeurons(*(entry.arrays[name] for name in names))

    return tuple(
        LayerResponse(
            entry.arrays[f"{layer}"],
            tuple(
                tuple(joined(f"{layer}.{copy}.{number}") for number in range(groups))
                for copy, groups in enumerate(copies)
            ),
        )
        for layer, copies in enumerate(entry.document)
    )


def _of_instruments(instruments: Sequence[LayerInstrument]) -> Entry:
    arrays = {}
    for layer, instrument in enumerate(instruments):
        if instrument.exact is not None:
            arrays[f"{layer}"] = instrument.exact
        for number, table in enumerate(instrument.tables):
            arrays[f"{layer}.{number}"] = table.exact
    layers = [(each.width, [table.bits for table in each.tables]) for each in instruments]
    return Entry(layers, arrays)


def _instruments(entry: Entry) -> tuple[LayerInstrument, ...]:
    return tuple(
        LayerInstrument(
            width,
            tuple(
                BranchTable(tuple(bits), entry.arrays[f"{layer}.{number}"])
                for number, bits in enumerate(tables)
            ),
            entry.arrays.get(f"{layer}"),
        )
        for layer, (width, tables) in enumerate(entry.document)
    )
