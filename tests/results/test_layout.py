"""Rows as text: which columns are told, with which units."""

from qnnq.results.layout import lay_out

COHERENT = {"mode": "coherent", "feedback_latency": 0.9, "recycling": "flip"}


def test_what_only_the_mode_leaves_empty_is_no_column_and_times_have_units():
    stepwise = dict.fromkeys(COHERENT, "") | {"mode": "stepwise"}
    slow = COHERENT | {"feedback_latency": 2000.0}
    found = lay_out([{"network": "net"} | row for row in (stepwise, COHERENT, slow)])
    assert found.names == ("network", "mode", "feedback_latency")
    assert [cells[1:] for cells in found.cells] == [
        ("stepwise", ""),
        ("coherent", "0.9 us"),
        ("coherent", "2 ms"),
    ]
    assert found.common == "recycling flip"
    found = lay_out([{"network": "net"} | row for row in (stepwise, COHERENT)])
    assert found.names == ("network", "mode")
    assert found.common == "feedback latency 0.9 us, recycling flip"


def test_latency_budgets_have_units():
    budget = {"latency_us_majority": 1234.5, "latency_us_majority_low": 12.345}
    found = lay_out([{"network": "net"} | budget | {"latency_us_majority_high": "beyond"}])
    assert found.headings == ("network", "latency, majority")
    assert found.cells == (("net", "1.23 ms (12.3 us to beyond)"),)


def test_measured_noise_is_told_without_its_folder():
    found = lay_out([{"network": "net", "noise": "measured:/some/where/r.json"}])
    assert found.common == "noise measured:r.json"
