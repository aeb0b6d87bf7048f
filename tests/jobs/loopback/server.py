"""The HTTP side of the loopback service."""

import base64
import json
import re
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

from . import routes
from .clock import Clock, OwnClock
from .faults import Faults
from .machine import Machine
from .store import Store

API_KEY = "an-api-key-of-the-loopback-service"
CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/account:instance::"


class Server:
    """The service: start, stop and start again on the same port and the same store.

    Args:
        folder: Where the store lives.
        machines: The machines on offer.
        plan: Name of the plan of the only instance, `open` or `premium`.
        queue_delay: Seconds that a job stays queued at least.
        clock: What it goes by. With a clock of the test's own it does what is due when that moves.

    Attributes:
        run_delay: Seconds that a job runs.
        failing_jobs: How many of the next jobs fail.
        listing_lag: Seconds until a job is in the list of jobs; `math.inf` for ever.
        usage_lag: Seconds after its end until a job's usage is added up.
        count_error: What the count of a list of jobs is wrong by.
        usage_limit: Seconds of the plan; jobs wait when they are used up.
        pending_limit: More jobs than this are refused while they wait.
        slowness: How many times longer than usual jobs take.
        mutate: Makes another body of that of an answer, given the path.
    """

    def __init__(
        self,
        folder: Path,
        machines: list[Machine],
        plan: str = "open",
        queue_delay: float = 0.0,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.listing_lag = 0.0
        self.usage_lag = 0.0
        self.count_error = 0
        self.usage_limit = 1e9
        self.pending_limit = 1_000_000
        self.slowness = 1.0
        self.mutate: Callable[[str, str], str] = lambda path, body: body
        self.late: list[tuple[float, routes.Request]] = []
        if isinstance(self.clock, OwnClock):
            self.clock.due.append(self.do_what_is_due)
        self.folder = folder
        self.machines = {machine.name: machine for machine in machines}
        self.plan = plan
        self.queue_delay = queue_delay
        self.run_delay = 0.0
        self.faults = Faults()
        self.failing_jobs = 0
        self.tokens: set[str] = set()
        self.requests: list[tuple[str, str]] = []
        self.port = 0
        self.start()

    def start(self) -> None:
        """Listen on 127.0.0.1, on the port of before where there was one."""
        self.stopped = threading.Event()
        self.store = Store(self.folder / "service.sqlite", self.clock)
        self._http = _Listener(("127.0.0.1", self.port), _handler(self))
        self.port = self._http.server_address[1]
        self._threads = [
            threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        ]
        if not isinstance(self.clock, OwnClock):
            self._threads.append(threading.Thread(target=self._work, daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Go down: connections break, what runs is lost, the store stays."""
        self.stopped.set()
        self._http.shutdown()
        self._http.server_close()
        for thread in self._threads:
            thread.join(20)
        self.store.close()

    def environment(self, home: Path) -> dict[str, str]:
        """Return the environment of a client, with an account saved below `home`."""
        address = f"http://127.0.0.1:{self.port}"
        account = {
            "channel": "ibm_quantum_platform",
            "token": API_KEY,
            "instance": CRN,
            "url": f"{address}/experimental",
            "is_default_account": True,
        }
        file = home / ".qiskit" / "qiskit-ibm.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"default-ibm-quantum-platform": account}))
        return {
            "HOME": str(home),
            "IAM_URL": f"{address}/iam",
            "GLOBAL_SEARCH_URL": f"{address}/search",
            "GLOBAL_CATALOG_URL": f"{address}/catalog",
            "USAGE_DATA_OPT_OUT": "True",
            "NO_PROXY": "127.0.0.1",  # else each request looks through the whole environment
        }

    def new_token(self) -> str:
        """Return a new access token: an unsigned JSON web token, valid for an hour."""
        now = int(time.time())
        parts = [{"alg": "RS256"}, {"iat": now, "exp": now + 3600, "jti": uuid.uuid4().hex}]
        encoded = [
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts
        ]
        token = b".".join([*encoded, b"c2ln"]).decode()
        self.tokens.add(token)
        return token

    def expire_tokens(self) -> None:
        """Refuse every token that was handed out so far."""
        self.tokens.clear()

    def _work(self) -> None:
        """Run queued jobs, one at a time, until the server stops."""
        while not self.stopped.wait(0.01):
            self.do_what_is_due()

    def do_what_is_due(self) -> None:
        """Accept what was under way, close sessions, and run the jobs whose time has come."""
        now = self.clock.time()
        for moment, request in [item for item in self.late if item[0] <= now]:
            self.late.remove((moment, request))
            routes.respond(self, request)
        for row in self.store.execute("SELECT * FROM sessions WHERE closed IS NULL"):
            if row["max_ttl"] is not None and now >= row["opened"] + row["max_ttl"]:
                routes.close_session(self, row["id"], row["opened"] + row["max_ttl"])
                self.store.cancel_queued(row["id"])
        while not self.stopped.is_set() and self._run_one():
            pass

    def used_up(self) -> bool:
        """Whether the plan's seconds are used."""
        return self.store.billed(self.session_seconds) >= self.usage_limit

    def session_seconds(self, row: sqlite3.Row) -> float:
        """Return what a session is billed: from its opening to its end."""
        closed = row["closed"] if row["closed"] is not None else self.clock.time()
        return float(min(closed - row["opened"], row["max_ttl"] or 28_800))

    def _run_one(self) -> bool:
        job = self.store.next_queued()
        if job is None or self.clock.time() < job["created"] + self.queue_delay or self.used_up():
            return False
        if not self.store.start(job["id"]):
            return True
        machine = self.machines[job["backend"]]
        try:
            if self.failing_jobs > 0:
                self.failing_jobs -= 1
                raise RuntimeError("Error code 6000; the machine's laser is on strike")
            result, seconds = machine.execute(json.loads(job["params"]))
            status = "Completed"
        except Exception as error:
            result, seconds, status = str(error), 2.0, "Failed"
        if self.stopped.wait(self.run_delay):
            return False
        self.store.finish(job["id"], status, result, seconds * self.slowness)
        return True


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 32

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about connections that a killed client left behind."""


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement
        timeout = 60

        def log_message(self, format: str, *arguments: object) -> None:
            pass

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length) if length else b""
            url = urlparse(self.path)
            path = url.path.removeprefix("/experimental")
            server.requests.append((self.command, path))
            fault = server.faults.take(self.command, path)
            if fault is not None and fault.action == "refuse":
                self._send(fault.status, json.dumps({"errors": [{"message": "not now"}]}))
                return
            request = routes.Request(
                self.command, path, parse_qs(url.query), raw, self.headers.get("Authorization", "")
            )
            if fault is not None and fault.action == "late":
                server.late.append((server.clock.time() + fault.seconds, request))
                self.close_connection = True
                return
            status, body = routes.respond(server, request)
            body = server.mutate(path, body) if body else body
            if fault is not None and fault.action == "double":
                routes.respond(server, request)
            if fault is None or fault.action == "double":
                self._send(status, body)
            elif fault.action == "lose":
                self._send(fault.status, "")
            elif fault.action == "garble":
                self._send(status, body[: len(body) // 2])
            elif fault.action == "odd":
                self._send(status, json.dumps(fault.change(json.loads(body or "null"))))
            else:
                if fault.action == "hang":
                    server.faults.wait_out(fault, server.stopped)
                self.close_connection = True

        def _send(self, status: int, body: str) -> None:
            content = body.encode()
            self.send_response(status)
            kind = "application/json" if re.match(r"\s*[\[{]", body) else "text/plain"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            if server.stopped.is_set():
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    return Handler
