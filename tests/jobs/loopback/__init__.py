"""A stand-in for the IBM Quantum service on 127.0.0.1, for the unmodified client.

`Server` answers the client's HTTP requests, `Machine` runs the submitted programs with Aer,
`Store` keeps jobs and a log of every accepted and billed job on disk, across restarts, `Faults`
makes the service misbehave, and `OwnClock` is a time that passes when a test wants it to.
"""

from .clock import OwnClock
from .faults import Fault, Faults
from .machine import Machine
from .server import API_KEY, CRN, Server
from .store import Store

__all__ = ["API_KEY", "CRN", "Fault", "Faults", "Machine", "OwnClock", "Server", "Store"]
