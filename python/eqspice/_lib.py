"""The library as ctypes sees it: every struct and function of src/eqspice.h that the package calls
(tests/test_lib.py holds the structs against the header), and its messages as exceptions."""

import ctypes
import os
import pathlib
import re
import sys
import warnings
from ctypes import POINTER, Structure, c_bool, c_char_p, c_double, c_int, c_int32, c_size_t, c_void_p
from typing import NamedTuple, Optional

SONAME = "libeqspice.so.0"


def _load():
    here = pathlib.Path(__file__).resolve().parent
    asked = os.environ.get("EQSPICE_LIBRARY")
    # Of a wheel; of the sources; of `make install`, which puts this package into lib/pythonX/dist-packages.
    near = [here / "libeqspice.so", here.parents[1] / "build" / "libeqspice.so", here.parents[2] / SONAME]
    for place in [asked] if asked else [str(p) for p in near if p.exists()]:
        return ctypes.CDLL(place)
    for name in (SONAME, "/usr/local/lib/" + SONAME):  # not everybody has run ldconfig
        try:
            return ctypes.CDLL(name)
        except OSError as e:
            why = e if name == SONAME else why
    raise ImportError(f"there is no {SONAME}: run `make install` in the sources of eqspice, or let "
                      f"EQSPICE_LIBRARY name the file ({why})")


lib = _load()


class CMessage(Structure):
    _fields_ = [("severity", c_int), ("file", c_char_p), ("line", c_int), ("column", c_int),
                ("text", c_char_p)]


class Handle(Structure):
    _fields_ = [("element", c_int32), ("param", c_int32)]


class HandleInfo(Structure):
    _fields_ = [("name", c_char_p), ("unit", c_char_p), ("min", c_double), ("max", c_double),
                ("trainable", c_bool)]


class BatchOptions(Structure):
    _fields_ = [("threads", c_int)]


class EqpropOptions(Structure):
    _fields_ = [("beta", c_double), ("symmetric", c_bool)]


class CMetrics(Structure):
    _fields_ = [("epoch", c_size_t), ("train_loss", c_double), ("train_error", c_double),
                ("test_loss", c_double), ("test_error", c_double), ("examples_per_s", c_double),
                ("seconds", c_double), ("train_rmse", c_double), ("train_r2", c_double),
                ("test_rmse", c_double), ("test_r2", c_double), ("validation_loss", c_double),
                ("validation_error", c_double), ("validation_rmse", c_double),
                ("validation_r2", c_double), ("gradient_cosine", c_double),
                ("mode_hops", c_double), ("train_before", c_double), ("test_before", c_double),
                ("inner_steps", c_double)]


class CProgress(Structure):
    _fields_ = [("epoch", c_size_t), ("epochs", c_size_t), ("done", c_size_t),
                ("examples", c_size_t), ("examples_per_s", c_double), ("seconds_left", c_double),
                ("train_loss", c_double), ("train_error", c_double), ("train_rmse", c_double)]


ON_BEGIN = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)
ON_PROGRESS = ctypes.CFUNCTYPE(None, c_void_p, POINTER(CProgress))
ON_EPOCH = ctypes.CFUNCTYPE(None, c_void_p, POINTER(CMetrics))


class TrainOptions(Structure):
    _fields_ = [("folder", c_char_p), ("resume", c_bool), ("force", c_bool), ("threads", c_int),
                ("save_every", c_double), ("watch_gradient", c_bool), ("engine", c_int),
                ("stop", POINTER(c_int)), ("begin", ON_BEGIN), ("progress", ON_PROGRESS),
                ("epoch", ON_EPOCH), ("diagnosis", c_void_p), ("data", c_void_p)]


class Settings(Structure):
    _fields_ = [("item", POINTER(c_char_p)), ("count", c_size_t)]


class TrainedOptions(Structure):
    _fields_ = [("data", c_char_p), ("labels", c_char_p), ("threads", c_int), ("set", Settings),
                ("models", c_char_p), ("temp", c_double)]


class TargetFigures(Structure):
    _fields_ = [("rmse", c_double), ("mae", c_double), ("r2", c_double)]


class CEvaluation(Structure):
    _fields_ = [("examples", c_size_t), ("wrong", c_size_t), ("loss", c_double), ("error", c_double),
                ("rmse", c_double), ("r2", c_double), ("classes", c_size_t),
                ("class_name", POINTER(c_char_p)), ("confusion", POINTER(c_size_t)),
                ("target", POINTER(TargetFigures))]


class InferOptions(Structure):
    _fields_ = [("predictions", c_bool), ("potentials", c_bool), ("power", c_bool),
                ("settling", c_double), ("capacitance", c_double)]


class PowerPart(Structure):
    _fields_ = [("kind", c_char_p), ("name", c_char_p), ("layer", c_size_t), ("delivered", c_double),
                ("dissipated", c_double)]


# name: the struct of src/eqspice.h
STRUCTS = {"eq_message": CMessage, "eq_handle": Handle, "eq_handle_info": HandleInfo,
           "eq_batch_options": BatchOptions, "eq_metrics": CMetrics, "eq_progress": CProgress,
           "eq_train_options": TrainOptions, "eq_settings": Settings,
           "eq_eqprop_options": EqpropOptions, "eq_trained_options": TrainedOptions,
           "eq_target_figures": TargetFigures, "eq_evaluation": CEvaluation,
           "eq_infer_options": InferOptions, "eq_power_part": PowerPart}

# name: (result, arguments); a status is an int.
_P = c_void_p
FUNCTIONS = {
    "eq_version": (c_char_p, []),
    "eq_diag_new": (_P, []),
    "eq_diag_free": (None, [_P]),
    "eq_diag_clear": (None, [_P]),
    "eq_diag_count": (c_size_t, [_P]),
    "eq_diag_get": (POINTER(CMessage), [_P, c_size_t]),
    "eq_severity_name": (c_char_p, [c_int]),
    "eq_osdi_allow": (c_int, [c_char_p, _P]),
    "eq_circuit_read": (c_int, [c_char_p, POINTER(_P), _P]),
    "eq_circuit_parse": (c_int, [c_char_p, c_char_p, c_size_t, POINTER(_P), _P]),
    "eq_circuit_free": (None, [_P]),
    "eq_circuit_nodes": (c_size_t, [_P]),
    "eq_circuit_elements": (c_size_t, [_P]),
    "eq_circuit_node_name": (c_char_p, [_P, c_int32]),
    "eq_circuit_element_name": (c_char_p, [_P, c_int32]),
    "eq_handle_find": (c_int, [_P, c_char_p, POINTER(Handle), _P]),
    "eq_handle_about": (HandleInfo, [_P, Handle]),
    "eq_handle_get": (c_double, [_P, Handle]),
    "eq_handle_set": (c_int, [_P, Handle, c_double, _P]),
    "eq_handle_put": (None, [_P, Handle, c_double]),
    "eq_solver_new": (c_int, [_P, POINTER(_P), _P]),
    "eq_solver_free": (None, [_P]),
    "eq_solver_branches": (c_size_t, [_P]),
    "eq_solver_branch_of": (c_int, [_P, c_int32]),
    "eq_batch_new": (c_int, [_P, POINTER(Handle), c_size_t, POINTER(BatchOptions), POINTER(_P), _P]),
    "eq_batch_free": (None, [_P]),
    "eq_batch_solve": (c_int, [_P, c_size_t, _P, _P, _P, _P]),
    "eq_batch_vjp": (c_int, [_P, c_size_t, _P, _P, _P, _P, POINTER(Handle), c_size_t, _P, _P]),
    "eq_batch_nudge": (c_int, [_P, c_size_t, _P, _P, _P, _P, _P, _P]),
    "eq_batch_eqprop": (c_int, [_P, c_size_t, _P, _P, _P, POINTER(EqpropOptions), POINTER(Handle),
                                c_size_t, _P, _P]),
    "eq_experiment_read_with": (c_int, [c_char_p, POINTER(Settings), POINTER(_P), _P]),
    "eq_experiment_free": (None, [_P]),
    "eq_train_defaults": (TrainOptions, []),
    "eq_train": (c_int, [_P, POINTER(TrainOptions), POINTER(CMetrics), _P, _P]),
    "eq_trained_defaults": (TrainedOptions, []),
    "eq_trained_open": (c_int, [c_char_p, POINTER(TrainedOptions), POINTER(_P), _P]),
    "eq_trained_free": (None, [_P]),
    "eq_trained_circuit": (_P, [_P]),
    "eq_trained_chosen": (c_bool, [_P, POINTER(CMetrics), POINTER(c_size_t)]),
    "eq_infer_defaults": (InferOptions, []),
    "eq_trained_infer": (c_int, [_P, POINTER(InferOptions), POINTER(_P), _P]),
    "eq_inference_free": (None, [_P]),
    "eq_inference_score": (POINTER(CEvaluation), [_P]),
    "eq_inference_columns": (c_size_t, [_P]),
    "eq_inference_column": (c_char_p, [_P, c_size_t]),
    "eq_inference_table": (POINTER(c_double), [_P]),
    "eq_inference_power": (c_bool, [_P, c_size_t, POINTER(PowerPart)]),
}
for _name, (_result, _arguments) in FUNCTIONS.items():
    _function = getattr(lib, _name)
    _function.restype, _function.argtypes = _result, _arguments


def version() -> str:
    """The version of the library that is running."""
    return lib.eq_version().decode()


class Message(NamedTuple):
    """What the library says: severity is "error", "warning" or "note"; line and column count from 1."""
    severity: str
    file: Optional[str]
    line: int
    column: int
    text: str

    def __str__(self):
        if not self.file:
            return self.text
        place = ":".join([self.file] + [str(n) for n in (self.line, self.column) if n])
        return f"{place}: {self.text}"


# "node a (r1, d1)", "node a, b float together", "node a: ..."; behind "; " stands what to do.
_NODES = re.compile(r"\bnodes? ((?:[^\s,;]+, )*[^\s,;]+?)(?=[,;:.]?(?:\s|$))")


class Error(Exception):
    """Something failed. messages: all that the library said; str() is its errors, a line each."""

    def __init__(self, messages):
        self.messages = messages
        errors = [m for m in messages if m.severity == "error"] or messages
        super().__init__("\n".join(str(m) for m in errors))

    def __reduce__(self):  # as other processes hand it on
        return type(self), (self.messages,)

    @property
    def place(self):
        """(file, line, column) of the first error that has one, else None."""
        return next(((m.file, m.line, m.column) for m in self.messages
                     if m.severity == "error" and m.file), None)

    @property
    def nodes(self):
        """The names of the nodes that the errors are about, in their order: those that float, for
        instance, of a circuit without a unique operating point."""
        named = (name for m in self.messages if m.severity == "error"
                 for found in _NODES.findall(m.text.split("; ")[0]) for name in found.split(", "))
        return tuple(dict.fromkeys(n for n in named if n != "..."))


class Warned(RuntimeWarning):
    """A warning of the library: the answer is there, and something about it should be known."""


class UsageError(Error, ValueError):
    """Wrong arguments."""


class InputError(Error, ValueError):
    """A bad deck, experiment or data file."""


class FileError(Error, OSError):
    """A file cannot be written, or a program that draws cannot be started; what cannot be read is an InputError."""


class SingularError(Error, ArithmeticError):
    """The circuit has no unique operating point."""


class ConvergenceError(Error, ArithmeticError):
    """No engine brought the KCL residual below its bound."""


class CheckError(Error, ArithmeticError):
    """A check did not hold."""


class Interrupted(Error, KeyboardInterrupt):
    """Stopped by the user; what was done is saved."""


class _OutOfMemory(Error, MemoryError):
    pass


_KIND = {-1: _OutOfMemory, -2: UsageError, -3: InputError, -4: FileError, -5: SingularError,
         -6: ConvergenceError, -7: CheckError, -8: Interrupted}


def to_c(text):
    """A string or path as C has them, where it would end at a null byte."""
    raw = os.fsencode(text)
    if b"\0" in raw:
        raise ValueError(f"{text!r} holds a null byte")
    return raw


def name_of(b):
    """A name as C has it, which to_c takes back to the same bytes, whatever its encoding."""
    return os.fsdecode(b)


def fold(name):
    """Names of nodes and elements are the same in capitals, those of ASCII, as the library has it."""
    return name if name.islower() and name.isascii() else "".join(c.lower() if c.isascii() else c for c in name)


def threads_of(n):
    """A number of threads that fits into an int of C."""
    if not 1 <= n <= 4096:
        raise ValueError(f"threads={n}: give 1 to 4096")
    return n


def _text(b):
    return None if b is None else b.decode("utf-8", "replace")


def _calls_inside():
    """How far up from the caller's warning the first line outside of the package stands."""
    here, level, frame = os.path.dirname(__file__), 0, sys._getframe(1)
    while frame is not None and os.path.dirname(frame.f_code.co_filename) == here:
        level, frame = level + 1, frame.f_back
    return level + 1


class Kept:
    """What holds a pointer into the library, which a copy would free a second time."""

    __slots__ = ()
    _instead = "make another one"

    def __reduce__(self):
        raise TypeError(f"a {type(self).__name__} is neither copied nor pickled; {self._instead}")


class Diag(Kept):
    """A list of messages that the library fills; check() turns a status into an exception."""

    def __init__(self):
        self.pointer = lib.eq_diag_new()

    def __del__(self, free=lib.eq_diag_free):
        free(self.pointer)

    def messages(self):
        out = []
        for k in range(lib.eq_diag_count(self.pointer)):
            m = lib.eq_diag_get(self.pointer, k).contents
            out.append(Message(lib.eq_severity_name(m.severity).decode(), _text(m.file), m.line,
                               m.column, _text(m.text)))
        return out

    def warn(self):
        """Takes warnings to those of Python, at the line that called the package; all that was said."""
        if not lib.eq_diag_count(self.pointer):
            return []
        said = self.messages()
        lib.eq_diag_clear(self.pointer)
        for m in said:
            if m.severity == "warning":
                warnings.warn(str(m), Warned, stacklevel=_calls_inside())
        return said

    def check(self, status):
        """Raises what a status below 0 means."""
        if status == 0:
            return
        messages = self.messages()
        if not messages:
            said = "interrupted" if status == -8 else _text(lib.eq_diag_get(None, 0).contents.text)
            messages = [Message("error", None, 0, 0, said)]
        lib.eq_diag_clear(self.pointer)
        raise _KIND.get(status, Error)(messages)
