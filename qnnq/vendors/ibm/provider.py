"""The machines of the saved IBM Quantum account, as devices."""

from typing import TYPE_CHECKING

from qnnq.devices.device import Device, Provider
from qnnq.errors import InputError

if TYPE_CHECKING:
    from qnnq.devices.service_limits import ServiceLimits
    from qnnq.jobs.runs import Run
    from qnnq.vendors.ibm.service import RemoteService


def _find(name: str, limits: "ServiceLimits", instance: str | None) -> Device:
    from qnnq.vendors.ibm.account import IbmAccount

    if limits.tariff is not None:
        raise InputError("limits: tariff: expected none for ibm_..., which bills quantum seconds")
    account = IbmAccount(limits, instance)
    return Device.of(account.open_backend(name), "machine", limits, account)


def _least_busy(qubits: int, limits: "ServiceLimits", instance: str | None) -> str:
    from qnnq.vendors.ibm.account import IbmAccount

    return IbmAccount(limits, instance).least_busy(qubits)


def _service(run: "Run", limits: "ServiceLimits") -> "RemoteService":
    from qnnq.vendors.ibm.service import RemoteService

    return RemoteService(
        *(run.device, run.options, limits, run.ledger, run.budget), instance=run.instance
    )


PROVIDER = Provider(
    example="ibm_...",
    kind="machine",
    claims=lambda name: name.startswith("ibm_"),
    names=tuple,  # the account's machines are asked for by name
    find=_find,
    service=_service,
    least_busy=_least_busy,
)
