"""Devices from files, objects and functions: what they are, and what identifies them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qiskit.providers.fake_provider import GenericBackendV2

from noise_models import NoiseSpecification
from noise_models.channels import build_channels
from qnnq.cli.main import main
from qnnq.devices.names import resolve_device
from qnnq.devices.snapshot import snapshot_of
from qnnq.errors import InputError
from qnnq.jobs.runs import locked_run
from qnnq.networks.file import write_network
from qnnq.networks.network import Network
from qnnq.results.points import read_points
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare
from qnnq.sweep.runner import run_sweep
from qnnq.vendors.local.snapshot_file import write_device

GATES = ["cz", "rz", "sx", "x"]


@pytest.fixture
def request_(tmp_path, monkeypatch) -> RunRequest:
    """A small network with ancillas, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    weights = tuple(rng.normal(size=shape) for shape in ((2, 5), (3, 2)))
    write_network(Network(weights, stretch=0.5, entanglement=1.0), "net.safetensors")
    images = rng.integers(0, 256, size=(4, 5), dtype=np.uint8)
    np.savez("data.npz", images=images, labels=np.arange(4) % 3)
    return RunRequest("net.safetensors", data="data.npz", noise="device", shots=50)


def executed(request):
    result = prepare(request).execute()
    return result.counts, result.task.to_json()


def ours(path="snapshot.json"):
    return json.loads(open(path).read())


@pytest.mark.parametrize(
    "name",
    [
        *("fake_jakarta", "fake_kingston", "fake_fractional"),
        pytest.param("fake_fez", marks=pytest.mark.slow),
    ],
)
def test_a_saved_device_is_the_device(name, request_):
    assert main(["noise", "--save-device", name, "snapshot.json"]) == 0
    device, saved = resolve_device(name), resolve_device("snapshot.json")
    assert saved is resolve_device("snapshot.json")
    assert (saved.name, saved.calibration, saved.kind) == (name, device.calibration, "simulated")
    snapshots = [snapshot_of(d.target, d.name, d.calibration) for d in (device, saved)]
    assert snapshots[0] == snapshots[1]
    specification = NoiseSpecification.parse(name, [name])
    before, after = (build_channels(specification, d.target, range(5)) for d in (device, saved))
    assert before.stages.keys() == after.stages.keys()
    for element in before.stages:
        assert (before.superoperator(*element) == after.superoperator(*element)).all()

    counts, task = executed(replace(request_, noise=name))
    again, same = executed(replace(request_, device="snapshot.json"))
    assert (counts == again).all()
    assert same == task | {"device_content": saved.content}
    assert "device_content" not in task  # its name and its time say which it is


def test_another_content_is_another_task(request_):
    """Of the same name, and of the same time."""
    main(["noise", "--save-device", "fake_jakarta", "snapshot.json"])
    counts, task = executed(replace(request_, device="snapshot.json"))
    document = ours()
    for place in next(i for i in document["instructions"] if i["name"] == "measure")["on"]:
        place["error"] = 0.45
    with open("later.json", "w") as file:
        json.dump(document, file)
    worse, other = executed(replace(request_, device="later.json", qubits=task["qubits"][0]))
    assert (worse != counts).any()
    assert {key for key in task if task[key] != other[key]} == {"device_content"}


def test_what_the_client_says_of_a_machine(request_):
    backend = resolve_device("fake_jakarta").backend
    documents = {
        "configuration": backend.configuration().to_dict(),
        "properties": backend.properties().to_dict(),
    }
    with open("client.json", "w") as file:
        json.dump(documents, file, default=str)
    counts, task = executed(replace(request_, noise="fake_jakarta"))
    again, same = executed(replace(request_, device="client.json"))
    assert (counts == again).all()
    assert {k: v for k, v in same.items() if k != "device_content"} == task


ARIA = {
    "backend": "qpu.aria-1",
    "date": "2025-06-16T00:00:00Z",
    "qubits": 3,
    "connectivity": [[0, 1], [0, 2]],
    "fidelity": {
        "1q": {"mean": 0.9, "median": 0.9998},
        "2q": {"mean": 0.98},
        "spam": {"mean": 0.99},
    },
    "timing": {"1q": 1.35e-4, "2q": 6e-4, "readout": 3e-4, "reset": 2e-5, "t1": 100, "t2": 1},
}


def test_what_ionq_and_braket_publish(request_):
    """The same numbers, of the service and of a device's capabilities on Braket."""
    rates = {
        part: {key.upper(): value for key, value in ARIA[part].items()}
        for part in ("fidelity", "timing")
    }
    braket = {"provider": rates, "paradigm": {"qubitCount": 3}}
    for number, (document, pairs) in enumerate(((ARIA, 4), (braket, 6))):
        Path(f"{number}.json").write_text(json.dumps(document))
        device = resolve_device(f"{number}.json")
        target = device.target
        assert (device.name, device.calibration) == (
            ("qpu_aria_1", ARIA["date"]) if number == 0 else ("ionq", None)
        )
        assert len(target["ms"]) == pairs
        assert target["gpi"][0,].error == pytest.approx(2e-4)
        assert target["ms"][1, 0].error == pytest.approx(0.02)
        assert target["ms"][1, 0].duration == 6e-4
        assert target["measure"][2,].error == pytest.approx(0.01)
        assert (target.qubit_properties[1].t1, target.qubit_properties[1].t2) == (100, 1)
        _, task = executed(replace(request_, device=f"{number}.json", engine="instrument"))
        assert task["noise"] == device.name


def test_times_that_are_no_seconds_are_doubted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_device(resolve_device("fake_jakarta"), "device.json")
    content = ours("device.json")
    content["qubits"][2]["t1_s"] = 224.0
    Path("wrong.json").write_text(json.dumps(content))
    resolve_device("device.json")
    with pytest.warns(UserWarning, match=r"wrong.json: T1 of qubit 2 is 224 s, .* microseconds\?"):
        resolve_device("wrong.json")


def test_objects_are_what_they_contain(request_):
    backend, equal, other = (
        GenericBackendV2(6, basis_gates=GATES, seed=seed) for seed in (1, 1, 2)
    )
    counts, task = executed(replace(request_, device=backend))
    assert task["noise"] == task["device"] == "generic_backend_6q"
    again, same = executed(replace(request_, device=equal))
    assert (counts == again).all()
    assert same == task
    assert executed(replace(request_, device=other))[1]["device_content"] != task["device_content"]
    as_target, of_target = executed(replace(request_, device=backend.target))
    assert (as_target == counts).all()
    assert of_target == task | {"device": "target", "noise": "target"}
    write_device(resolve_device(backend), "snapshot.json")
    assert (executed(replace(request_, device="snapshot.json"))[1]) == task


def test_a_function_of_the_users_own(request_, capsys):
    with open("lab_devices.py", "w") as file:
        file.write(
            "from qiskit.providers.fake_provider import GenericBackendV2\n"
            f"def machine(): return GenericBackendV2(6, basis_gates={GATES}, seed=1)\n"
            "def broken(): raise ConnectionError('no answer\\nat all')\n"
            "def ended(): raise SystemExit(3)\n"
            "def other(): return 3\n"
            "number = 3\n"
        )
    with open("broken_lab.py", "w") as file:
        file.write("1 / 0\n")
    _, task = executed(replace(request_, device="lab_devices:machine"))
    backend = GenericBackendV2(6, basis_gates=GATES, seed=1)
    assert executed(replace(request_, device=backend))[1] == task
    for name, message in (
        ("lab_devices:broken", "its factory raised ConnectionError no answer at all"),
        ("lab_devices:ended", "its factory raised SystemExit 3"),
        ("broken_lab:machine", "its module raised ZeroDivisionError division by zero"),
        ("lab_devices:other", "expected a BackendV2 or a Target, got int"),
        ("lab_devices:number", "expected a function, got int"),
        ("lab_devices:nothing", "has no attribute 'nothing'"),
        ("no_such_lab:machine", "No module named 'no_such_lab'"),
    ):
        assert main(["run", "net.safetensors", "--data", "data.npz", "--device", name]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"qnnq: device {name}: ")
        assert error.rstrip().endswith(message)
        assert error.count("\n") == 1


def _set(place, value):
    def change(document):
        *path, last = place
        for part in path:
            document = document[part]
        document[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        ("{", "not JSON: "),
        ("[]", 'expected a device of "format": "qnnq-device/1", {"configuration"'),
        ('{"fidelity": {}, "timing": {}}', "not a characterization of IonQ: KeyError 'qubits'"),
        (
            '{"qubits": 2, "fidelity": {"1q": {"mean": NaN}}, "timing": {}}',
            "fidelity.1q: expected 0 to 1, got nan",
        ),
        (
            '{"qubits": 2, "fidelity": {"1q": 0.99}, "timing": {}}',
            "fidelity.1q: expected a median or a mean, got 0.99",
        ),
        (
            '{"qubits": 2, "fidelity": {"1q": {"stderr": 0.1}}, "timing": {}}',
            "fidelity.1q: expected a median or a mean, got {'stderr': 0.1}",
        ),
        ('{"qubits": 1e9, "fidelity": {}, "timing": {}}', "qubits: expected at most 1000, got"),
        (
            '{"qubits": 2, "fidelity": {}, "timing": {"t1": NaN}}',
            "t1_s: Input should be ",
        ),
        ('{"configuration": {}}', "not the client's configuration: "),
        (_set(["format"], "qnnq-device/9"), "format: Input should be 'qnnq-device/1'"),
        (_set(["name"], "no word"), "name: String should match"),
        (_set(["qubits"], []), "qubits: expected 7, got 0"),
        (_set(["qubits", 0, "t1_s"], -1.0), "qubits.0.t1_s: Input should be greater"),
        (_set(["qubits", 0, "T1"], 1.0), "qubits.0.T1: Extra inputs are not permitted"),
        (_set(["instructions", 0, "on", 0, "qubits"], [0, 1, 2]), "expected 1 qubits, got"),
        (_set(["instructions", 0, "on", 0, "qubits"], [7]), "expected qubits 0 to 6"),
        (_set(["instructions", 0, "on", 0, "error"], 1.5), "error: Input should be less than"),
        (_set(["instructions", 0, "parameters"], ["a", "b"]), "expected 0 parameters"),
    ],
)
def test_bad_files_are_one_line(change, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if callable(change):
        main(["noise", "--save-device", "fake_jakarta", "snapshot.json"])
        document = ours()
        one_qubit = [i for i in document["instructions"] if i["name"] == "sx"]
        document["instructions"] = one_qubit + [
            i for i in document["instructions"] if i["name"] != "sx"
        ]
        change(document)
        change = json.dumps(document)
    if change is not None:
        with open("snapshot.json", "w") as file:
            file.write(change)
    capsys.readouterr()
    assert main(["noise", "--device", "snapshot.json"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("qnnq: device snapshot.json: ")
    assert message in error
    assert error.count("\n") == 1


def test_noise_of_another_device_is_refused(request_, capsys):
    main(["noise", "--save-device", "fake_jakarta", "snapshot.json"])
    words = ["run", "net.safetensors", "--data", "data.npz", "--device", "snapshot.json"]
    assert main([*words, "--noise", "fake_jakarta*2"]) == 0
    assert main([*words, "--noise", "fake_torino"]) == 2
    assert "expected the noise of --device fake_jakarta" in capsys.readouterr().err
    assert main(["noise", "--save-device", "fake_jakarta", "x.json", "--devices"]) == 2
    assert "--save-device: expected alone" in capsys.readouterr().err


def test_a_run_goes_on_with_its_own_device_alone(request_):
    main(["noise", "--save-device", "fake_jakarta", "snapshot.json"])
    words = ["net.safetensors", "--data", "data.npz", "--device", "snapshot.json", "--shots", "5"]
    words += ["--images", "all"]
    assert main(["submit", *words, "--run", "done", "--wait"]) == 0
    assert main(["collect", "done", "--json", "done.json"]) == 0
    task = ours("done.json")["task"]
    assert (task["device"], task["noise"]) == ("fake_jakarta", "fake_jakarta")
    assert task["device_content"] == resolve_device("snapshot.json").content
    document = ours()
    document["qubits"][0]["t1_s"] = 1e-6
    with open("snapshot.json", "w") as file:
        json.dump(document, file)
    with locked_run(Path("done")) as run, pytest.raises(InputError) as raised:
        run.service()
    assert str(raised.value) == "snapshot.json: not the device that this run was made for"


def test_calibrations_of_one_device_are_points_of_their_own(request_):
    """In files of two names, and in one file that is written anew."""
    assert main(["noise", "--save-device", "fake_jakarta", "monday.json"]) == 0
    document = ours("monday.json")
    for place in next(each for each in document["instructions"] if each["name"] == "measure")["on"]:
        place["error"] = 0.4
    Path("tuesday.json").write_text(json.dumps(document))
    grid = '[[grid]]\nnetworks = ["net.safetensors"]\nnoise = ["device"]\ndata = "data.npz"\n'
    grid += 'shots = 5\ndevices = ["fake_jakarta", "monday.json", "tuesday.json"]\n'
    Path("sweep.toml").write_text(grid)
    assert run_sweep("sweep.toml", "results.sqlite", workers=1).stored == 3
    points = read_points("results.sqlite")
    assert [point.labels["device"] for point in points] == [
        "fake_jakarta",
        "monday.json",
        "tuesday.json",
    ]
    assert all((point.counts.sum(axis=1) == 5).all() for point in points)

    Path("monday.json").write_text(json.dumps(document).replace("0.4}", "0.3}"))
    assert run_sweep("sweep.toml", "results.sqlite", workers=1).stored == 1
    monday = read_points("results.sqlite", ["device=monday.json"])
    assert len(monday) == len({point.labels["content"] for point in monday}) == 2
    assert all((point.counts.sum(axis=1) == 5).all() for point in monday)
