"""The bundled devices, as `qnnq noise --devices` lists them."""

from qnnq.cli.output import print_table, progress_bar, write_json

_NO_GATES = {"delay", "measure", "measure_2", "reset", "if_else", "for_loop", "while_loop"}
_NO_GATES |= {"switch_case", "break_loop", "continue_loop", "barrier", "store"}


def list_devices(json: str | None) -> None:
    """Print every bundled device: its qubits, its gates, the day of its calibration."""
    from qnnq.devices.names import device_names, resolve_device

    names = device_names()
    rows: list[dict[str, object]] = []
    cells = []
    with progress_bar("devices", len(names)) as advance:
        for name in names:
            device = resolve_device(name)
            gates = sorted({*device.target.operation_names} - _NO_GATES)
            qubits, time = device.target.num_qubits, device.calibration
            rows.append({"device": name, "qubits": qubits, "gates": gates, "calibration": time})
            cells.append([name, str(qubits), ", ".join(gates), str(time or "-")[:10]])
            advance(1)
    write_json({"schema": "qnnq.devices/1", "devices": rows}, json)
    if json != "-":
        headings = ("device", "qubits", "gates", "calibrated")
        text = ("device", "gates", "calibrated")
        print_table(headings, cells, text=text, title="Bundled devices")
