"""The machines of the saved IBM Quantum account, as devices."""

from typing import TYPE_CHECKING

from qnnq.devices.device import Device, Provider, register

if TYPE_CHECKING:
    from qnnq.devices.service_limits import ServiceLimits


def _find(name: str, limits: "ServiceLimits", instance: str | None) -> Device:
    from qnnq.devices.ibm.account import IbmAccount

    account = IbmAccount(limits, instance)
    return Device.of(account.open_backend(name), "machine", limits, account)


register(
    Provider(
        example="ibm_...",
        kind="machine",
        claims=lambda name: name.startswith("ibm_"),
        names=tuple,  # the account's machines are asked for by name
        find=_find,
    )
)
