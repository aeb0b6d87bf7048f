"""Calls of the IBM client that always end, and whose failures become one line.

The client has no read time-out, hides a refused token behind other errors, and tells "not accepted"
and "answer lost" apart only by the kind of exception (qiskit-ibm-runtime 0.51).
"""

import logging
import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeVar

from qnnq.devices.patience import Patience
from qnnq.devices.service_limits import ServiceLimits
from qnnq.errors import InputError, QnnqError
from qnnq.jobs.service import Missing, NotAccepted, Unanswered
from qnnq.vendors.ibm.delivery import Delivery

if TYPE_CHECKING:
    from qiskit_ibm_runtime import QiskitRuntimeService

_log = logging.getLogger(__name__)
T = TypeVar("T")
Failure = Literal["unauthorized", "unanswered", "missing", "refused", "invalid"]
QUIET_S = 5.0
"""Seconds of an outage before it is mentioned."""
CONNECTIONS = 4
"""Times that a call is made when the token is refused; making a connection can outlast a token."""
PENDING_LIMIT = "3458"
"""What the service calls the limit of jobs that may wait at a time."""
TEMPORARY = {408, 425, 429, *range(500, 600), -1}
"""HTTP status codes that may be better next time; -1 is the client's word for no answer at all."""

ODD = (ValueError, TypeError, LookupError, AttributeError)
"""What the client raises on half a body, or one that is not what it expects."""


class Client:
    """The client's service object, made anew when its token has expired.

    Args:
        limits: Time-outs and patience.
        instance: The service instance (its CRN or name), None for that of the saved account.
    """

    def __init__(self, limits: ServiceLimits, instance: str | None = None) -> None:
        self._limits = limits
        self._instance = instance
        self._service: QiskitRuntimeService | None = None

    def call(
        self, what: str, function: Callable[["QiskitRuntimeService"], T], missing_s: float = 0.0
    ) -> T:
        """Call `function(service)`, again and again while the service does not answer.

        Args:
            what: What is being asked, for the error message.
            function: Must be harmless to repeat.
            missing_s: Seconds for which what the service does not know is asked for again.

        Raises:
            InputError: If there is no account, or the token is refused.
            QnnqError: If the service refuses, or does not answer for `patience_s`.
        """
        patience = Patience(self._limits.patience_s)
        missing = Patience(missing_s)
        told = False
        while True:
            try:
                return self.call_once(what, function)
            except Missing:
                if not missing.pause():
                    raise
            except Unanswered:
                if not patience.pause():
                    raise
            if patience.waited_s > QUIET_S and not told:
                told = True
                _log.warning("IBM Quantum: %s: no answer yet, asking again", what)

    def call_once(self, what: str, function: Callable[["QiskitRuntimeService"], T]) -> T:
        """Call `function(service)` once; again with a new token where the old one had expired.

        Raises:
            Unanswered: If there was no usable answer.
            InputError, QnnqError: As `call` does.
        """
        for attempt in range(CONNECTIONS):
            try:
                return bounded(lambda: function(self._connected()), self._limits.answer_timeout_s)
            except Unanswered:
                self.disconnect()  # it may hang for ever, or hide that its token is dead
                raise
            except QnnqError:
                raise
            except Exception as error:
                kind = classify(error)
                if kind == "unauthorized" and attempt < CONNECTIONS - 1:
                    self.disconnect()  # it would keep the dead token
                    continue
                raise _explained(what, kind, error) from error
        raise AssertionError("unreachable")

    def send_once(
        self,
        what: str,
        function: Callable[["QiskitRuntimeService"], T],
        delivery: Delivery,
    ) -> T:
        """Call `function(service)`, which sends something through `delivery`.

        Raises:
            NotAccepted: If it was not sent, or not taken, and may be another time.
            Unanswered: If the service may have it.
            InputError, QnnqError: If it is refused.
        """
        try:
            return self.call_once(what, function)
        except QnnqError as error:
            if delivery.give_up():
                raise Unanswered(str(error)) from error
            if isinstance(error, Unanswered):
                raise NotAccepted(str(error)) from error
            raise

    def disconnect(self) -> None:
        """Make a new connection the next time."""
        self._service = None

    def _connected(self) -> "QiskitRuntimeService":
        if self._service is None:
            from qiskit_ibm_runtime import QiskitRuntimeService

            _check_account()
            # It warns about defaults that are deliberate here; failures are raised as well.
            logging.getLogger("qiskit_ibm_runtime").setLevel(logging.CRITICAL)
            self._service = QiskitRuntimeService(instance=self._instance)
        return self._service


def bounded(function: Callable[[], T], seconds: float) -> T:
    """Return what `function` returns; raise Unanswered where that takes longer than `seconds`."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                outcome.append(function())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not outcome:
        raise Unanswered(f"IBM Quantum: no answer within {seconds:g} s")
    return outcome[0]


def classify(error: BaseException) -> Failure:
    """Return what kind of failure an exception of the client stands for."""
    from ibm_cloud_sdk_core import ApiException  # type: ignore[import-untyped]
    from qiskit.providers import QiskitBackendNotFoundError
    from qiskit_ibm_runtime.accounts.exceptions import AccountsError
    from qiskit_ibm_runtime.api.exceptions import RequestsApiError
    from qiskit_ibm_runtime.exceptions import (
        IBMInputValueError,
        IBMNotAuthorizedError,
        RuntimeJobNotFound,
    )
    from requests import RequestException

    for cause in _chain(error):
        if isinstance(cause, IBMNotAuthorizedError):
            return "unauthorized"
        if isinstance(cause, (RuntimeJobNotFound, QiskitBackendNotFoundError)):
            return "missing"
        status: int | None = None
        if isinstance(cause, RequestsApiError):
            status = cause.status_code
        elif isinstance(cause, ApiException):
            status = cause.status_code if cause.status_code is not None else -1
        elif isinstance(cause, (RequestException, ConnectionError, TimeoutError)):
            status = -1
        if status in (400, 401, 403) and isinstance(cause, ApiException):
            return "unauthorized"  # what the token service says about a wrong key
        if status == 404:
            return "missing"
        if status is not None:
            temporary = status in TEMPORARY or PENDING_LIMIT in str(cause)
            return "unanswered" if temporary else "refused"
    if isinstance(error, (IBMInputValueError, AccountsError)):
        return "invalid"
    if isinstance(error, ODD):
        return "unanswered"
    return "refused"


def _check_account() -> None:
    """Raise InputError where the file of saved accounts cannot be used."""
    from qiskit_ibm_runtime.accounts import AccountManager, AccountNotFoundError

    try:
        AccountManager.get()
    except AccountNotFoundError:
        raise
    except Exception as error:
        raise InputError(
            f"IBM Quantum: the saved account cannot be used: {' '.join(str(error).split())[:300]}; "
            "save it again with QiskitRuntimeService.save_account"
        ) from error


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception and what caused it; the client hides causes with `from None`."""
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found


def _explained(what: str, kind: Failure, error: Exception) -> QnnqError:
    from qiskit_ibm_runtime.accounts import AccountNotFoundError

    text = f"IBM Quantum: {what}: {' '.join(str(error).split())[:300]}"
    if isinstance(error, AccountNotFoundError):
        return InputError(
            "IBM Quantum: no account is saved; save one with "
            "QiskitRuntimeService.save_account(token=..., instance=..., set_as_default=True)"
        )
    if kind == "invalid":
        return InputError(text)
    if kind == "unauthorized":
        return InputError("IBM Quantum: the saved account's API key is refused; save a valid one")
    if kind == "unanswered":
        return Unanswered(text)
    if kind == "missing":
        return Missing(text)
    return QnnqError(text)
