import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import ClassicalRegister, Measure, Parameter, QuantumRegister
from qiskit.circuit.library import RZZGate, SXGate
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from noise_models import NoiseError
from noise_models.channels import build_channels
from noise_models.coverage import check_coverage
from tests.noise_models.devices import backend, parse, small_target


def check(circuit, text, target=None, qubits=None):
    target = target or small_target()
    used = range(target.num_qubits) if qubits is None else qubits
    check_coverage(circuit, build_channels(parse(text), target, used), parse(text))


def circuit_of(*instructions):
    """A circuit on three qubits from (method name, arguments...)."""
    circuit = QuantumCircuit(3, 3)
    for name, *arguments in instructions:
        getattr(circuit, name)(*arguments)
    return circuit


COVERED = circuit_of(
    ("sx", 0), ("rz", 0.3, 0), ("x", 2), ("barrier",), ("cz", 1, 2), ("rzz", 0.3, 0, 1),
    ("reset", 1), ("measure", 2, 0),
)  # fmt: skip

SPECIFICATIONS = (
    "ideal",
    "device",
    "device*0",
    "device*3",
    "device(gate=off)",
    "device(relaxation=off)",
    "device(readout=off)",
    "device(gate=off, relaxation=off)",
    "depolarizing(p1=5e-5, p2=1e-3)",
    "readout(p=0.1)",
    "relaxation(t1=1us, t2=1us) + overrotation(angle=0.1)",
)


@pytest.mark.parametrize("text", SPECIFICATIONS)
def test_covered(text):
    check(COVERED, text)


REFUSED = [
    (("rzz", 0.3, 1, 2), "rzz on qubits 1, 2: the device's calibration lacks its gate error"),
    (("rx", 0.3, 1), "rx on qubit 1: the device's calibration lacks its gate error"),
    (("h", 0), "h on qubit 0 is no instruction of the device, so it would run without noise"),
    (("cz", 2, 1), "cz on qubits 2, 1 is no instruction of the device"),
    (("delay", 100, 1), "delay on qubit 1: found the duration 100 dt, expected one that is known"),
]


@pytest.mark.parametrize(("instruction", "message"), REFUSED)
def test_refused_under_the_device_model(instruction, message):
    with pytest.raises(NoiseError) as caught:
        check(circuit_of(("sx", 0), instruction), "device*2")
    assert str(caught.value).startswith(f"noise device*2: {message}")


@pytest.mark.parametrize(("instruction", "message"), REFUSED)
@pytest.mark.parametrize("text", ["ideal", "device*0"])
def test_only_what_the_device_does_not_have_is_refused_without_noise(instruction, message, text):
    if "is no instruction" in message:
        with pytest.raises(NoiseError, match="is no instruction of the device"):
            check(circuit_of(instruction), text)
    else:
        check(circuit_of(instruction), text)


def test_missing_data_of_a_mechanism_that_is_off():
    check(circuit_of(("rx", 0.3, 1)), "device(gate=off)")
    check(circuit_of(("rx", 0.3, 1), ("rzz", 0.3, 1, 2)), "device(gate=off, relaxation=off)")
    check(circuit_of(("delay", 100, 1)), "device", small_target(dt=4e-9))
    check(circuit_of(("reset", 0)), "device(relaxation=off)", small_target(reset_duration=None))


def test_missing_durations():
    target = small_target(reset_duration=None)
    message = "reset on qubit 0: the device's calibration lacks its duration"
    for text in ("device", "relaxation(t1=1us, t2=1us)"):
        with pytest.raises(NoiseError, match=message):
            check(circuit_of(("reset", 0)), text, target)
    check(circuit_of(("reset", 0)), "depolarizing(p1=0.1, p2=0.1)", target)


def test_missing_relaxation_times():
    target = small_target()
    properties = [QubitProperties(t1=1e-4, t2=1e-4), QubitProperties(), QubitProperties()]
    bare = Target(num_qubits=3, qubit_properties=properties)
    for name in target.operation_names:
        bare.add_instruction(target.operation_from_name(name), dict(target[name]))
    check(circuit_of(("sx", 2)), "device", bare)  # the gate error is there
    check(circuit_of(("sx", 0)), "device(gate=off)", bare)
    for qubit in (1, 2):
        with pytest.raises(NoiseError, match=f"sx on qubit {qubit}: .* lacks its T1 and T2"):
            check(circuit_of(("sx", qubit)), "device(gate=off)", bare)


def test_missing_readout_error():
    target = Target(num_qubits=1)
    target.add_instruction(Measure(), {(0,): None})
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with pytest.raises(NoiseError, match=r"measure on qubit 0: .* lacks its readout error"):
        check(circuit, "device", target)
    check(circuit, "device(readout=off)", target)
    check(circuit, "readout(p=0.1)", target)


def test_an_error_of_zero_is_known_whatever_takes_how_long():
    target = Target(num_qubits=1)
    target.add_instruction(SXGate(), {(0,): InstructionProperties(error=0.0)})
    check(circuit_of(("sx", 0)), "device", target)
    with pytest.raises(NoiseError, match="sx on qubit 0: .* lacks its duration"):
        check(circuit_of(("sx", 0)), "relaxation(t1=1us, t2=1us)", target)


def test_missing_data_stays_missing_beside_other_noise():
    with pytest.raises(NoiseError, match=r"rzz on qubits 1, 2: .* lacks its gate error"):
        check(circuit_of(("rzz", 0.3, 1, 2)), "device + depolarizing(p1=5e-5, p2=1e-3)")
    check(circuit_of(("rzz", 0.3, 1, 2)), "depolarizing(p1=5e-5, p2=1e-3)")


def test_qubits_that_the_model_was_not_built_for():
    with pytest.raises(NoiseError, match="sx on qubit 2 is outside the qubits"):
        check(circuit_of(("sx", 2)), "device", qubits=[0, 1])


def test_inside_control_flow():
    qubits, bits = QuantumRegister(3), ClassicalRegister(1)
    circuit = QuantumCircuit(qubits, bits)
    with circuit.if_test((bits[0], 1)):
        circuit.sx(1)
    check(circuit, "device")
    with circuit.if_test((bits[0], 1)):
        circuit.append(RZZGate(0.1), [1, 2])
    with pytest.raises(NoiseError, match=r"rzz on qubits 1, 2: .* lacks its gate error"):
        check(circuit, "device")


def test_faulty_elements_are_refused_only_where_they_are_used():
    target = backend("FakeKingston").target
    sound, faulty = QuantumCircuit(156, 1), QuantumCircuit(156, 1)
    sound.sx(0)
    faulty.sx(146)  # calibrated with a gate error of 1
    check(sound, "device*0.5", target)
    check(faulty, "device", target)
    with pytest.raises(NoiseError, match=r"sx on qubit 146: found strength 0\.5"):
        check(faulty, "device*0.5", target)


def test_instruction_that_the_device_has_not_got():
    circuit = QuantumCircuit(120)
    circuit.reset(0)
    with pytest.raises(NoiseError, match="reset on qubit 0 is no instruction of the device"):
        check(circuit, "device", backend("FakeMiami").target, qubits=[0])


def test_mid_circuit_measurement_of_another_kind():
    """measure_2 has no readout error in Aer."""
    target = backend("FakeKingston").target
    circuit = QuantumCircuit(156, 1)
    circuit.append(target.operation_from_name("measure_2"), [0], [0])
    with pytest.raises(NoiseError, match="measure_2 on qubit 0 has no readout error"):
        check(circuit, "device", target, qubits=[0])


@pytest.mark.parametrize("device", ["FakeSherbrooke", "FakeKingston", "FakeNighthawk"])
def test_transpiled_circuits_are_covered(device):
    target = backend(device).target
    circuit = QuantumCircuit(4, 4)
    circuit.ry(Parameter("a"), range(4))
    circuit.cz(0, 1)
    circuit.rzz(0.3, 2, 3)
    circuit.reset(2)
    circuit.measure(range(4), range(4))
    isa = transpile(circuit, target=target, optimization_level=1, seed_transpiler=1)
    used = {isa.find_bit(bit).index for item in isa.data for bit in item.qubits}
    for text in SPECIFICATIONS:
        check(isa, text, target, used)


def test_waits_of_unknown_length_are_refused_where_something_happens_in_them():
    circuit = QuantumCircuit(3)
    circuit.sx(0)
    circuit.cz(0, 1)
    message = "cz on qubits 0, 1: the device's calibration lacks its duration, so how long"
    for text in ("device", "relaxation(t1=1ms, t2=1ms)", "detuning(frequency=1kHz)"):
        specification = parse(text)
        channels = build_channels(specification, small_target(), range(3))
        check_coverage(circuit, channels, specification)
        with pytest.raises(NoiseError, match=message):
            check_coverage(circuit, channels, specification, "cz on qubits 0, 1")
    for text in ("device(idle=off)", "depolarizing(p1=1e-3, p2=1e-2)", "readout(p=0.1)"):
        specification = parse(text)
        channels = build_channels(specification, small_target(), range(3))
        check_coverage(circuit, channels, specification, "cz on qubits 0, 1")
