"""A laboratory of faults: a real server on loopback for everything that can go wrong with an endpoint."""

from tests.faultlab.lab import FaultLab, Seen

__all__ = ["FaultLab", "Seen"]
