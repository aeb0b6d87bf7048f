"""Activation steps as circuits, compiled for a device: templates, layout, packing, gate pairs."""

from transpile.activation_step import PROJECTIVE, append_projective_step, append_weak_step
from transpile.errors import TranspileError
from transpile.gate_pairs import PairGate
from transpile.history import history_circuit
from transpile.isa import CompiledLayer, compile_layer
from transpile.layer import layer_circuit
from transpile.layout import capacity, choose_sites
from transpile.placement import check_sites, parse_sites
from transpile.report import LayerReport, report
from transpile.schedule import delay_seconds, schedule
from transpile.sites import Site

__all__ = [
    "PROJECTIVE",
    "CompiledLayer",
    "LayerReport",
    "PairGate",
    "Site",
    "TranspileError",
    "append_projective_step",
    "append_weak_step",
    "capacity",
    "check_sites",
    "choose_sites",
    "compile_layer",
    "delay_seconds",
    "history_circuit",
    "layer_circuit",
    "parse_sites",
    "report",
    "schedule",
]
