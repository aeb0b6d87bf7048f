"""Objects go in wherever words do, and what comes out is one kind of thing."""

from pathlib import Path

import numpy as np
import pytest
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel
from qiskit_ibm_runtime.fake_provider import FakeLagosV2

import qnnq
from noise_models import NoiseSpecification
from qnnq.devices import objects
from qnnq.jobs.ledger import Ledger

IDEAL = {"noise": "ideal", "engine": "ideal", "shots": 3}


@pytest.fixture(scope="module")
def network():
    return qnnq.load_network("mnist16-a0.5")


@pytest.fixture(scope="module")
def data():
    return qnnq.load_data("mnist-test")


def test_objects_are_the_same_task_as_their_words(network, data):
    words = qnnq.run(qnnq.RunRequest("mnist16-a0.5", images="0:9", **IDEAL))
    for images in (range(9), slice(9), list(range(9)), np.arange(9)):
        assert qnnq.RunRequest(images=images).images == "0:9"
    found = qnnq.run(qnnq.RunRequest(network, data=data, images=range(9), **IDEAL))
    assert found.task_id == words.task_id
    assert (found.counts == words.counts).all()
    request = qnnq.RunRequest(network, images=range(9), noise="readout(p=0.02)*2")
    specification = NoiseSpecification.parse("readout(p=0.02)*2")
    assert qnnq.RunRequest(network, images="0:9", noise=specification) == request


def test_arrays_are_data_with_or_without_labels(network, data):
    arrays = (data.images[:20], data.labels[:20])
    request = qnnq.RunRequest(network, data=arrays, images=[1, 5, 9], **IDEAL)
    found = qnnq.run(request)
    assert (found.labels == data.labels[[1, 5, 9]]).all()
    alone = qnnq.run(qnnq.RunRequest(network, data=arrays[0], images=[1, 5, 9], **IDEAL))
    assert (alone.counts == found.counts).all()
    assert not alone.labelled
    with pytest.raises(qnnq.InputError, match="accuracy: expected labels"):
        alone.accuracy()
    with pytest.raises(qnnq.InputError, match="confusion: expected labels"):
        alone.confusion()


def test_predictions_are_shares_of_shots(network, data):
    images = data.images[:4].reshape(-1, 28, 28)
    shares = network.predict_proba(images, shots=30, seed=2)
    result = qnnq.run(
        qnnq.RunRequest(network, images=range(4), noise="ideal", engine="ideal", shots=30, seed=2)
    )
    assert (shares == result.counts / 30).all()
    assert (network.predict(images, shots=30, seed=2) == shares.argmax(axis=1)).all()
    noisy = network.predict_proba(images, noise="readout(p=0.5)", shots=30, seed=2)
    assert noisy.shape == shares.shape
    assert (noisy != shares).any()  # outcomes are fair coins


def test_what_a_run_found_is_a_table_an_accuracy_and_a_confusion(network):
    pytest.importorskip("pandas")
    result = qnnq.run(qnnq.RunRequest(network, images=range(30), **IDEAL))
    table = result.confusion()
    assert table.sum() == 30
    assert np.trace(table) / 30 == pytest.approx(result.accuracy("majority").value)
    assert result.accuracy("single_shot").value == pytest.approx(
        result.counts[np.arange(30), result.labels].sum() / 90
    )
    assert len(result.to_dataframe()) == 30
    with pytest.raises(qnnq.InputError, match="expected one of single_shot, majority, soft_vote"):
        result.accuracy("mean")


def test_points_and_runs_are_one_kind_of_thing_and_are_drawn_into_given_axes(tmp_path):
    from matplotlib.figure import Figure

    pytest.importorskip("pandas")
    (tmp_path / "sweep.toml").write_text(
        '[[grid]]\nnetworks = "mnist16-a0.5"\nnoise = "readout(p=0.02)"\nstrength = [0, 1]\n'
        'images = "0:20"\nshots = 5\n'
    )
    qnnq.run_sweep(tmp_path / "sweep.toml", tmp_path / "r.sqlite", workers=1)
    point, other = qnnq.read_results(tmp_path / "r.sqlite")
    request = qnnq.RunRequest(
        noise="readout(p=0.02)", strength=point.labels["strength"], images="0:20", shots=5
    )
    alone = qnnq.run(request)
    assert (alone.confusion() == point.confusion()).all()
    assert alone.accuracy("majority") == point.accuracy("majority")
    assert alone.to_dataframe().equals(point.to_dataframe())
    axes = Figure().subplots()
    assert qnnq.plot([point, other], "strength", ax=axes) is axes
    drawn = axes.get_lines()[0].get_ydata()
    assert list(drawn) == [each.accuracy("majority").value for each in (point, other)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": 0.1}, "`noise`: expected words, a NoiseSpecification or a NoiseModel, got flo"),
        ({"noise": NoiseModel(), "strength": 2}, "`strength` 2: expected .* with a NoiseModel"),
        ({"noise": NoiseModel(), "mode": "coherent"}, "`mode` coherent: expected .* a NoiseModel"),
        ({"noise": NoiseModel(), "engine": "ideal"}, "`engine` ideal: expected .* a NoiseModel"),
        ({"model": 3}, "`model`: expected a name, a file or a Network, got int"),
        ({"shots": 3.0}, "`shots` 3.0: expected a whole number"),
        ({"strength": "2"}, "`strength` '2': expected a number"),
        ({"images": [True, False]}, "expected indices >= 0, such as range"),
        ({"images": range(0)}, "expected indices >= 0, such as range"),
        ({"images": -1}, "expected indices >= 0, such as range"),
        ({"data": 5, **IDEAL}, "data: expected a name, a file, a Dataset or arrays, got int"),
        (
            {"device": AerSimulator(noise_model=NoiseModel()), "noise": "readout(p=0.1)"},
            "simulates noise of its own",
        ),
    ],
)
def test_other_objects_are_refused_in_words(options, message):
    with pytest.raises(qnnq.InputError, match=message):
        qnnq.run(qnnq.RunRequest(**options))


def test_numbers_of_arrays_and_lists_of_qubits_are_plain():
    request = qnnq.RunRequest(shots=np.int64(3), strength=np.float32(2), qubits=[0, 1])
    assert (type(request.shots), request.qubits) == (int, "0,1")
    assert request.strength == 2
    assert qnnq.RunRequest(qubits=range(3)).qubits == "0,1,2"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: qnnq.load_network(3), "`model`: expected a name, a file or a Network, got int"),
        (lambda: qnnq.load_data(3), "`data`: expected a name or a file, got int"),
        (lambda: qnnq.resolve_device(3), "expected a BackendV2 or a Target, got int"),
        (lambda: qnnq.to_dataframe([3]), "points: expected those that read_results returns, got "),
        (lambda: qnnq.plot([3]), "points: expected those that read_results returns, got int"),
        (lambda: qnnq.report(Path("no.sqlite")), "no.sqlite: no such results file"),
        (lambda: qnnq.resume(3), "3: no such run folder"),
        (lambda: qnnq.TrainingSettings(hidden=2, stretch=0.5, epochs=1.5), "`epochs` 1.5: expect"),
    ],
)
def test_every_call_says_what_it_takes(call, message):
    with pytest.raises(qnnq.InputError, match=message):
        call()


def test_trainings_take_objects():
    pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    arrays = rng.random((6, 4)), np.array([0, 1, 2, 0, 1, 2])
    words = qnnq.TrainingSettings((2, 2), 0.5, epochs=1, noise="readout(p=0.1)")
    noise = NoiseSpecification.parse("readout(p=0.1)")
    objects = qnnq.TrainingSettings([2, 2], 0.5, epochs=1, noise=noise)
    trained = [qnnq.train(each, arrays, arrays).network.digest for each in (words, objects)]
    assert trained[0] == trained[1]
    assert words.identity() == objects.identity()


def test_a_simulator_without_noise_is_a_device(network):
    request = qnnq.RunRequest(
        network, device=AerSimulator(), noise="ideal", images=range(2), shots=2
    )
    assert qnnq.run(request).task.device == "aer_simulator"


def test_jobs_take_names_and_files():
    request = qnnq.HardwareRequest(Path("net.safetensors"), "fake_torino", images=range(9))
    assert (request.model, request.images) == ("net.safetensors", "0:9")
    with pytest.raises(qnnq.InputError, match="`model`: expected a name, a file or a Network, got"):
        qnnq.HardwareRequest(1.0)
    with pytest.raises(qnnq.InputError, match="device: expected a BackendV2 or a Target, got floa"):
        qnnq.estimate(qnnq.HardwareRequest(device=1.0))


def test_jobs_of_objects_are_those_of_words_and_go_on_from_their_folder(tmp_path):
    rng = np.random.default_rng(3)
    shapes = ((2, 4), (2, 2), (3, 2))
    small = qnnq.Network(tuple(rng.normal(size=s).astype(np.float32) for s in shapes), stretch=0.5)
    arrays = rng.random((4, 4)), np.array([0, 1, 2, 0])
    options = {"data": arrays, "images": range(3), "shots": 4, "copies": 1, "seed": 5}
    found = []
    for number, device in enumerate(("fake_lagos", FakeLagosV2(), FakeLagosV2().target)):
        request = qnnq.HardwareRequest(small, device, **options)
        assert qnnq.estimate(request).quantum_seconds > 0
        folder = qnnq.submit(request, tmp_path / str(number), wait=False, say=lambda line: None)
        assert qnnq.resume(folder, wait=True, say=lambda line: None)
        found.append(qnnq.collect(folder).result)
    assert found[0].task.device_content is None
    assert found[1].task.device_content == found[2].task.device_content is not None
    for each in found[1:]:
        assert (each.counts == found[0].counts).all()
        assert each.task.network == small.digest


class Machine(GenericBackendV2):
    """A machine as far as anybody knows."""

    jobs = 0

    def run(self, *arguments, **options):
        type(self).jobs += 1
        return super().run(*arguments, **options)


def test_jobs_of_a_machine_that_is_an_object_go_to_it(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    small = qnnq.Network((rng.normal(size=(2, 4)), rng.normal(size=(3, 2))), stretch=0.5)
    machine = Machine(3, basis_gates=["cz", "rz", "sx", "x"], seed=1)
    options = {"data": (rng.random((4, 4)), np.array([0, 1, 2, 0])), "images": range(3)}
    request = qnnq.HardwareRequest(small, machine, shots=4, copies=1, **options)
    folder = qnnq.submit(request, tmp_path / "run", wait=True, say=lambda line: None)
    assert qnnq.collect(folder).result.counts.sum() == 12
    assert Machine.jobs == 1
    monkeypatch.setattr(objects, "GIVEN", {})  # as in another process
    assert qnnq.collect(folder).result.counts.sum() == 12
    with Ledger(folder) as ledger:
        words = ledger.fact("device")
    with pytest.raises(qnnq.InputError, match="was given as an object to another process"):
        qnnq.resolve_device(words)
    qnnq.resolve_device(machine)
    assert qnnq.resolve_device(words).backend is machine


def test_what_is_fitted_may_be_an_object_or_is_refused_in_words():
    with pytest.raises(qnnq.InputError, match="`source`: expected a file, a collected run or a li"):
        qnnq.fit(qnnq.FitRequest(3, "fake_torino*?"))
    with pytest.raises(qnnq.InputError, match="`where`: expected with a results file"):
        qnnq.fit(qnnq.FitRequest("points.csv", "fake_torino*?", where=["noise=ideal"]))
