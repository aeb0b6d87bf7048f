"""`qnnq noise`: what noise exists, and what a specification means qubit by qubit."""

from typing import TYPE_CHECKING, Annotated

import typer

from qnnq.cli import options
from qnnq.cli.declared import takes
from qnnq.cli.output import print_paragraph, print_table, write_json
from qnnq.cli.pictures import Map, check_pictures, draw_map
from qnnq.runs.request import RunRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from noise_models.rates import CouplingRate, QubitRates
    from qnnq.devices.device import Device, DeviceLike


@takes(
    RunRequest,
    only=("device", "pairs", "pair_gate"),
    helps={"device": "The device that it acts on."},
)
def noise(
    request: RunRequest,
    specification: Annotated[
        str | None,
        typer.Argument(metavar="SPEC", help="A noise specification; none: list what exists."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="Show what it does to this network's neurons: idle time, error budget.",
            metavar="MODEL",
        ),
    ] = None,
    instance: options.Instance = None,
    devices: Annotated[
        bool, typer.Option("--devices", help="List the bundled devices: qubits, gates, dates.")
    ] = False,
    save_device: Annotated[
        tuple[str, str] | None,
        typer.Option(
            help="Write a device as it is calibrated now; --device FILE simulates it later.",
            metavar="NAME FILE",
        ),
    ] = None,
    figure: Map = None,
    json: options.Json = None,
) -> None:
    """Show what noise exists, its rates, or a network's error budget.

    Without SPEC all that exists; with it the rates, qubit by qubit; with --model what it does
    to that network's neurons.

    Example: qnnq noise "fake_kingston(readout=off)*2"

    Example: qnnq noise fake_torino --figure torino.svg

    Example: qnnq noise --save-device ibm_kingston today.json
    """
    from functools import partial

    from qnnq.cli.devices import list_devices
    from qnnq.deployments.noise_text import is_measured
    from qnnq.devices.names import THE_DEVICE, resolve_device
    from qnnq.errors import InputError

    device = None if request.device is None else str(request.device)
    if model is None and (request.pairs or request.pair_gate != "sx"):
        raise InputError("`pairs`: expected with `model`, whose circuits they are in")
    find = partial(resolve_device, instance=instance)
    check_pictures(figure)
    if figure is not None:
        shows = specification is not None or device is not None
        if not shows or save_device or devices or model or is_measured(specification or ""):
            raise InputError("--figure: expected with SPEC or --device, without --model")
    if save_device is not None:
        if specification or device or model or devices or json:
            raise InputError("--save-device: expected alone")
        _save(*save_device, find)
    elif devices:
        if specification or device or model:
            raise InputError("--devices: expected alone, or with --json")
        list_devices(json)
    elif specification is None and device is None and model is None:
        _list(json)
    elif model is not None:
        text = THE_DEVICE if specification is None else specification
        _budget(model, text, request, json, find)
    elif specification is not None and is_measured(specification):
        _show_measured(specification, json)
    else:
        text = THE_DEVICE if specification is None else specification
        _show(text, device, json, find, figure)


def _list(json: str | None) -> None:
    from noise_models.catalogue import DEVICE, SYNTHETIC
    from qnnq.devices.names import device_names

    terms = {DEVICE.example: DEVICE.description}
    terms |= {kind.example: kind.description for kind in SYNTHETIC.values()}
    terms["measured:FILE"] = "the response that qnnq calibrate measured, in place of all terms"
    terms["ideal"] = "no noise"
    write_json({"schema": "qnnq.noise/1", "terms": terms, "devices": device_names()}, json)
    if json == "-":
        return
    print_table(
        ("example", "meaning"),
        list(terms.items()),
        text=("example", "meaning"),
        whole=("example",),
        title="Noise terms (join them with +, scale them with *STRENGTH)",
    )
    print_paragraph("Devices: " + ", ".join(device_names()))


def _save(name: str, file: str, find: "Callable[[DeviceLike], Device]") -> None:
    from qnnq.storage.files import check_writable
    from qnnq.vendors.local.snapshot_file import write_device

    check_writable(file)
    found = find(name)
    write_device(found, file)
    print(f"{file}: {found.name}, calibration of {found.calibration or 'unknown time'}")


def _show(
    text: str,
    device: str | None,
    json: str | None,
    find: "Callable[[DeviceLike], Device]",
    figure: str | None,
) -> None:
    from dataclasses import asdict

    from noise_models.drift import without_drift
    from noise_models.rates import rates
    from qnnq.deployments.noise_text import parse_noise

    specification, asked = parse_noise(text, device)
    found = find(asked)
    rows = rates(without_drift(specification), found.target)
    document = {
        "schema": "qnnq.noise/1",
        "noise": str(specification),
        "device": found.name,
        "calibration": found.calibration,
        "qubits": [asdict(row) for row in rows],
    }
    write_json(document, json)
    own = str(specification) == found.name
    title = found.name if own else f"{specification} on {found.name}"
    if json != "-":
        calibrated = found.calibration or "unknown time"
        _print(f"{title}, calibration of {calibrated}", rows)
    if figure is not None:
        draw_map(found, figure, noise=without_drift(specification), title=title)


def _budget(
    model: str,
    text: str,
    request: RunRequest,
    json: str | None,
    find: "Callable[[DeviceLike], Device]",
) -> None:
    from dataclasses import asdict, replace

    from qnnq.deployments.error_budget import error_budget
    from qnnq.deployments.noise_text import is_measured
    from qnnq.errors import InputError
    from qnnq.networks.bundled import load_model
    from qnnq.runs.deploy import stepwise

    if is_measured(text):
        raise InputError(f"--model: expected a noise of known mechanisms, got {text}")
    deployed = stepwise(replace(request, noise=text), load_model(model), find)
    rows = error_budget(deployed)
    title = f"{model} under {deployed.specification} on {deployed.placement.device.name}"
    document = {
        "schema": "qnnq.noise/1",
        "model": model,
        "noise": str(deployed.specification),
        "device": deployed.placement.device.name,
        "calibration": deployed.calibration["time"],
        "neurons": [asdict(row) for row in rows],
    }
    write_json(document, json)
    if json == "-":
        return
    mechanisms = list(dict.fromkeys(name for row in rows for name in row.shares))
    cells = []
    for row in rows:
        shares = (f"{100 * row.shares[name]:.1f} %" for name in mechanisms)
        idle, total = f"{1e6 * row.idle_s:.3f}", f"{row.total:.2e}"
        cells.append([str(row.layer + 1), row.site, idle, total, *shares])
    print_table(
        ("layer", "qubits", "idle (us)", "error", *mechanisms),
        cells,
        text=("qubits",),
        title=title,
        caption="error: how far noise moves P(-1), root mean square over all angles; "
        "then each mechanism's share of the sum of what they do alone",
    )


def _show_measured(text: str, json: str | None) -> None:
    from qnnq.deployments.noise_text import MEASURED
    from qnnq.execution.measured_response import read_response

    response = read_response(text.strip().removeprefix(MEASURED))
    write_json(response.model_dump(), json)
    if json == "-":
        return
    rows = []
    for kind in response.kinds:
        for site in kind.sites:
            values = zip(site.coefficients, site.intervals, strict=True)
            cells = [f"{value:+.4f} ({low:+.4f} to {high:+.4f})" for value, (low, high) in values]
            rows.append([site.site, f"{kind.entanglement:.4f}", *cells])
    print_table(
        ("site", "entanglement", *"abc"),
        rows,
        text=("site",),
        title=f"{response.device}, measured {response.measured}, {response.shots} shots an angle",
        caption="P(-1) = a + b cos(theta) + c sin(theta), each with its 95 % interval",
    )


def _print(title: str, rows: "tuple[QubitRates, ...]") -> None:
    leaks = any(row.leakage for row in rows)
    headings = (
        *("qubit", "T1 (us)", "T2 (us)", "reads 1 for 0", "reads 0 for 1"),
        *("one-qubit gate", "idle, 1 us"),
        *(["leaks, a gate"] if leaks else []),
        "two-qubit gates, best first",
    )
    cells = []
    for row in rows:
        couplings = ", ".join(
            f"{coupling.gate} {coupling.neighbour}: {_rate(coupling.error)}{_joint(coupling)}"
            for coupling in row.couplings
        )
        cells.append(
            [
                str(row.qubit),
                *(_microseconds(row.t1), _microseconds(row.t2)),
                *(_rate(row.readout_p01), _rate(row.readout_p10)),
                f"{row.gate}: {_rate(row.gate_error)}" if row.gate else "-",
                _rate(row.idle_error),
                *([_rate(row.leakage)] if leaks else []),
                couplings or "-",
            ]
        )
    caption = "errors: average gate infidelity; -: none or not known"
    print_table(headings, cells, text=headings[-1:], title=title, caption=caption)


def _joint(coupling: "CouplingRate") -> str:
    zz = f", zz {coupling.zz_hz / 1e3:g} kHz" if coupling.zz_hz else ""
    flips = coupling.correlated_readout
    return zz + (f", both flip {_rate(flips)}" if flips else "")


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.2e}" if value else "0"


def _microseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1e6 * seconds:.1f}"
