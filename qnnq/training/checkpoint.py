"""The state of a training in a file, from which an interrupted one goes on."""

import io
import json
import os
import pickle
from pathlib import Path
from typing import Any

import torch

from qnnq.errors import InputError
from qnnq.storage.files import write_atomically
from qnnq.training.training_run import TrainingRun

_DAMAGED = (
    RuntimeError, pickle.UnpicklingError, EOFError, OSError, LookupError, TypeError, ValueError,
    AttributeError,
)  # fmt: skip
"""What reading a file raises that is none of `write_checkpoint`."""


def write_checkpoint(run: TrainingRun, path: str | Path) -> None:
    """Write the state after an epoch, whole or not at all; raises as `write_atomically` does."""
    stream = io.BytesIO()
    torch.save({"identity": json.dumps(_identity(run)), **run.state()}, stream)
    write_atomically(path, stream.getvalue())


def resume_from(run: TrainingRun, path: str | Path) -> None:
    """Take a fresh run to where a checkpoint is, if there is a file.

    Raises:
        InputError: If the file is no whole checkpoint, or of another training.
    """
    if not os.path.exists(path):
        return
    hint = "remove it to begin anew"
    try:
        # On the CPU, where the states of generators belong; the rest is copied from there.
        content = torch.load(path, map_location="cpu", weights_only=True)
        identity = dict(json.loads(content.pop("identity")))
    except _DAMAGED as error:
        raise InputError(f"{path}: expected a whole checkpoint; {hint}") from error
    for key, ours in _identity(run).items():
        if identity.get(key) != ours:
            found = f"{key.replace('_', '-')} {identity.get(key)}, now {ours}"
            raise InputError(f"{path}: a checkpoint of another training ({found}); {hint}")
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
