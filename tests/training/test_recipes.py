"""What a recipe changes: the loss, the rate, the images, the epoch that is kept."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import binom

from qnnq.data.dataset import Dataset
from qnnq.errors import InputError
from qnnq.training.batches import Batches, drop
from qnnq.training.evaluation import mean_scores
from qnnq.training.randomness import generator
from qnnq.training.settings import MOMENTUM, TrainingSettings
from qnnq.training.trainer import train
from qnnq.training.training_run import TrainingRun

SETTINGS = TrainingSettings((8, 6), 0.5, epochs=4, evaluate_every=100)


def assert_binomial(successes, trials, probability, tests=1):
    """Fail if the count is in a tail of its binomial distribution: false alarm 1e-6 together."""
    low = binom.cdf(successes, trials, probability)
    high = binom.sf(successes - 1, trials, probability)
    assert min(low, high) > 1e-6 / tests / 2


def test_mean_scores_are_logits_of_the_mean_of_the_probabilities():
    logits = torch.randn(5, 7, 3, generator=generator("cpu", 0), dtype=torch.float64) * 3
    mean = torch.softmax(logits, -1).mean(0)
    torch.testing.assert_close(torch.softmax(mean_scores(logits), -1), mean)


def test_the_loss_is_that_of_the_vote_with_smoothed_labels(tiny):
    """At a learning rate too small to matter; the same shots are drawn again for comparison."""
    still = replace(SETTINGS, learning_rate=1e-30, train_shots=3, label_smoothing=0.2)
    run = TrainingRun(still, *tiny, "cpu")
    loss = run.epoch().loss

    again = TrainingRun(still, *tiny, "cpu")
    total = 0.0
    with torch.no_grad():
        for pixels, labels in again.batches.epoch():
            shots = torch.softmax(again.model.shots(pixels, 3, again.outcomes).double(), -1)
            log = torch.log(shots.mean(0))
            truth = log[torch.arange(len(labels)), labels]
            total -= (0.8 * truth + 0.2 * log.mean(-1)).sum().item()
    assert loss == pytest.approx(total / 200, rel=1e-6)


def test_cosine_takes_the_rate_to_zero(tiny):
    run = TrainingRun(replace(SETTINGS, schedule="cosine"), *tiny, "cpu")
    rates = []
    while not run.done:
        run.epoch()
        rates.append(run.optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.01 * (1 + math.cos(math.pi * n / 4)) / 2 for n in range(4)])


def test_weight_decay_shrinks_weights_without_a_gradient(tiny):
    data, test = tiny
    dark = Dataset(np.zeros_like(data.images), data.labels, "dark")
    run = TrainingRun(replace(SETTINGS, weight_decay=0.1, batch_size=50), dark, test, "cpu")
    weight = run.model.layers[0].weight.detach().double().numpy().copy()
    run.epoch()
    velocity = np.zeros_like(weight)
    for _ in range(4):
        velocity = MOMENTUM * velocity + 0.1 * weight
        weight = weight - 0.01 * velocity
    found = run.model.layers[0].weight.detach().numpy()
    np.testing.assert_allclose(found, weight, rtol=1e-5, atol=1e-9)


def test_drop_keeps_the_mean():
    values = torch.full((200, 500), 3.0)
    dropped = drop(values, 0.25, generator("cpu", 1))
    assert set(dropped.unique().tolist()) == {0.0, 4.0}
    assert_binomial(int((dropped == 0).sum()), values.numel(), 0.25)


def test_pixels_and_outcomes_are_dropped_in_training(tiny):
    ones = torch.ones(400, 100)
    settings = replace(SETTINGS, input_dropout=0.3)
    batches = Batches(ones, torch.zeros(400, dtype=torch.long), settings)
    pixels = torch.cat([batch for batch, _ in batches.epoch()])
    assert_binomial(int((pixels == 0).sum()), 40_000, 0.3)

    run = TrainingRun(replace(SETTINGS, dropout=0.4), *tiny, "cpu")
    seen = []
    run.model.layers[2].register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    run._train_once(1)
    outcomes = torch.cat(seen)
    assert_binomial(int((outcomes == 0).sum()), outcomes.numel(), 0.4)
    seen.clear()
    run._test_errors(1)
    assert (seen[0].abs() == 1).all()


def test_shifts_are_all_equally_likely():
    side, most, images = 9, 2, 20_000
    pixels = torch.zeros(images, side, side)
    pixels[:, 4, 3] = 1
    labels = torch.zeros(images, dtype=torch.long)
    batches = Batches(pixels.flatten(1), labels, replace(SETTINGS, shift=most))
    shifted = torch.cat([batch for batch, _ in batches.epoch()])
    assert (shifted.sum(1) == 1).all()
    counts = shifted.sum(0).reshape(side, side)
    for count in counts[2:7, 1:6].flatten().tolist():
        assert_binomial(count, images, 1 / 25, tests=25)
    assert counts.sum() == counts[2:7, 1:6].sum()


def test_pixels_that_leave_the_image_do_not_come_back():
    pixels = torch.ones(50, 9)
    batches = Batches(pixels, torch.zeros(50, dtype=torch.long), replace(SETTINGS, shift=3))
    shifted = torch.cat([batch for batch, _ in batches.epoch()]).reshape(50, 3, 3)
    away = (shifted.sum((1, 2)) == 0).sum()
    # Of 7 x 7 shifts 24 move the whole image away: all with 3 pixels up, down or sideways.
    assert_binomial(int(away), 50, 24 / 49)


def test_images_that_are_no_squares_are_not_shifted(tiny):
    narrow = tuple(Dataset(data.images[:, : 100 - 1], data.labels, "narrow") for data in tiny)
    with pytest.raises(InputError, match="shift: expected square images, got ones of 99 pixels"):
        TrainingRun(replace(SETTINGS, shift=1), *narrow, "cpu")


def test_shifts_out_of_the_image_are_refused(tiny):
    with pytest.raises(InputError, match="shift: expected at most 28 pixels, got 2000000000"):
        TrainingRun(replace(SETTINGS, shift=2_000_000_000), *tiny, "cpu")


def test_the_epoch_with_the_lowest_validation_loss_is_kept(tiny):
    settings = replace(SETTINGS, epochs=12, validation=0.25, learning_rate=0.3)
    result = train(settings, *tiny, device="cpu")
    losses = [epoch.validation_loss for epoch in result.history]
    best = int(np.argmin(losses)) + 1
    assert best < 12  # at this rate the loss is not lowest at the end
    shorter = replace(settings, validation=0.25, epochs=12)
    run = TrainingRun(shorter, *tiny, "cpu")
    for _ in range(best):
        run.epoch()
    expected = run.model.to_network({})
    assert result.network.digest == expected.digest
    assert result.network.information["epochs"] == str(best)
    assert result.network.information["validation"] == "0.25"
    assert result.history[best - 1].majority_error is not None

    stopped = train(replace(settings, patience=2), *tiny, device="cpu").history
    ended = next(n for n in range(3, 13) if n == 12 or np.argmin(losses[:n]) + 1 <= n - 2)
    assert [epoch.validation_loss for epoch in stopped] == losses[:ended]


def test_validation_images_are_training_images_that_are_not_trained_on(tiny):
    data, test = tiny
    run = TrainingRun(replace(SETTINGS, validation=0.1), data, test, "cpu")
    held_out, _ = run.validation
    trained = torch.cat([pixels for pixels, _ in run.batches.epoch()])
    assert (len(held_out), len(trained)) == (20, 180)
    rows = sorted(map(tuple, torch.cat([held_out, trained]).tolist()))
    assert rows == sorted(map(tuple, (data.images / np.float32(255)).tolist()))
    # What is kept does not depend on the test images.
    other = Dataset(test.images[:50], test.labels[:50], "other")
    first, second = (
        train(replace(SETTINGS, validation=0.1), data, each, device="cpu").network.digest
        for each in (test, other)
    )
    assert first == second


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_shots": 0}, "`train_shots` 0: expected a whole number >= 1"),
        ({"schedule": "linear"}, "`schedule` 'linear': expected one of constant, cosine"),
        ({"weight_decay": -1.0}, "`weight_decay` -1.0: expected a number >= 0 and <= 1000"),
        ({"label_smoothing": 1.0}, "`label_smoothing` 1.0: expected a number >= 0 and < 1"),
        ({"dropout": float("nan")}, "`dropout` nan: expected a number >= 0 and < 1"),
        ({"patience": 3}, "`patience`: expected with a validation share"),
    ],
)
def test_recipes_out_of_range_are_refused(change, message):
    with pytest.raises(InputError) as caught:
        replace(SETTINGS, **change)
    assert message in str(caught.value)


def test_a_validation_share_that_leaves_nothing_is_refused(tiny):
    with pytest.raises(InputError, match="validation: expected a share that leaves images"):
        TrainingRun(replace(SETTINGS, validation=0.999), *tiny, "cpu")
