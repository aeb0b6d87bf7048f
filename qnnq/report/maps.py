"""Where on their devices networks sat."""

from collections.abc import Sequence

from noise_models import NoiseSpecification
from qnnq.devices.names import device_kind, resolve_device
from qnnq.figures.device_map import plot_device
from qnnq.figures.style import Style, styled
from qnnq.report.content import Picture, Section
from qnnq.report.sources import Origin
from transpile.groups import parse_site

MOST_MAPS = 5
_OWN = NoiseSpecification.parse("device", ["device"])


def device_maps(origins: Sequence[Origin]) -> Section | None:
    """Return a map of each simulated device with the sites of the widest layer that ran there.

    Others are not drawn, as their calibration would have to be asked for.
    """
    widest: dict[str, tuple[str, str]] = {}  # of a device: sites, and what sat there
    for origin in origins:
        task = origin.result.task
        if task.device and task.qubits and not task.device_content:
            most = max(task.qubits, key=len)
            if len(most) > len(widest.get(task.device, ("",))[0]):
                many = (task.copies or 1) > 1
                name = origin.labels["network"]
                widest[task.device] = most, f"{name}, copies {task.copies}" if many else str(name)
    drawn = {name: each for name, each in widest.items() if device_kind(name) == "simulated"}
    pictures = []
    for name, (qubits, network) in list(drawn.items())[:MOST_MAPS]:
        device = resolve_device(name)
        sites = [parse_site(site) for site in qubits.split(",")]
        with styled(Style(width=5.6)):
            figure = plot_device(device.target, _OWN, sites, f"{network} on {name}")
        pictures.append(Picture(figure, f"The qubits of {name} that {network} used"))
    return Section("Where they sat", pictures=tuple(pictures)) if pictures else None
