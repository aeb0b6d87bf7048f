"""Votes of a network about inputs that are at hand: `Network.predict` and `predict_proba`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnnq.networks.network import Network
from qnnq.runs.request import RunRequest
from qnnq.runs.run import prepare


def shares(network: Network, inputs: Any, options: dict[str, Any]) -> NDArray[np.float64]:
    """Return the share of an input's shots that chose each class, shape (inputs, classes).

    Args:
        network: The network.
        inputs: Shape (inputs, pixels) or (inputs, height, width).
        options: Of `RunRequest`; without a noise and a device the network is ideal.

    Raises:
        InputError, NoiseError, TranspileError: If they do not fit together.
    """
    if "device" not in options and options.get("noise", "ideal") == "ideal":
        options = {"noise": "ideal", "engine": "ideal", **options}
    request = RunRequest(network, data=inputs, **options)
    found = prepare(request, labelled=False).execute(with_error=False)
    rates: NDArray[np.float64] = found.counts / found.shots
    return rates
