"""Analog circuits, their operating points and gradients, from Python.

    import eqspice
    c = eqspice.Circuit("divider.cir")
    v = c.op({"v1": [1.0, 2.0, 3.0]})        # three operating points in one call
    v["out"]                                 # array([...]), V
    c.vjp({"out": 1.0}, "r*")                # d(sum of v(out))/d(resistance), V/ohm

Everything goes through the public header of the library (src/eqspice.h). Units: V, A, S, ohm, s.
"""

from ._lib import (CheckError, ConvergenceError, Error, FileError, InputError, Interrupted, Message,
                   SingularError, UsageError, Warned, version)
from . import ngspice
from .circuit import Circuit, OperatingPoints, allow_osdi
from .run import Evaluation, Run, open
from .training import Metrics, train

__version__ = version()
# Not "open": `from eqspice import *` must not hide that of Python.
__all__ = ["ngspice", "Circuit", "OperatingPoints", "allow_osdi", "train", "Run", "Evaluation",
           "Metrics", "Error", "InputError", "UsageError",
           "FileError", "SingularError", "ConvergenceError", "CheckError", "Interrupted", "Message",
           "Warned", "version"]
