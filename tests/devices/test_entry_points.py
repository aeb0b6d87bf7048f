"""Devices of packages that this project does not know, from their entry point to collected runs."""

import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.primitives import BackendSamplerV2, PrimitiveJob
from qiskit.providers import JobStatus
from scipy.stats import binomtest

from qnnq.cli.main import main
from qnnq.devices.names import device_names, resolve_device
from qnnq.devices.providers import BUILT_IN, found_providers
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.sampled import SamplerService
from qnnq.jobs.service import Submission, Unanswered
from qnnq.networks.file import read_network, write_network
from qnnq.networks.network import Network
from qnnq.runs.request import RunRequest
from qnnq.runs.run import run
from qnnq.storage.installed import GROUP

LAB = '''
from dataclasses import replace
from qiskit.primitives import BackendSamplerV2, StatevectorSampler
from qiskit.providers.fake_provider import GenericBackendV2
from qnnq import Device, Provider, Tariff
from qnnq.jobs.sampled import SamplerService

NAME = "lab_five"
fails = []

class Machine(GenericBackendV2):
    """A machine as far as anybody knows; it may fail after it has taken what it is given."""

    def run(self, run_input, **options):
        job = super().run(run_input, **options)
        if fails:
            raise ConnectionError("the answer\\n got lost")
        return job

def machine():
    backend = Machine(5, basis_gates=["cz", "rz", "sx", "x"], seed=1)
    backend.name = NAME
    return backend

def find(name, limits, instance):
    tariff = Tariff("EUR", circuit=0.5, shot=0.25)
    return Device.of(machine(), "machine", replace(limits, tariff=tariff, circuits_per_job=30))

provider = Provider("lab_...", "machine", NAME.__eq__, lambda: [NAME], find)
number = 3

class Tagged(SamplerService):
    """Its jobs are found by their tags, and are there for every process."""

    finds_jobs = True
    tags = {}
    kept = {}

    def __init__(self, device, sampler):
        super().__init__(device, sampler)
        self._jobs = self.kept

    def submit(self, sent):
        job_id = super().submit(sent)
        self.tags[job_id] = sent.tags
        if lost:
            raise lost.pop()
        return job_id

    def find(self, tag):
        found = [job_id for job_id, tags in self.tags.items() if tag in tags]
        return [replace(self.view(job_id), tags=self.tags[job_id]) for job_id in found]

def no_token(*_):
    raise PermissionError("no token:\\n log in")

def ideal(name, limits, instance):
    return Device.of(machine(), "simulated", limits)

simulator = replace(
    provider, kind="simulated", find=ideal, sampler=lambda device: StatevectorSampler(seed=1)
)
lost = []
without_token = replace(provider, find=no_token)
without_sampler = replace(provider, sampler=no_token)

def service(run, limits):
    device = run.found_device()
    return Tagged(device, BackendSamplerV2(backend=device.backend))

tagged = replace(provider, service=service)
'''

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install the package of a laboratory, with its entry points."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    site = tmp_path / "site"

    def write(module: str = LAB, **entry_points: str) -> None:
        information = site / "laboratory-1.0.dist-info"
        information.mkdir(parents=True)
        (site / "laboratory.py").write_text(module)
        (information / "METADATA").write_text("Metadata-Version: 2.1\nName: laboratory\n")
        lines = [f"{name} = {place}\n" for name, place in entry_points.items()]
        (information / "entry_points.txt").write_text(f"[{GROUP}]\n{''.join(lines)}")
        monkeypatch.syspath_prepend(site)
        found_providers.cache_clear()

    yield write
    sys.modules.pop("laboratory", None)
    monkeypatch.undo()
    found_providers.cache_clear()


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """A network of three neurons, two layers, and its data."""
    rng = np.random.default_rng(0)
    weights = tuple(rng.normal(size=shape) for shape in ((3, 5), (3, 3), (2, 3)))
    write_network(Network(weights, stretch=0.5), tmp_path / "net.safetensors")
    images = rng.integers(0, 256, size=(4, 5), dtype=np.uint8)
    np.savez(tmp_path / "data.npz", images=images, labels=np.arange(4) % 2)
    return ["net.safetensors", "--data", "data.npz", "--images", "all", "--shots", "4"]


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err.splitlines()
    assert error[-1].startswith("qnnq: ")
    return error[-1]


def test_ours_are_the_entry_points_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["entry-points"][GROUP] == BUILT_IN


def test_a_laboratory_from_estimate_to_collect(
    install: Install, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    install(lab="laboratory:provider")
    assert "lab_five" in device_names()
    on = [*words, "--device", "lab_five", "--copies", "1"]
    assert main(["estimate", *on, "--json", "estimate.json"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    # Layer 1: an image is a circuit of four shots; layer 2: each shot is one.
    assert "price: 0.5 x 20 circuits + 0.25 x 32 shots = 18.00 EUR" in said
    assert "quantum" not in said
    estimate = json.loads(Path("estimate.json").read_text())
    assert (estimate["price"], estimate["tariff"]["currency"]) == (18.0, "EUR")

    submit = ["submit", *on, "--run", "run", "--wait"]
    assert main(submit) == 2
    assert "to cost 18.00 EUR on lab_five, at most 18. Expected --yes" in refusal(capsys)
    assert main([*submit, "--yes", "--budget", "17"]) == 2
    assert "--budget 17: the estimate is" in refusal(capsys)
    assert main([*submit, "--yes", "--budget", "much"]) == 2
    assert refusal(capsys).endswith("--budget much: expected EUR > 0, or none")
    assert main([*submit, "--yes", "--rep-delay", "100"]) == 2
    assert "on lab_five, whose sampler takes none" in refusal(capsys)
    assert main([*submit, "--yes"]) == 0
    assert main(["collect", "run", "--json", "collected.json", "--counts"]) == 0
    collected = json.loads(Path("collected.json").read_text())
    assert np.array(collected["counts"]).sum(axis=1).tolist() == [4] * 4
    capsys.readouterr()
    assert main(["status", "run"]) == 0
    found = Ledger(Path("run"))
    circuits = sum(job.sets for job in found.jobs())
    found.close()
    assert f"price: at most {0.5 * circuits + 8:.2f} EUR, of a budget of 18" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("prices", "least"),
    [({"circuit": 0.07, "shot": 0.0001}, "1.4032"), ({"circuit": 0.07, "shot": 0.1}, "4.60")],
)
def test_the_budget_that_is_named_is_enough(
    prices: dict[str, float],
    least: str,
    install: Install,
    words: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Prices below a cent are told in full, and sums in binary are no reason to refuse."""
    install(lab="laboratory:provider")
    table = "".join(f"{name} = {price}\n" for name, price in prices.items())
    Path("limits.toml").write_text(f'[tariff]\ncurrency = "EUR"\n{table}')
    submit = ["submit", *words, "--device", "laboratory:machine", "--run", "run", "--yes"]
    submit += ["--copies", "1", "--limits", "limits.toml", "--budget"]
    assert main([*submit, "0.001"]) == 2
    assert refusal(capsys).endswith(f"= {least} EUR: expected at least {least}")
    assert main([*submit, least, "--wait"]) == 0
    assert f"budget: {least} EUR" in capsys.readouterr().out
    assert main(["runs"]) == 0
    assert f"{least} EUR" in capsys.readouterr().out


def test_what_is_left_is_told_in_full(
    install: Install, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    install(lab="laboratory:provider")
    import laboratory

    Path("limits.toml").write_text('[tariff]\ncurrency = "EUR"\nshot = 0.000123\n')
    submit = ["submit", *words, "--device", "laboratory:machine", "--run", "run", "--yes"]
    laboratory.fails.append(True)
    assert main([*submit, "--copies", "1", "--limits", "limits.toml", "--wait"]) == 1
    assert "cheaper: --shots 2 (wider intervals): 0.001968 EUR" in capsys.readouterr().out
    laboratory.fails.clear()
    assert main(["resume", "run", "--resubmit", "1.1", "--wait"]) == 1
    error = refusal(capsys)
    assert "costs 0.001968 EUR, and 0.003936 are charged or may still be" in error
    assert main(["resume", "run", "--budget", error.rpartition(" ")[2], "--wait"]) == 0


@pytest.mark.parametrize(("patience_s", "failures"), [(600.0, 2), (1e-9, 99)])
def test_a_state_that_cannot_be_asked_for_is_asked_for_again(
    patience_s: float,
    failures: int,
    install: Install,
    words: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The job is paid: it is not given up for a line that is down, and never sent twice."""
    install(lab="laboratory:provider")
    left = [RuntimeError("the line\n is down")] * failures

    def in_final_state(job: PrimitiveJob) -> bool:
        if left:
            raise left.pop()
        return bool(job.status() in (JobStatus.DONE, JobStatus.ERROR))

    monkeypatch.setattr(PrimitiveJob, "in_final_state", in_final_state)
    monkeypatch.setattr("qnnq.devices.patience.time.sleep", lambda seconds: None)
    Path("limits.toml").write_text(f"patience_s = {patience_s}\n")
    submit = ["submit", *words, "--device", "lab_five", "--run", "run", "--yes", "--wait"]
    code = main([*submit, "--limits", "limits.toml"])
    ledger = Ledger(Path("run"))
    attempts, jobs = ledger.attempts(), ledger.jobs()
    ledger.close()
    if patience_s > 1:
        assert (code, left, len(attempts)) == (0, [], len(jobs))
        return
    assert (code, len(attempts)) == (1, 1)
    error = refusal(capsys)
    assert "the sampler of lab_five raised RuntimeError the line is down: look at" in error
    assert error.endswith("billed again: qnnq resume run --resubmit 1.1")


def test_a_vendor_that_cancels_nothing(install: Install) -> None:
    """The job runs on, and its state says so."""
    install(lab="laboratory:provider")

    class Job:
        def job_id(self) -> str:
            return "7"

        def cancel(self) -> None:
            raise NotImplementedError("no job here is cancelled")

        def in_final_state(self) -> bool:
            return False

        def running(self) -> bool:
            return True

    class Sampler:
        def run(self, pubs: object, *, shots: int) -> Job:
            return Job()

    service = SamplerService(resolve_device("lab_five"), Sampler())
    job_id = service.submit(Submission(QuantumCircuit(1), np.zeros((1, 0)), 1, ("tag",), 1))
    assert not service.cancel(job_id)
    assert service.view(job_id).status == "running"


def test_nothing_is_sent_twice_where_nobody_can_tell(
    install: Install, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer to a job gets lost, then its process ends: the user decides, and pays again."""
    install(lab="laboratory:provider")
    import laboratory

    laboratory.fails.append(True)
    submit = ["submit", *words, "--device", "lab_five", "--run", "run", "--yes", "--budget", "18"]
    assert main([*submit, "--wait"]) == 1
    error = refusal(capsys)
    assert "the sampler of lab_five raised ConnectionError the answer got lost: look at" in error
    assert error.endswith("billed again: qnnq resume run --resubmit 1.1")
    laboratory.fails.clear()
    assert main(["resume", "run", "--wait"]) == 1
    error = refusal(capsys)
    assert "its process ended before lab_five answered, and jobs there have no tags" in error
    assert error.endswith("billed again: qnnq resume run --resubmit 1.1")
    ledger = Ledger(Path("run"))
    assert len(ledger.attempts()) == 1
    ledger.close()
    # Both submissions count: what is left does not pay for the second layer.
    assert main(["resume", "run", "--resubmit", "1.1", "--wait"]) == 1
    error = refusal(capsys)
    assert "layer 2, job 1 costs" in error
    assert "are charged or may still be; to allow more: qnnq resume run --budget" in error
    budget = error.rpartition(" ")[2]
    assert main(["resume", "run", "--budget", budget, "--wait"]) == 0


def test_a_run_that_is_cancelled_sends_nothing_twice_either(
    install: Install,
    words: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its process is stopped inside the submission, then the run is cancelled and taken up."""
    install(lab="laboratory:provider")

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    submit = ["submit", *words, "--device", "lab_five", "--run", "run", "--yes", "--wait"]
    with monkeypatch.context() as patch:
        patch.setattr(BackendSamplerV2, "run", stopped)
        assert main(submit) == 130
    assert main(["cancel", "run"]) == 0
    assert main(["resume", "run", "--wait"]) == 1
    assert refusal(capsys).endswith("billed again: qnnq resume run --resubmit 1.1")
    ledger = Ledger(Path("run"))
    assert len(ledger.attempts()) == 1
    ledger.close()


def test_the_counts_of_a_vendors_sampler_are_those_of_the_engine(
    install: Install, words: list[str]
) -> None:
    """Votes of each image, with a false-alarm rate of 1e-6; nothing is asked of a simulator."""
    install(lab="laboratory:simulator")
    submit = ["submit", *words[:-1], "60", "--device", "lab_five", "--run", "run", "--wait"]
    assert main(submit) == 0
    assert main(["collect", "run", "--json", "collected.json", "--counts"]) == 0
    found = np.array(json.loads(Path("collected.json").read_text())["counts"])
    reference = RunRequest(words[0], data="data.npz", images="all", noise="ideal", shots=50_000)
    shares = run(reference).counts[:, 0] / 50_000
    for votes, share in zip(found, shares, strict=True):
        assert binomtest(votes[0], 60, share).pvalue > 1e-6 / len(found)


def test_a_job_with_tags_is_paid_once(install: Install, words: list[str]) -> None:
    """Its answer gets lost, or its process dies: it is found by its tag and used."""
    install(lab="laboratory:tagged")
    import laboratory

    Path("limits.toml").write_text("listing_patience_s = 1.0\n")
    submit = ["submit", *words, "--device", "lab_five", "--run", "run", "--yes"]
    laboratory.lost.append(KeyboardInterrupt())
    assert main([*submit, "--limits", "limits.toml", "--wait"]) == 130
    laboratory.lost.append(Unanswered("the answer got lost"))
    assert main(["resume", "run", "--wait"]) == 0
    ledger = Ledger(Path("run"))
    assert [attempt.state for attempt in ledger.attempts()] == ["done"] * len(ledger.jobs())
    assert sorted(str(attempt.id) for attempt in ledger.attempts()) == sorted(
        laboratory.Tagged.tags
    )
    ledger.close()


def test_the_laboratory_of_the_guide(install: Install, words: list[str]) -> None:
    """Its two blocks are the package: what is printed is what runs."""
    page = (Path(__file__).parents[2] / "docs" / "guides" / "vendors.md").read_text()
    (module,) = re.findall(r"```python\n# laboratory.py\n(.*?)```", page, re.DOTALL)
    (project,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    install(module=module, **tomllib.loads(project)["project"]["entry-points"][GROUP])
    submit = ["submit", *words, "--device", "lab_five", "--run", "run", "--yes", "--wait"]
    assert main(submit) == 0
    assert main(["collect", "run", "--json", "collected.json"]) == 0
    assert json.loads(Path("collected.json").read_text())["task"]["device"] == "lab_five"


@pytest.mark.parametrize("name", ["without_token", "without_sampler"])
def test_what_a_provider_raises_is_one_line(
    name: str, install: Install, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    install(lab=f"laboratory:{name}")
    assert main(["submit", *words, "--device", "lab_five", "--run", "run", "--yes"]) == 1
    expected = "qnnq: device lab_five: its provider raised PermissionError no token: log in"
    assert refusal(capsys) == expected


def test_no_feed_forward_no_coherent_mode(
    install: Install, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    install(lab="laboratory:provider")
    network = read_network(Path("net.safetensors"))
    write_network(replace(network, activation="linear"), "net.safetensors")
    for device in ("lab_five", "aqt_offline"):
        assert main(["submit", *words, "--device", device, "--mode", "coherent"]) == 2
        assert f"feeds outcomes forward, {device} has no if_else" in refusal(capsys)


@pytest.mark.parametrize(
    ("device", "extra"),
    [
        ("aqt_offline", "qnnq[aqt]"),
        ("braket_local", "qnnq[braket]"),
        ("quantinuum_local", "qnnq[quantinuum]"),
    ],
)
def test_a_package_that_is_not_installed_is_named(
    device: str,
    extra: str,
    install: Install,
    words: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("qiskit_aqt_provider", "qiskit_braket_provider", "pytket.extensions.quantinuum"):
        monkeypatch.setitem(sys.modules, name, None)
    assert main(["submit", *words, "--device", device, "--run", "run", "--wait"]) == 2
    assert refusal(capsys).endswith(f"its package comes with: pip install '{extra}'")


def test_a_backend_of_a_function_runs_its_own_jobs(
    install: Install, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody says what it charges, so nothing is sent unasked."""
    install(lab="laboratory:provider")
    submit = ["submit", *words, "--device", "laboratory:machine", "--run", "run", "--wait"]
    assert main(submit) == 2
    assert "executions to lab_five, at unknown prices. Expected --yes" in refusal(capsys)
    assert main([*submit, "--yes", "--budget", "20"]) == 2
    assert "nobody says what lab_five charges: expected none, or a [tariff]" in refusal(capsys)
    Path("limits.toml").write_text('[tariff]\ncurrency = "EUR"\nshot = 0.1\n')
    assert main([*submit, "--yes", "--limits", "limits.toml", "--budget", "20"]) == 0
    assert main(["collect", "run"]) == 0


def test_packages_that_cannot_be_loaded_are_named(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install(lab="laboratory:number", gone="no_such_package:provider")
    assert resolve_device("fake_jakarta").name == "fake_jakarta"
    assert main(["noise", "--device", "lab_five"]) == 2
    error = refusal(capsys)
    assert "lab (laboratory:number): expected a qnnq.Provider, got int" in error
    assert "gone (no_such_package:provider): ModuleNotFoundError No module named" in error


def test_a_tariff_that_is_no_table_is_one_line(
    install: Install, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("limits.toml").write_text("tariff = 3\n")
    assert main(["estimate", *words, "--device", "fake_jakarta", "--limits", "limits.toml"]) == 2
    assert "limits.toml: tariff: expected a table, got 3" in refusal(capsys)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("shot = 0.1", "tariff: expected a currency, such as 'USD'"),
        ('currency = "EUR"\nshots = 0.1', "tariff: 'shots': expected one of currency, job"),
        ('currency = "EUR"\nshot = -1', "tariff.shot: expected a price >= 0, got -1"),
    ],
)
def test_bad_tariffs_are_one_line(
    table: str, message: str, install: Install, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("limits.toml").write_text(f"[tariff]\n{table}\n")
    assert main(["estimate", *words, "--device", "fake_jakarta", "--limits", "limits.toml"]) == 2
    assert f"limits.toml: {message}" in refusal(capsys)
