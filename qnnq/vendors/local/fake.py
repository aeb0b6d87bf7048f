"""The snapshots of machines in IBM's client, simulated in this process."""

import hashlib
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qnnq.devices.device import Device, Provider
from qnnq.storage.cache import recall_document
from qnnq.vendors.local.simulation import simulated

if TYPE_CHECKING:
    from qiskit.providers import BackendV2
    from qiskit.transpiler import Target

    from qnnq.devices.service_limits import ServiceLimits


@lru_cache(maxsize=1)
def fake_folders() -> dict[str, Path]:
    """Return the folders of the snapshots by name; the client itself is not imported."""
    spec = find_spec("qiskit_ibm_runtime")
    assert spec is not None
    assert spec.origin is not None
    folders = Path(spec.origin).parent / "fake_provider" / "backends"
    return {f"fake_{each.parent.name}": each.parent for each in sorted(folders.glob("*/conf_*"))}


@dataclass(frozen=True, eq=False)
class ClientFiles:
    """A `qnnq.devices.device.Source` in the files of the client.

    Attributes:
        name: Of the device.
    """

    name: str

    @cached_property
    def _files(self) -> tuple[bytes, ...]:
        folder = fake_folders()[self.name]
        names = (f"{kind}_{folder.name}.json" for kind in ("conf", "props"))
        return tuple((folder / name).read_bytes() for name in names)

    @cached_property
    def _configuration(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._files[0])
        return found

    @cached_property
    def properties(self) -> dict[str, Any]:
        """All that its service says about its calibration, as plain JSON."""
        found: dict[str, Any] = json.loads(self._files[1])
        return found

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of all that the target says, or of what it is made from."""
        return hashlib.sha256(b"\n".join(self._files)).hexdigest()

    @property
    def rep_delays(self) -> tuple[float | None, Sequence[float] | None]:
        """The default and the range of the repetition delay, seconds, where it has its own."""
        default, limits = map(self._configuration.get, ("default_rep_delay", "rep_delay_range"))
        seconds = None if limits is None else [each * 1e-6 for each in limits]
        return None if default is None else default * 1e-6, seconds

    @cached_property
    def target(self) -> "Target":
        """Its qubits, instructions, durations and errors."""
        from qnnq.devices.client_files import snapshot_of_files

        return snapshot_of_files(self.name, self._configuration, self.properties).target()

    @cached_property
    def backend(self) -> "BackendV2":
        """What Qiskit's samplers and transpiler take."""
        from qiskit_ibm_runtime import fake_provider

        named = (each for each in vars(fake_provider).values() if hasattr(each, "backend_name"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return next(each for each in named if each.backend_name == self.name)()


@lru_cache(maxsize=8)  # a snapshot never changes
def _find(name: str, limits: "ServiceLimits", instance: str | None) -> Device:
    source = ClientFiles(name)
    updated = recall_document(
        {"kept": "calibrated", "files": source.digest},
        lambda: datetime.fromisoformat(source.properties["last_update_date"]).isoformat(),
    )
    return Device(name, source, updated, "simulated", limits)


PROVIDER = Provider(
    example="fake_...",
    kind="simulated",
    claims=lambda name: name in fake_folders(),
    names=fake_folders,
    find=_find,
    service=simulated,
)
