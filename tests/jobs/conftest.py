"""A loopback service, a small network, and the command line in this process."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from command import command_line
from loopback import Machine, OwnClock, Server

from qnnq.networks.file import write_network
from qnnq.networks.network import Network
from tests.conftest import StartWarm

IMAGES, PIXELS, WIDTH, CLASSES, SHOTS = 5, 9, 3, 3, 4
FAST_LIMITS = """
answer_timeout_s = 2.0
patience_s = 20.0
listing_patience_s = 1.0
retry_pause_s = 0.05
attempts = 3
"""
REAL_LIMITS = "answer_timeout_s = 20.0\nattempts = 3\n"


@dataclass(frozen=True)
class Files:
    """Paths of a small network, its data and limits for tests."""

    network: Path
    data: Path
    limits: Path

    def submit(self, device: str, run: Path, *more: str) -> list[str]:
        """Return the arguments of a `qnnq submit` of everything."""
        return [
            *("submit", str(self.network), "--device", device, "--data", str(self.data)),
            *("--images", "all", "--shots", str(SHOTS), "--run", str(run)),
            *("--limits", str(self.limits), "--yes", *more),
        ]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    rng = np.random.default_rng(7)
    widths = [PIXELS, WIDTH, WIDTH, WIDTH, CLASSES]
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    weights = tuple(rng.normal(size=shape).astype(np.float32) for shape in shapes)
    found = Files(tmp_path / "net.safetensors", tmp_path / "data.npz", tmp_path / "limits.toml")
    write_network(Network(weights, stretch=0.5), found.network)
    images = rng.integers(0, 256, size=(IMAGES, PIXELS), dtype=np.uint8)
    np.savez(found.data, images=images, labels=np.arange(IMAGES) % CLASSES)
    found.limits.write_text(FAST_LIMITS)
    return found


@pytest.fixture(scope="session")
def jakarta() -> Machine:
    from qiskit_ibm_runtime.fake_provider import FakeJakartaV2

    return Machine("ibm_jakarta", FakeJakartaV2())


@pytest.fixture
def server(tmp_path: Path, jakarta: Machine) -> Iterator[Server]:
    jakarta.online = jakarta.replays = True
    folder = tmp_path / "service"
    folder.mkdir()
    found = Server(folder, [jakarta], queue_delay=0.1)
    yield found
    found.stop()


@pytest.fixture
def connected(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server, with the client of this process pointed at it."""
    connect(server, tmp_path / "home", monkeypatch)
    return server


def connect(server: Server, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the client of this process at a server."""
    from qiskit_ibm_runtime.accounts import management

    for name, value in server.environment(home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(management, "_DEFAULT_ACCOUNT_CONFIG_JSON_FILE", account_file(home))


def account_file(home: Path) -> str:
    """Return where the client keeps its account, which it makes out when it is imported."""
    return str(home / ".qiskit" / "qiskit-ibm.json")


@pytest.fixture
def unkind(
    tmp_path: Path, jakarta: Machine, files: Files, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """The service; whoever waits makes its clock run, and patience is as long as by default."""
    clock = OwnClock()
    monkeypatch.setattr("qnnq.devices.patience.time", clock)
    jakarta.online = jakarta.replays = True
    files.limits.write_text(REAL_LIMITS)
    folder = tmp_path / "service"
    folder.mkdir()
    server = Server(folder, [jakarta], plan="premium", queue_delay=5, clock=clock)
    connect(server, tmp_path / "home", monkeypatch)
    yield server
    server.stop()


@pytest.fixture(scope="session", autouse=True)
def no_certificates() -> Iterator[None]:
    """The client reads all certificates for every connection, and the loopback service has none."""
    from ibm_cloud_sdk_core.http_adapter import SSLHTTPAdapter
    from requests.adapters import HTTPAdapter

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SSLHTTPAdapter, "init_poolmanager", HTTPAdapter.init_poolmanager)
        yield


@pytest.fixture(autouse=True)
def compiled_once(something_kept: None) -> None:
    """Most of these tests submit the same network to the same machine."""


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No last run survives from one test to the next."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(autouse=True)
def no_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for the disk is for power cuts, which are not tested; a killed process needs none."""
    monkeypatch.setattr("qnnq.jobs.ledger_file.DURABILITY", "OFF")


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


Command = Callable[..., Answer]


@pytest.fixture
def qnnq(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command line in this process."""
    from qnnq.cli.main import main

    def run(*arguments: str | Path) -> Answer:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return run


Fork = Callable[[list[str], float | None], dict[str, Any]]


@pytest.fixture
def fork(server: Server, tmp_path: Path, start_warm: StartWarm) -> Fork:
    """Run a command line in a process that is killed after some seconds.

    Returns {"code": exit code or None where it was killed, "said": stdout and stderr}.
    """
    home = tmp_path / "home"
    environment = {**server.environment(home), "XDG_STATE_HOME": str(tmp_path / "state")}

    def run(arguments: list[str], kill_after: float | None) -> dict[str, Any]:
        process = start_warm(command_line, arguments, environment, account_file(home))
        code = process.wait(kill_after)
        process.end()
        return {"code": code, "said": "".join(process.said())}

    return run
