"""Interrupted trainings go on as if nothing had happened."""

import errno
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from qnnq.errors import InputError, QnnqError
from qnnq.training import trainer
from qnnq.training.checkpoint import resume_from, write_checkpoint
from qnnq.training.settings import TrainingSettings
from qnnq.training.trainer import train

SETTINGS = TrainingSettings((8, 6), 0.5, entanglement=1.1, epochs=5, evaluate_every=2)
RECIPE = replace(
    SETTINGS, train_shots=2, schedule="cosine", weight_decay=1e-3, label_smoothing=0.1,
    input_dropout=0.1, dropout=0.2, shift=1, validation=0.2, noise="fake_kingston",
    strengths=(1.0, 16.0),
)  # fmt: skip


def records(result):
    return [replace(epoch, seconds=0.0) for epoch in result.history]


class StopsInTheThirdEpoch(trainer.TrainingRun):
    def _train_once(self, number):
        if number == 3:
            next(iter(self.batches.epoch()))
            raise KeyboardInterrupt
        return super()._train_once(number)


@pytest.mark.parametrize("settings", [SETTINGS, RECIPE], ids=["published", "all of the recipe"])
def test_a_resumed_training_equals_one_that_was_not_interrupted(
    tiny, tmp_path, monkeypatch, settings
):
    whole = train(settings, *tiny, device="cpu")
    path = tmp_path / "net.checkpoint"
    with monkeypatch.context() as patched:
        patched.setattr(trainer, "TrainingRun", StopsInTheThirdEpoch)
        stopped = train(settings, *tiny, device="cpu", checkpoint=path)
    assert stopped.interrupted
    assert len(stopped.history) == 2
    told = []
    resumed = train(settings, *tiny, told.append, device="cpu", checkpoint=path)
    assert resumed.network.digest == whole.network.digest
    assert resumed.network.information == whole.network.information
    assert records(resumed) == records(whole)
    assert [epoch.epoch for epoch in told] == [1, 2, 3, 4, 5]
    # Of a training that has ended, nothing is done again.
    assert train(settings, *tiny, device="cpu", checkpoint=path).network.digest == (
        whole.network.digest
    )


def test_a_full_disk_keeps_the_checkpoint_before(tiny, tmp_path, monkeypatch):
    path = tmp_path / "net.checkpoint"
    whole = train(SETTINGS, *tiny, device="cpu")
    written = []

    def third_fails(descriptor):
        written.append(descriptor)
        if len(written) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", third_fails)
        with pytest.raises(QnnqError, match="net.checkpoint: cannot be written: No space left"):
            train(SETTINGS, *tiny, device="cpu", checkpoint=path)
    assert list(tmp_path.iterdir()) == [path]
    told = []
    monkeypatch.setattr(trainer, "TrainingRun", CountsEpochs)
    CountsEpochs.begun = []
    resumed = train(SETTINGS, *tiny, told.append, device="cpu", checkpoint=path)
    assert CountsEpochs.begun == [3, 4, 5]
    assert resumed.network.digest == whole.network.digest


class CountsEpochs(trainer.TrainingRun):
    begun: list[int]

    def _train_once(self, number):
        self.begun.append(number)
        return super()._train_once(number)


KILLED = """
import os, signal, sys
from qnnq.cli.main import main
from qnnq.training import checkpoint
keep, writes = checkpoint.write_atomically, []
signal.signal(signal.SIGTERM, signal.SIG_DFL)  # it may be inherited that it is ignored
def kill(path, content):
    writes.append(path)
    if len(writes) == 3:
        sync = os.fsync
        os.fsync = lambda descriptor: os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    keep(path, content)
checkpoint.write_atomically = kill
main(sys.argv[2:])
"""


@pytest.mark.parametrize("signal", ["SIGKILL", pytest.param("SIGTERM", marks=pytest.mark.slow)])
def test_a_killed_training_goes_on(tiny, tmp_path, signal):
    """Killed while the third checkpoint is written; the same command ends with the same bytes."""
    from qnnq.cli.main import main

    options = []
    for option, data in zip(("--data", "--test-data"), tiny, strict=True):
        path = tmp_path / f"{option[2:]}.npz"
        np.savez(path, images=data.images, labels=data.labels)
        options += [option, str(path)]
    options += ["--hidden", "8,6", "--epochs", "4"]
    whole, out = tmp_path / "whole.safetensors", tmp_path / "net.safetensors"
    assert main(["train", *options, "--out", str(whole)]) == 0
    command = ["train", *options, "--out", str(out)]
    done = subprocess.run([sys.executable, "-c", KILLED, signal, *command], check=False)
    assert done.returncode < 0
    assert not out.exists()
    assert (tmp_path / "net.safetensors.checkpoint").is_file()
    assert main(command) == 0
    assert out.read_bytes() == whole.read_bytes()
    assert not (tmp_path / "net.safetensors.checkpoint").exists()


def test_a_training_on_another_device_goes_on(tiny, tmp_path):
    """The states of generators belong on the CPU wherever training happens; `meta` is elsewhere."""
    path = tmp_path / "net.checkpoint"
    first, second = (trainer.TrainingRun(SETTINGS, *tiny, "cpu") for _ in range(2))
    first.epoch()
    first.device = second.device = "meta"
    write_checkpoint(first, path)
    resume_from(second, path)
    for one, other in zip(first._generators(), second._generators(), strict=True):
        assert torch.equal(one.get_state(), other.get_state())
    weights = (run.model.layers[0].weight for run in (first, second))
    assert torch.equal(*weights)


def test_a_damaged_checkpoint_is_refused(tiny, tmp_path):
    path = tmp_path / "net.checkpoint"
    once = replace(SETTINGS, epochs=1)
    train(once, *tiny, device="cpu", checkpoint=path)
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // 30):
        damaged = bytearray(whole)
        damaged[place] ^= 4
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="net.checkpoint: expected a whole checkpoint"):
            train(once, *tiny, device="cpu", checkpoint=path)


@pytest.mark.parametrize("content", [[1, 2], torch.zeros(3), {"identity": 5}, {"identity": "5"}])
def test_other_files_of_torch_are_no_checkpoints(tiny, tmp_path, content):
    path = tmp_path / "net.checkpoint"
    torch.save(content, path)
    with pytest.raises(InputError, match="net.checkpoint: expected a whole checkpoint"):
        train(SETTINGS, *tiny, device="cpu", checkpoint=path)


def test_checkpoints_that_do_not_fit_are_refused(tiny, tmp_path):
    path = tmp_path / "net.checkpoint"
    train(replace(SETTINGS, epochs=1), *tiny, device="cpu", checkpoint=path)
    with pytest.raises(InputError, match=r"another training \(epochs 1, now 5\); remove it"):
        train(SETTINGS, *tiny, device="cpu", checkpoint=path)
    _, test = tiny
    with pytest.raises(InputError, match=r"another training \(data "):
        train(replace(SETTINGS, epochs=1), test, test, device="cpu", checkpoint=path)
    whole = path.read_bytes()
    for content in (b"", b"no checkpoint", whole[:-100], whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(InputError, match="net.checkpoint: expected a whole checkpoint"):
            train(replace(SETTINGS, epochs=1), *tiny, device="cpu", checkpoint=path)
