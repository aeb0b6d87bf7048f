"""Runs of living neurons: what counts and tasks depend on, memory, and what is refused."""

import tracemalloc

import numpy as np
import pytest

from qnnq.devices.names import resolve_device
from qnnq.errors import InputError, QnnqError
from qnnq.execution.modes import coherent as coherent_mode
from qnnq.execution.shot_loop import run_shots
from qnnq.networks.bundled import load_model
from qnnq.runs.deploy import deploy
from qnnq.runs.request import RunRequest, check_request
from qnnq.runs.run import prepare
from tests.execution.test_shot_loop import small_network


def coherent(**options):
    return RunRequest(mode="coherent", **options)


def test_counts_depend_on_neither_threads_nor_other_images():
    request = coherent(model="mnist16-a0.5-g3pi8", images="0:40", shots=3)
    whole = prepare(request).execute(threads=3).counts
    some = prepare(coherent(model=request.model, images="7,12:30", shots=3)).execute(threads=1)
    np.testing.assert_array_equal(some.counts, whole[[7, *range(12, 30)]])


@pytest.mark.parametrize("model", ["mnist16-a0.5-g3pi8", "mnist16-linear-g3pi8", "mnist16-a2"])
def test_products_of_a_column_do_not_depend_on_those_beside_it(model):
    """Bit by bit: the probabilities that uniform numbers are compared to follow from them."""
    rng = np.random.default_rng(0)
    mode = prepare(coherent(model=model)).mode()
    for instrument in mode._instruments:
        tables = [table.matrices for table in instrument.tables]
        for matrices in tables or [instrument.matrices]:
            columns = rng.random((len(matrices), matrices.shape[-2], 700), dtype=np.float32)
            cases = rng.integers(matrices.shape[1], size=700)

            def products(part, columns=columns, matrices=matrices, tables=tables, cases=cases):
                if not tables:
                    return coherent_mode.columns_by_matrix(columns[..., part], matrices)
                own = matrices[0][cases[part]]
                return coherent_mode.row_by_row(columns[0, :, part].T, own).T

            together = products(slice(0, 700))
            for start, stop in ((0, 1), (3, 4), (699, 700), (5, 20), (16, 80), (1, 699)):
                alone = products(slice(start, stop))
                np.testing.assert_array_equal(alone, together[..., start:stop])


@pytest.mark.parametrize("model", ["mnist16-a0.5-g3pi8", "mnist16-linear-g3pi8", "mnist16-a0.5"])
def test_a_block_takes_the_memory_that_it_is_cut_by(model):
    run = prepare(coherent(model=model))
    mode = run.mode()
    image, shots = run.dataset.images[:1], 5000
    run_shots(run.network, image, np.arange(1), mode, 1, seed=0)  # what is kept
    tracemalloc.start()
    run_shots(run.network, image, np.arange(1), mode, shots, seed=0)
    peak = tracemalloc.get_traced_memory()[1] / (16 * shots)
    tracemalloc.stop()
    assert 0.5 * mode.bytes_per_outcome < peak < 1.1 * mode.bytes_per_outcome


def test_mode_and_latency_are_part_of_a_task():
    model = "mnist16-a0-g3pi8"
    ids = {
        prepare(RunRequest(model=model)).task.id,
        prepare(coherent(model=model)).task.id,
        prepare(coherent(model=model, feedback_latency="2us")).task.id,
    }
    assert len(ids) == 3
    same = prepare(coherent(model=model, feedback_latency="900ns")).task.id
    assert same == prepare(coherent(model=model)).task.id


def test_measurement_and_recycling_are_part_of_a_task_where_they_matter():
    weak, strong = (
        {
            name: prepare(coherent(model=model, images="0:2", **options)).task
            for name, options in {
                "usual": {},
                "short": {"measurement": "measure_2"},
                "reset": {"recycling": "reset"},
                "decoupled": {"dynamical_decoupling": "XX"},
            }.items()
        }
        for model in ("mnist16-a0-g3pi8", "mnist16-a0")
    )
    assert len({task.id for task in weak.values()}) == 4
    assert (weak["short"].measurement, weak["reset"].recycling) == ("measure_2", "reset")
    assert weak["decoupled"].dynamical_decoupling == "XX"
    optional = {"measurement", "recycling", "dynamical_decoupling"}
    assert not optional & weak["usual"].to_json().keys()
    # Without ancillas
    assert strong["reset"].id == strong["decoupled"].id == strong["usual"].id != strong["short"].id


def test_the_time_between_branches_is_part_of_a_task_that_has_branches():
    options = ({}, {"condition_overhead": "68ns"}, {"condition_overhead": "200ns"})
    tasks = [prepare(coherent(model="mnist16-linear", images="0:2", **o)).task for o in options]
    assert tasks[0].id == tasks[1].id != tasks[2].id
    assert (tasks[0].condition_overhead_s, tasks[2].condition_overhead_s) == (None, 200e-9)
    outside = [prepare(coherent(model="mnist16-a0", images="0:2", **o)).task.id for o in options]
    assert len(set(outside)) == 1
    # 2 layers of 16 branches have 15 times between them each.
    durations = [
        sum(step.feedforward_duration for step in deployed.compiled.steps)
        for o in options[1:]
        for deployed in [deploy(coherent(**o), load_model("mnist16-linear"))]
    ]
    assert durations[1] - durations[0] == pytest.approx(2 * 15 * 132e-9)


def test_the_chosen_measurement_brings_its_own_readout_error_and_duration():
    network = load_model("mnist16-a0-g3pi8")
    target = resolve_device("fake_kingston").target
    for name in ("measure", "measure_2"):
        deployed = deploy(coherent(measurement=name), network)
        ancillas = [site.ancillas[0] for site in deployed.compiled.sites]
        durations = {target[name][qubit,].duration for qubit in ancillas}
        assert deployed.compiled.steps[0].measurement_duration == max(durations)
        for qubit in ancillas:
            error = deployed.channels.readout_errors[qubit]
            found = (error[0, 1] + error[1, 0]) / 2
            assert found == pytest.approx(target[name][qubit,].error)


BAD = [
    (coherent(feedback_latency="-2us"), "`feedback_latency` '-2us': expected a time >= 0"),
    (
        coherent(feedback_latency="1e30s"),
        "`feedback_latency` '1e30s': expected a time >= 0, such as 2us, and at most 1000s",
    ),
    (coherent(feedback_latency="2"), "`feedback_latency` '2': expected a time >= 0"),
    (RunRequest(feedback_latency="2us"), "`feedback_latency` 2us: expected `mode` coherent"),
    (coherent(condition_overhead="-1ns"), "`condition_overhead` '-1ns': expected a time >= 0"),
    (RunRequest(condition_overhead="1ns"), "`condition_overhead` 1ns: expected `mode` coherent"),
    (RunRequest(measurement="measure_2"), "`measurement` measure_2: expected `mode` coherent"),
    (RunRequest(recycling="reset"), "`recycling` reset: expected `mode` coherent, got stepwise"),
    (coherent(recycling="rest"), "`recycling` 'rest': expected one of flip, reset; nearest: reset"),
    (
        RunRequest(dynamical_decoupling="XX"),
        "`dynamical_decoupling` XX: expected `mode` coherent, got stepwise",
    ),
    (
        coherent(dynamical_decoupling="XX4"),
        "`dynamical_decoupling` 'XX4': expected one of none, XX; nearest: XX",
    ),
    (RunRequest(mode="coherrent"), "`mode` 'coherrent': expected one of stepwise, coherent"),
    (
        coherent(engine="ideal", noise="ideal"),
        "`mode` coherent: expected `engine` instrument or aer, got ideal",
    ),
    (coherent(pairs=2), "`pairs` 2: expected `mode` stepwise, got coherent"),
    (coherent(copies=2), "`copies` 2: expected `mode` stepwise, got coherent"),
    (coherent(qubits="all"), "`qubits` all: expected `mode` stepwise, got coherent"),
    (coherent(compensate=True), "`compensate`: expected `mode` stepwise, got coherent"),
]


@pytest.mark.parametrize(("request_", "message"), BAD)
def test_bad_input_is_one_line(request_, message):
    with pytest.raises(InputError) as raised:
        check_request(request_)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_what_has_no_instrument_is_refused():
    network = load_model("mnist16-a0.5")
    for noise, message in (
        ("measured:nowhere.json", "expected `mode` stepwise, got coherent"),
        (
            "fake_kingston + zz(rate=1kHz)",
            "expected noise without zz, got fake_kingston . zz.rate=1000Hz.: it entangles neurons",
        ),
        ("leakage(p=1e-3)", "without leakage, got .*: a leaked qubit stays outside"),
        ("correlated_readout(p=0.01)", "without correlated_readout, got .*: branches depend on"),
        ("drift(sigma=0.2, time=60s)", "without drift, got .*: each block of images would need"),
    ):
        with pytest.raises(InputError, match=message):
            deploy(coherent(noise=noise), network)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"measurement": "measure_2", "noise": "fake_torino"},
            "`measurement` measure_2: expected one of measure, which fake_torino has",
        ),
        (
            {"measurement": "mesure_2"},
            "`measurement` mesure_2: expected one of measure, measure_2, which fake_kingston has",
        ),
        (
            {"recycling": "reset", "noise": "fake_berlin"},
            "`recycling` reset: expected flip, as fake_berlin has no reset",
        ),
    ],
)
def test_what_the_device_does_not_have_is_refused(options, message):
    with pytest.raises(InputError) as raised:
        deploy(coherent(**options), load_model("mnist16-a0-g3pi8"))
    assert str(raised.value) == message


def test_a_network_that_does_not_fit_is_refused():
    network = small_network(0.5, 1.0, (4, 7, 7, 2))
    with pytest.raises((QnnqError, ValueError), match="neurons that live on cannot be split"):
        deploy(coherent(noise="fake_jakarta"), network)
