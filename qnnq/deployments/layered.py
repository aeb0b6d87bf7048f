"""The mode of one circuit a layer, over an engine that may correct angles."""

from collections.abc import Sequence

from qnnq.execution.engines.base import Engine
from qnnq.execution.engines.compensated import CompensatedEngine
from qnnq.execution.modes.stepwise import Stepwise


class LayeredMode(Stepwise):
    """A `qnnq.deployments.base.DeployedMode` over an engine that measures one layer.

    Args:
        engine: Where each layer is measured.
        entanglements: The entanglement angle of each hidden layer, radians.
        compensated: The engine that corrects angles on the way, if any.
    """

    def __init__(
        self,
        engine: Engine,
        entanglements: Sequence[float],
        compensated: CompensatedEngine | None = None,
    ) -> None:
        super().__init__(compensated or engine, entanglements)
        self._compensated = compensated

    def out_of_reach(self) -> float | None:
        """Return the share of wanted probabilities so far that were out of reach, or None."""
        return None if self._compensated is None else self._compensated.out_of_reach()
