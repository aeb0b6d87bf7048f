"""The state of a training in a file, from which an interrupted one goes on."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import torch

from qnnq.errors import InputError
from qnnq.storage.files import write_atomically
from qnnq.training.training_run import TrainingRun

_HINT = "remove it to begin anew"
_CHECKSUM = 32
"""Bytes that a file begins with: the SHA-256 of all others."""


def write_checkpoint(run: TrainingRun, path: str | Path) -> None:
    """Write the state after an epoch, whole or not at all; raises as `write_atomically` does."""
    stream = io.BytesIO()
    torch.save({"identity": json.dumps(_identity(run)), **run.state()}, stream)
    content = stream.getvalue()
    write_atomically(path, hashlib.sha256(content).digest() + content)


def resume_from(run: TrainingRun, path: str | Path) -> None:
    """Take a fresh run to where a checkpoint is, if there is a file.

    Raises:
        InputError: If the file is no whole checkpoint, or of another training.
    """
    try:
        file = Path(path).read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    checksum, whole = file[:_CHECKSUM], file[_CHECKSUM:]
    if hashlib.sha256(whole).digest() != checksum:
        raise InputError(f"{path}: expected a whole checkpoint; {_HINT}")
    # To the CPU, where the states of generators belong; the rest is copied from there.
    content = torch.load(io.BytesIO(whole), map_location="cpu", weights_only=True)
    identity = json.loads(content.pop("identity"))
    for key, ours in _identity(run).items():
        if identity.get(key) != ours:
            found = f"{key.replace('_', '-')} {identity.get(key)}, now {ours}"
            raise InputError(f"{path}: a checkpoint of another training ({found}); {_HINT}")
    run.resume(content)


def _identity(run: TrainingRun) -> dict[str, Any]:
    identity = {
        **run.settings.identity(),
        "data": run.data.digest,
        "test_data": run.test.digest,
        "noise_response": run.noise.digest if run.noise else None,
        "torch": torch.__version__,
        "trained_on": torch.device(run.device).type,
    }
    return dict(json.loads(json.dumps(identity)))  # tuples as the file has them: lists
