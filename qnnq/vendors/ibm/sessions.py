"""Sessions and batches at the service, remembered in a run's ledger: processes share one."""

from functools import partial
from typing import TYPE_CHECKING, Any

from qnnq.devices.service_limits import ServiceLimits
from qnnq.errors import QnnqError
from qnnq.jobs.budget import Budget
from qnnq.jobs.hardware_request import JobOptions
from qnnq.jobs.ledger import Ledger
from qnnq.jobs.records import SessionRecord
from qnnq.jobs.service import Missing, NotAccepted, Unanswered
from qnnq.vendors.ibm.account import listed_backend
from qnnq.vendors.ibm.answers import SessionAnswer, read_answer, read_name
from qnnq.vendors.ibm.client import Client
from qnnq.vendors.ibm.delivery import Delivery

if TYPE_CHECKING:
    from qiskit_ibm_runtime import QiskitRuntimeService, Session


class RemoteSessions:
    """The sessions or batches of a run; none is used where jobs are submitted one by one.

    Args:
        client: The connection.
        device: The machine's name.
        options: How jobs are run.
        limits: Time-outs and patience.
        ledger: The run's ledger.
        budget: What the run may cost, of which a session gets all that is left.
    """

    def __init__(
        self,
        client: Client,
        device: str,
        options: JobOptions,
        limits: ServiceLimits,
        ledger: Ledger,
        budget: Budget,
    ) -> None:
        self._client = client
        self._device = device
        self._options = options
        self._limits = limits
        self._ledger = ledger
        self._budget = budget

    def settle(self) -> None:
        """Bring the bills of all that are open up to date."""
        for each in self._unsettled():
            self._is_open(each)

    def close(self) -> None:
        """Close all that may be open; never open one."""
        for each in self._unsettled():
            try:
                self._client.call("close", partial(self._close, each.id))
                self._is_open(each)
            except QnnqError:
                continue  # it closes by itself a little later, and is settled by who looks then

    def _close(self, session_id: str | None, service: "QiskitRuntimeService") -> None:
        self.mode(service, session_id).close()

    def open_one(self) -> str | None:
        """Return the session or batch to use, opened here where none is; None where none is used.

        This is done in the calling thread, to which the ledger belongs.
        """
        if self._options.mode == "job":
            return None
        unsettled = self._unsettled()
        if unsettled and self._is_open(unsettled[-1]):
            return unsettled[-1].id
        most = self._budget.session_cap()
        number = self._ledger.intend_session(most)
        delivery = Delivery("sessions")

        def opening(service: "QiskitRuntimeService") -> str:
            backend = listed_backend(service, self._device)
            delivery.guard(service)
            return read_name(_kind(self._options)(backend=backend, max_time=most).session_id)

        try:
            opened = self._client.send_once("open", opening, delivery)
        except NotAccepted:
            self._ledger.update_session(number, None, 0.0, ended=True)
            raise
        except Unanswered as error:
            # It may be open, and stays reserved; the job itself was not sent.
            raise NotAccepted(str(error)) from error
        except QnnqError:
            self._ledger.update_session(number, None, 0.0, ended=True)
            raise
        self._ledger.update_session(number, opened, None, ended=False)
        return opened

    def _is_open(self, session: SessionRecord) -> bool:
        """Look at a session, note its bill, and return whether it takes jobs."""

        def details(service: "QiskitRuntimeService") -> SessionAnswer:
            return read_answer(SessionAnswer, self.mode(service, session.id).details())

        try:
            found = self._client.call(
                f"session {session.id}", details, self._limits.listing_patience_s
            )
        except Missing:
            self._ledger.update_session(session.number, None, None, ended=True)
            return False
        ended = not found.accepting_jobs and found.state == "closed"
        self._ledger.update_session(session.number, None, found.usage_time, ended=ended)
        return found.accepting_jobs

    def mode(self, service: "QiskitRuntimeService", session_id: str | None) -> Any:
        """Return an open session or batch, or the machine itself where none is used."""
        if session_id is None:
            return listed_backend(service, self._device)
        return _kind(self._options).from_id(session_id, service, use_fractional_gates=None)

    def _unsettled(self) -> list[SessionRecord]:
        """Return those whose bill is not final, the newest last."""
        return [each for each in self._ledger.sessions() if each.id is not None and not each.ended]


def _kind(options: JobOptions) -> type["Session"]:
    from qiskit_ibm_runtime import Batch, Session

    context: type[Any] = Session if options.mode == "session" else Batch
    return context
