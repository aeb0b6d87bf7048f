"""Sending a job or a session at most once."""

import threading
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from qiskit_ibm_runtime import QiskitRuntimeService


class Delivery:
    """Sends one job or session at most once, and knows whether the service may have it.

    The client repeats a POST behind a 5xx answer, also where the job was accepted and only the
    answer got lost; there is no public switch for that (0.51). And a call that took too long goes
    on in its thread, where it might send a job that was submitted anew meanwhile. An answer of 4xx
    says that it was not accepted; who sends again looks first whether that is so.

    Args:
        address: What is sent: `jobs` or `sessions`.
    """

    def __init__(self, address: Literal["jobs", "sessions"]) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._given_up = self._sent = False
        self._perhaps_accepted = False

    def give_up(self) -> bool:
        """Send nothing from now on; return whether the service may have accepted the job."""
        with self._lock:
            self._given_up = True
            return self._perhaps_accepted

    def guard(self, service: "QiskitRuntimeService") -> None:
        """Let what a service object sends from now on pass through here."""
        from urllib.parse import urlsplit

        from requests import ConnectionError as RequestsConnectionError
        from requests import PreparedRequest, Response
        from requests.adapters import HTTPAdapter

        delivery = self

        class Once(HTTPAdapter):
            def send(self, request: PreparedRequest, *details: Any, **more: Any) -> Response:
                path = urlsplit(request.url or "").path
                if request.method != "POST" or not path.endswith(f"/{delivery._address}"):
                    return super().send(request, *details, **more)
                with delivery._lock:
                    if delivery._given_up or delivery._sent:
                        raise RequestsConnectionError("the submission was given up")
                    delivery._sent = delivery._perhaps_accepted = True
                try:
                    response = super().send(request, *details, **more)
                except RequestsConnectionError as error:
                    never = _never_connected(error)
                    delivery._sent = delivery._perhaps_accepted = not never
                    raise
                # 408: the service waited for us in vain, but who knows
                certain = 400 <= response.status_code < 500 and response.status_code != 408
                delivery._perhaps_accepted = not certain
                return response

        for api in service._get_api_clients().values():
            session = api._session
            session.mount(f"{session.base_url}/{self._address}", Once(max_retries=0))


def _never_connected(error: Exception) -> bool:
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(reason, (ConnectTimeoutError, NewConnectionError))
