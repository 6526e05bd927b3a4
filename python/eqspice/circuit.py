"""Circuits: batches of operating points and vector-Jacobian products."""

import fnmatch
import os
from collections.abc import Mapping
from ctypes import byref, c_void_p
from typing import NamedTuple

import numpy as np

from ._lib import BatchOptions, Diag, Handle, lib


class OperatingPoints(Mapping):
    """Node potentials [V] by name, and source currents [A] as "i(name)": arrays [B], or numbers when
    no input had a batch axis. v [B, nodes] and i [B, branches] are the whole tables, in the order of
    Circuit.nodes and Circuit.branches."""

    __slots__ = ("v", "i", "_circuit", "_single")

    def __init__(self, circuit, v, i, single):
        self.v, self.i, self._circuit, self._single = v, i, circuit, single

    def __getitem__(self, name):
        table, column = self._circuit._column(name)
        values = (self.v if table == 0 else self.i)[:, column]
        return float(values[0]) if self._single else values

    def __iter__(self):
        return iter(self._circuit.nodes + tuple(f"i({b})" for b in self._circuit.branches))

    def __len__(self):
        return self.v.shape[1] + self.i.shape[1]

    def __repr__(self):
        return f"<{self.v.shape[0]} operating points of {self.v.shape[1]} nodes>"


class _State(NamedTuple):
    """The points of one op: which inputs, x[B, inputs], v[B, nodes], i[B, branches]."""
    plan: "_Inputs"
    x: np.ndarray
    v: np.ndarray
    i: np.ndarray


class _Inputs:
    """A batch of the library for one choice of inputs, with the columns of each pattern."""

    __slots__ = ("pointer", "columns", "count", "keep")

    def __init__(self, circuit, patterns):
        handles, self.columns = [], {}
        for pattern in patterns:
            found = circuit._find(pattern)
            self.columns[pattern] = slice(len(handles), len(handles) + len(found))
            handles += found
        self.count = len(handles)
        self.keep = (Handle * max(1, self.count))(*handles)
        self.pointer, o = c_void_p(), BatchOptions(circuit.threads)
        circuit._diag.check(lib.eq_batch_new(circuit._pointer, self.keep, self.count, byref(o),
                                             byref(self.pointer), circuit._diag.pointer))

    def __del__(self, free=lib.eq_batch_free):
        if getattr(self, "pointer", None):
            free(self.pointer)


def _address(a):
    return a.__array_interface__["data"][0]


class Circuit:
    """A circuit from a deck: a path, or text=... The analysis is done once for each set of inputs;
    after that a call of op costs the solves alone. One object may be used by one thread at a time;
    op and vjp release the GIL and use `threads` threads of their own."""

    def __init__(self, path=None, *, text=None, name="text", threads=1):
        if (path is None) == (text is None):
            raise TypeError("give either the path of a deck or text=...")
        if threads < 1:
            raise ValueError(f"threads={threads}: at least 1 is needed")
        self.threads = threads
        self._diag, self._pointer, self._inputs, self._last = Diag(), c_void_p(), {}, None
        if path is not None:
            status = lib.eq_circuit_read(os.fsencode(path), byref(self._pointer), self._diag.pointer)
        else:
            raw = text.encode()
            status = lib.eq_circuit_parse(name.encode(), raw, len(raw), byref(self._pointer),
                                          self._diag.pointer)
        self._diag.check(status)
        self.messages = self._diag.messages()
        p = self._pointer
        self.nodes = tuple(lib.eq_circuit_node_name(p, k).decode()
                           for k in range(lib.eq_circuit_nodes(p)))
        self.elements = tuple(lib.eq_circuit_element_name(p, k).decode()
                              for k in range(lib.eq_circuit_elements(p)))
        self.branches = self._branches()
        self._columns = {n.lower(): (0, k) for k, n in enumerate(self.nodes)}
        self._columns.update({f"v({n.lower()})": (0, k) for k, n in enumerate(self.nodes)})
        self._columns.update({f"i({n.lower()})": (1, k) for k, n in enumerate(self.branches)})
        self._handles = {}

    def __del__(self, free=lib.eq_circuit_free):
        if hasattr(self, "_inputs"):
            self._inputs.clear()
            free(self._pointer)

    def _branches(self):
        solver = c_void_p()
        self._diag.check(lib.eq_solver_new(self._pointer, byref(solver), self._diag.pointer))
        order = sorted((lib.eq_solver_branch_of(solver, e), name)
                       for e, name in enumerate(self.elements))
        lib.eq_solver_free(solver)
        return tuple(name for branch, name in order if branch >= 0)

    def _column(self, name):
        try:
            return self._columns[name.lower()]
        except KeyError:
            raise KeyError(f"there is no node {name!r}, nor a source of that name as i(NAME)") from None

    def _find(self, pattern):
        """Handles of "r1", "r*", "d3(is)" or "d*(is)", in deck order."""
        found = self._handles.get(pattern)
        if found is not None:
            return found
        element, paren, param = pattern.lower().partition("(")
        if any(sign in element for sign in "*?["):
            names = [n + paren + param for n in self.elements if fnmatch.fnmatchcase(n.lower(), element)]
            if not names:
                raise KeyError(f"no element fits {pattern!r}")
        else:
            names = [pattern]
        found = []
        for name in names:
            h = Handle()
            self._diag.check(lib.eq_handle_find(self._pointer, name.encode(), byref(h),
                                                self._diag.pointer))
            found.append(h)
        self._handles[pattern] = found
        return found

    def find(self, pattern):
        """The names of the elements that a pattern means, in deck order."""
        return [self.elements[h.element] for h in self._find(pattern)]

    def get(self, pattern):
        """The parameters that a pattern means [n], or a number for a name without wildcard."""
        values = np.array([lib.eq_handle_get(self._pointer, h) for h in self._find(pattern)])
        return values if any(sign in pattern for sign in "*?[") else float(values[0])

    def set(self, pattern, values):
        """Sets them: one number for all, or one each. Values outside the bounds are refused."""
        found = self._find(pattern)
        values = np.broadcast_to(np.asarray(values, float), (len(found),))
        for h, value in zip(found, values.tolist()):
            self._diag.check(lib.eq_handle_set(self._pointer, h, value, self._diag.pointer))

    def _vectors(self, inputs, plan):
        """x[B, inputs], and whether no input had a batch axis."""
        given, examples = [], None
        for pattern, values in inputs.items():
            columns = plan.columns[pattern]
            n = columns.stop - columns.start
            a = np.asarray(values, float)
            if a.ndim == 1 and n == 1:
                a = a[:, None]
            if a.ndim > 2 or a.ndim > 0 and a.shape[-1] not in (1, n):
                raise ValueError(f"{pattern!r} has {n} elements: give a number, [{n}] or [B, {n}], "
                                 f"not shape {a.shape}")
            if a.ndim == 2:
                if examples not in (None, a.shape[0]):
                    raise ValueError(f"{pattern!r} has {a.shape[0]} examples, others have {examples}")
                examples = a.shape[0]
            given.append((columns, a))
        x = np.empty((1 if examples is None else examples, plan.count))
        for columns, a in given:
            x[:, columns] = a
        return x, examples is None

    def op(self, inputs=None, params=None):
        """Operating points. inputs: {pattern: values}, values a number, [n] for the n elements that
        the pattern means, [B] for one element, or [B, n]. params: {pattern: values}, set before (and
        kept). Every point starts from zero: its bits depend on neither B nor threads."""
        inputs = {} if inputs is None else inputs
        for pattern, values in ({} if params is None else params).items():
            self.set(pattern, values)
        key = tuple(inputs)
        plan = self._inputs.get(key)
        if plan is None:
            plan = self._inputs[key] = _Inputs(self, key)
        x, single = self._vectors(inputs, plan)
        v = np.empty((len(x), len(self.nodes)))
        i = np.empty((len(x), len(self.branches)))
        status = lib.eq_batch_solve(plan.pointer, len(x), _address(x), _address(v), _address(i),
                                    self._diag.pointer)
        if status != 0:
            self._diag.check(status)
        self._last = _State(plan, x, v, i)
        return OperatingPoints(self, v, i, single)

    def _slopes(self, dcdv, shape):
        if not isinstance(dcdv, Mapping):
            return np.ascontiguousarray(np.broadcast_to(np.asarray(dcdv, float), shape))
        out = np.zeros(shape)
        for name, values in dcdv.items():
            out[:, self.column(name)] = values
        return out

    def state(self):
        """The points of the last op, for a vjp after others have come."""
        if self._last is None:
            raise RuntimeError("there are no points before an op")
        return self._last

    def column(self, node):
        """The column of a node in tables of potentials."""
        table, column = self._column(node)
        if table != 0:
            raise KeyError(f"{node!r} is a current, not a node")
        return column

    def vjp(self, dcdv, params=None, *, per_example=False, at=None):
        """dC/dw by the adjoint at the points of the last op, for the cost C with the slopes
        dcdv: {node: number or [B]} or [B, nodes]. params: a pattern or several; None: the value of
        every element that has a gradient. Returns [n], summed over the examples, in deck order of each
        pattern, or [B, n]. at: the state() of an earlier op, whose parameters the circuit must have."""
        plan, x, v, i = self.state() if at is None else at
        found = self._trainable() if params is None else \
            [h for p in ([params] if isinstance(params, str) else params) for h in self._find(p)]
        handles, slopes = (Handle * max(1, len(found)))(*found), self._slopes(dcdv, v.shape)
        out = np.empty((len(v), len(found)))
        self._diag.check(lib.eq_batch_vjp(plan.pointer, len(v), _address(x), _address(v), _address(i),
                                          _address(slopes), handles, len(found), _address(out),
                                          self._diag.pointer))
        return out if per_example else out.sum(axis=0)

    def _trainable(self):
        found = self._handles.get(None)
        if found is None:
            found = [self._find(n)[0] for n in self.elements if self._has_gradient(n)]
            self._handles[None] = found
        return found

    def _has_gradient(self, name):
        h = Handle()
        found = lib.eq_handle_find(self._pointer, name.encode(), byref(h), None) == 0
        return found and lib.eq_handle_about(self._pointer, h).trainable

    def trainable(self):
        """The names of the elements whose values vjp takes when it is not told which."""
        return [self.elements[h.element] for h in self._trainable()]

    def __repr__(self):
        return f"<circuit of {len(self.elements)} elements and {len(self.nodes)} nodes>"
