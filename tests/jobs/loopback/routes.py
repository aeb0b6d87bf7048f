"""What the loopback service answers, as far as the client asks for it.

Each function takes the server and the request and returns an HTTP status and a body. The addresses
are those of qiskit-ibm-runtime's `api/rest`, of IBM Cloud's token service and of its global search
and catalogue.
"""

import json
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from .machine import iso

if TYPE_CHECKING:
    import sqlite3

    from .server import Server

Answer = tuple[int, str]
NO_CONTENT: Answer = (204, "")


@dataclass(frozen=True)
class Request:
    """One HTTP request: the path lies behind the service's base address."""

    method: str
    path: str
    query: dict[str, list[str]]
    raw: bytes
    authorization: str

    def json(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.raw)
        return content

    def first(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]


def respond(server: "Server", request: Request) -> Answer:
    """Answer a request."""
    for method, pattern, function in OPEN_ROUTES:
        if request.method == method and re.fullmatch(pattern, request.path):
            return function(server, request)
    if request.authorization.removeprefix("Bearer ") not in server.tokens:
        return _error(401, "the access token is not valid")
    for method, pattern, function in ROUTES:
        match = re.fullmatch(pattern, request.path)
        if request.method == method and match:
            return function(server, request, *match.groups())
    return _error(404, f"{request.method} {request.path}: no such address")


def _json(content: object, status: int = 200) -> Answer:
    return status, json.dumps(content)


def _error(status: int, message: str, code: int | None = None) -> Answer:
    return _json({"errors": [{"code": code or 1000 + status, "message": message}]}, status)


def _token(server: "Server", request: Request) -> Answer:
    from .server import API_KEY

    if parse_qs(request.raw.decode()).get("apikey") != [API_KEY]:
        return _json({"errorCode": "BXNIM0415E", "errorMessage": "Provided API key not found"}, 400)
    token = server.new_token()
    return _json({"access_token": token, "refresh_token": "none", "token_type": "Bearer"})


def _search(server: "Server", request: Request) -> Answer:
    from .server import CRN

    item = {"crn": CRN, "name": "loopback", "service_plan_unique_id": "plan", "tags": []}
    return _json({"items": [item | {"doc": {"extensions": {"allocated": True}}}], "limit": 100})


def _catalog(server: "Server", request: Request) -> Answer:
    pricing = {"type": "free" if server.plan == "open" else "paid"}
    names = {"en": {"display_name": server.plan.capitalize()}}
    return _json({"overview_ui": names, "metadata": {"pricing": pricing}})


def _backends(server: "Server", request: Request) -> Answer:
    queue = _queue(server)
    return _json({"devices": [machine.device_entry(queue) for machine in server.machines.values()]})


def _backend(server: "Server", request: Request, name: str, what: str) -> Answer:
    machine = server.machines.get(name)
    if machine is None:
        return _error(404, f"no backend {name}")
    if what == "status":
        return _json(machine.status(_queue(server)))
    return _json(machine.configuration() if what == "configuration" else machine.properties())


def _queue(server: "Server") -> int:
    return sum(job["status"] == "Queued" for job in server.store.jobs())


def _usage(server: "Server", request: Request) -> Answer:
    return _json(
        {
            "usage_limit_seconds": server.usage_limit,
            "usage_consumed_seconds": server.store.billed(server.session_seconds),
            "usage_limit_reached": server.used_up(),
        }
    )


def _submit(server: "Server", request: Request) -> Answer:
    body = request.json()
    machine = server.machines.get(body.get("backend", ""))
    if machine is None:
        return _error(404, "no such backend")
    if _queue(server) >= server.pending_limit:
        return _error(400, "the limit of pending jobs is reached", 3458)
    fault = machine.refusal(body["params"])
    if fault is not None:
        return _error(400, fault, 1517)
    session = body.get("session_id")
    if session:
        rows = server.store.execute("SELECT * FROM sessions WHERE id = ?", session)
        if not rows or not rows[0]["accepting"]:
            return _error(400, f"session {session} does not accept jobs")
    return _json({"id": server.store.add_job(body), "backend": machine.name})


def _jobs(server: "Server", request: Request) -> Answer:
    wanted = set(request.query.get("tags", []))
    found = [job for job in server.store.jobs() if wanted <= set(json.loads(job["tags"]))]
    if request.first("pending"):
        pending = request.first("pending") == "true"
        found = [job for job in found if (job["status"] in ("Queued", "Running")) == pending]
    now = server.clock.time()
    found = [job for job in found if job["created"] + server.listing_lag <= now]
    start = int(request.first("offset", "0"))
    page = found[start : start + int(request.first("limit", "20"))]
    count = max(0, len(found) + server.count_error)
    return _json({"jobs": [_job_view(job) for job in page], "count": count})


def _job_view(job: "sqlite3.Row") -> dict[str, Any]:
    return {
        "id": job["id"],
        "backend": job["backend"],
        "program": {"id": job["program"]},
        "created": iso(job["created"]),
        "state": {"status": job["status"], "reason": job["reason"], "reasonCode": job["code"]},
        "status": job["status"],
        "tags": json.loads(job["tags"]),
        "session_id": job["session"],
        "private": False,
    }


def _job(server: "Server", request: Request, identifier: str, what: str | None) -> Answer:
    job = server.store.job(identifier)
    if job is None:
        return _error(404, f"no job {identifier}")
    if what == "results" and job["status"] == "Completed" and job["result"] is None:
        return _error(404, f"no result of job {identifier}")
    if what == "results":
        return 200, job["result"] or ""
    if what == "metrics":
        return _json(_metrics(server, job))
    return _json(_job_view(job))


def _metrics(server: "Server", job: "sqlite3.Row") -> dict[str, Any]:
    ended = job["ended"]
    done = ended is not None and server.clock.time() >= ended + server.usage_lag
    return {
        "timestamps": {name: iso(job[key]) for name, key in TIMESTAMPS.items()},
        "usage": {
            "status": "complete" if done else "pending",
            "qpu_charge_time_seconds": job["seconds"] if done else 0,
        },
        "position_in_queue": server.store.queue_position(job),
    }


TIMESTAMPS = {"created": "created", "running": "started", "finished": "ended"}


def _cancel(server: "Server", request: Request, identifier: str) -> Answer:
    if server.store.job(identifier) is None:
        return _error(404, f"no job {identifier}")
    if server.store.cancel(identifier):
        return NO_CONTENT
    return _error(409, "the job is not in a state that can be cancelled")


def _open_session(server: "Server", request: Request) -> Answer:
    body = request.json()
    if body["mode"] == "dedicated" and server.plan == "open":
        return _error(400, "the open plan has no sessions")
    identifier = uuid.uuid4().hex
    server.store.execute(
        "INSERT INTO sessions VALUES (?, ?, ?, 'open', 1, ?, ?, NULL)",
        *(identifier, body["backend"], body["mode"], body.get("max_ttl"), server.clock.time()),
    )
    return _json({"id": identifier})


def _session(server: "Server", request: Request, identifier: str) -> Answer:
    rows = server.store.execute("SELECT * FROM sessions WHERE id = ?", identifier)
    if not rows:
        return _error(404, f"no session {identifier}")
    row = rows[0]
    keys = {"backend_name": row["backend"], "mode": row["mode"], "state": row["state"]}
    keys["elapsed_time"] = server.session_seconds(row)
    return _json({"id": identifier, "accepting_jobs": bool(row["accepting"])} | keys)


def close_session(server: "Server", identifier: str, moment: float) -> None:
    """Let a session take no more jobs, and bill it up to this moment."""
    server.store.execute(
        "UPDATE sessions SET accepting = 0, state = 'closed', closed = coalesce(closed, ?)"
        " WHERE id = ?",
        *(moment, identifier),
    )


def _close_session(server: "Server", request: Request, identifier: str) -> Answer:
    close_session(server, identifier, server.clock.time())
    return NO_CONTENT


def _end_session(server: "Server", request: Request, identifier: str) -> Answer:
    for job in server.store.jobs():
        if job["session"] == identifier:
            server.store.cancel(job["id"])
    return _close_session(server, request, identifier)


OPEN_ROUTES = [
    ("POST", "/iam/identity/token", _token),
    ("POST", "/search/v3/resources/search", _search),
    ("GET", "/catalog/.+", _catalog),
]
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/backends", _backends),
    ("GET", "/backends/([^/]+)/(configuration|properties|status)", _backend),
    ("GET", "/instances/usage", _usage),
    ("POST", "/jobs", _submit),
    ("GET", "/jobs", _jobs),
    ("GET", "/jobs/([^/]+)(?:/(results|metrics))?", _job),
    ("POST", "/jobs/([^/]+)/cancel", _cancel),
    ("POST", "/sessions", _open_session),
    ("GET", "/sessions/([^/]+)", _session),
    ("PATCH", "/sessions/([^/]+)", _close_session),
    ("DELETE", "/sessions/([^/]+)/close", _end_session),
]
