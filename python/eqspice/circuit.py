"""Circuits: batches of operating points, nudged states, and gradients."""

import re
import threading
from collections.abc import Mapping
from ctypes import byref, c_void_p

import numpy as np

from ._lib import BatchOptions, Diag, EqpropOptions, Handle, Kept, fold, lib, name_of, threads_of, to_c

_solve = lib.eq_batch_solve
_SMALL = 16  # examples up to which a plan keeps room, so that no address is asked for
_PLANS = 64  # choices of inputs that stay analyzed


class OperatingPoints(Mapping):
    """Node potentials [V] by name, and source currents [A] as "i(name)": arrays [B] of the caller's own, or
    numbers when no input had a batch axis. v [B, nodes] and i [B, branches] are the whole tables, in the
    order of Circuit.nodes and Circuit.branches; x [B, inputs] is what the inputs were: these three are
    what gradients are taken at, and read alone. dict(points) is what pandas.DataFrame takes."""

    __slots__ = ("v", "i", "x", "_circuit", "_plan", "_single", "_params")

    def __init__(self, circuit, plan, x, v, i, single, params):
        self._circuit, self._plan, self._single, self._params = circuit, plan, single, params
        self.x, self.v, self.i = x, v, i

    def __getitem__(self, name):
        table, column = self._circuit._column(name)
        values = (self.v if table == 0 else self.i)[:, column]
        return float(values[0]) if self._single else values.copy()

    def __iter__(self):
        return iter(self._circuit.nodes + tuple(f"i({b})" for b in self._circuit.branches))

    def __len__(self):
        return self.v.shape[1] + self.i.shape[1]

    def __repr__(self):
        return f"<{self.v.shape[0]} operating points of {self.v.shape[1]} nodes>"


class _Owned(Kept):
    """A circuit of the library, freed when the last of its users has gone; owner: whose it is instead."""

    __slots__ = ("pointer", "owner")

    def __init__(self, pointer, owner):
        self.pointer, self.owner = pointer, owner

    def __del__(self, free=lib.eq_circuit_free):
        if self.owner is None:
            free(self.pointer)


class _Plan(Kept):
    """A batch of the library for one choice of inputs, with the columns of each pattern."""

    __slots__ = ("pointer", "columns", "count", "room", "keep", "keys")

    def __init__(self, circuit, patterns):
        handles, self.columns = [], {}
        for pattern in patterns:
            found = circuit._find(pattern)
            twice = {(h.element, h.param) for h in found} & {(h.element, h.param) for h in handles}
            if twice:
                name = circuit.elements[min(twice)[0]]
                raise ValueError(f"{pattern!r} gives {name!r} a value that another pattern gives too")
            self.columns[pattern] = len(handles), len(handles) + len(found)
            handles += found
        self.count, self.room, self.keep = len(handles), {}, circuit._owned
        self.keys = {(h.element, h.param) for h in handles}
        self.pointer, o = c_void_p(), BatchOptions(circuit.threads)
        circuit._diag.check(lib.eq_batch_new(circuit._pointer, _array(handles), self.count, byref(o),
                                             byref(self.pointer), circuit._diag.pointer))

    def __del__(self, free=lib.eq_batch_free):
        if getattr(self, "pointer", None):
            free(self.pointer)

    def room_for(self, n, nodes, branches):
        """x[n, inputs], v[n, nodes], i[n, branches] and their addresses."""
        arrays = np.empty((n, self.count)), np.empty((n, nodes)), np.empty((n, branches))
        room = arrays + tuple(map(_address, arrays))
        if n <= _SMALL:
            self.room[n] = room
        return room


def _array(handles):
    return (Handle * max(1, len(handles)))(*handles)


def _address(a):
    return a.__array_interface__["data"][0]


def _is_pattern(name):
    return "*" in name or "?" in name


def _matcher(pattern):
    """Of "*", any characters, and "?", one; all others are themselves, those of buses ("r[1]") too."""
    parts = ({"*": ".*", "?": "."}.get(c) or re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL).fullmatch


def _read_only(*arrays):
    for a in arrays:
        a.setflags(write=False)


def allow_osdi(path):
    """Loads a library of compiled Verilog-A models (OSDI 0.3 or 0.4), for the N elements of decks that
    are read from then on. Loading it runs its code; decks that name one are refused until it was
    allowed so. Raises eqspice.InputError where it is no such library."""
    diag = Diag()
    diag.check(lib.eq_osdi_allow(to_c(path), diag.pointer))


class Circuit(Kept):
    """A circuit from a deck: a path, or text=... (`name` stands for the file in messages).

    The analysis is done once for each set of inputs; after that a call of op costs the solves alone.
    op, vjp, eqprop and nudge release the GIL and use `threads` threads of their own. Different
    circuits work at the same time; calls of one circuit from several threads wait for each other.

    nodes, elements and branches are names, in the order of all arrays. Raises eqspice.InputError for
    a bad deck and eqspice.SingularError for a circuit without a unique operating point (e.nodes says
    where). What it warns of stands in messages and is an eqspice.Warned."""

    _instead = "make another one of its deck"

    def __init__(self, path=None, *, text=None, name="text", threads=1):
        if (path is None) == (text is None):
            raise TypeError("give either the path of a deck or text=...")
        pointer, diag = c_void_p(), Diag()
        if path is not None:
            status = lib.eq_circuit_read(to_c(path), byref(pointer), diag.pointer)
        else:
            raw = text if isinstance(text, bytes) else text.encode()
            status = lib.eq_circuit_parse(to_c(name), raw, len(raw), byref(pointer), diag.pointer)
        diag.check(status)
        self._take(pointer, diag, None, threads)

    @classmethod
    def _of(cls, pointer, owner, threads):
        """The circuit of an object of the library, which this one keeps alive."""
        c = cls.__new__(cls)
        c._take(c_void_p(pointer), Diag(), owner, threads)
        return c

    def _take(self, pointer, diag, owner, threads):
        self._owned, self._pointer, self._diag = _Owned(pointer, owner), pointer, diag
        self.messages, self.threads = diag.warn(), threads_of(threads)
        self._plans, self._handles, self._arrays, self._last = {}, {}, {}, None
        self._params, self._base = {}, {}  # what was set, and what stood there before all
        self._lock = threading.RLock()
        self.nodes = tuple(name_of(lib.eq_circuit_node_name(pointer, k))
                           for k in range(lib.eq_circuit_nodes(pointer)))
        self.elements = tuple(name_of(lib.eq_circuit_element_name(pointer, k))
                              for k in range(lib.eq_circuit_elements(pointer)))
        self.branches = self._find_branches()
        self._shape = len(self.nodes), len(self.branches)
        self._columns = {fold(n): (0, k) for k, n in enumerate(self.nodes)}
        self._columns.update({f"v({fold(n)})": (0, k) for k, n in enumerate(self.nodes)})
        self._columns.update({f"i({fold(n)})": (1, k) for k, n in enumerate(self.branches)})

    def _find_branches(self):
        solver = c_void_p()
        self._diag.check(lib.eq_solver_new(self._pointer, byref(solver), self._diag.pointer))
        order = sorted((lib.eq_solver_branch_of(solver, e), name)
                       for e, name in enumerate(self.elements))
        lib.eq_solver_free(solver)
        return tuple(name for branch, name in order if branch >= 0)

    def _column(self, name):
        try:
            return self._columns[fold(name)]
        except (KeyError, AttributeError):
            raise KeyError(f"there is no node {name!r}, nor a source of that name as i(NAME)") from None

    def column(self, node):
        """The column of a node in tables of potentials."""
        table, column = self._column(node)
        if table != 0:
            raise KeyError(f"{node!r} is a current, not a node")
        return column

    # ---- Parameters ----

    def _find(self, pattern):
        """Handles of "r1", "r*", "d3(is)" or "d*(is)", in deck order."""
        found = self._handles.get(pattern)
        if found is not None:
            return found
        element, paren, param = fold(pattern).partition("(")
        names = [pattern]
        if _is_pattern(element):
            names = [n + paren + param for n in self._names(element, pattern)]
        with self._lock:
            found = self._handles[pattern] = [self._handle(name) for name in names]
        return found

    def _handle(self, name):
        """That of one element, or of one of its parameters."""
        h = Handle()
        self._diag.check(lib.eq_handle_find(self._pointer, to_c(name), byref(h), self._diag.pointer))
        return h

    def find(self, pattern):
        """The names of the elements that a pattern means, in deck order. Raises KeyError or
        eqspice.InputError where there are none."""
        if _is_pattern(pattern) and "(" not in pattern:
            return self._names(fold(pattern), pattern)
        return [self.elements[h.element] for h in self._find(pattern)]

    def _names(self, element, pattern):
        fits = _matcher(element)
        names = [n for n in self.elements if fits(fold(n))]
        if not names:
            raise KeyError(f"no element fits {pattern!r}")
        return names

    def get(self, pattern):
        """The parameters that a pattern means [n], or a number for a name without wildcard, in their
        own unit (about)."""
        values = np.array([lib.eq_handle_get(self._pointer, h) for h in self._find(pattern)])
        return values if _is_pattern(pattern) else float(values[0])

    def set(self, pattern, values):
        """Sets them: one number for all, or one each [n]. Values outside the bounds of the parameter
        raise eqspice.InputError, and then none is set."""
        self._put({pattern: values})

    def _put(self, params):
        """{pattern: values}: all of them or, where one raises, none. What stood there: [(handle, value)]."""
        new = []
        for pattern, values in params.items():
            found = self._find(pattern)
            new += zip(found, np.broadcast_to(np.asarray(values, float), (len(found),)).tolist())
        with self._lock:
            old = [(h, lib.eq_handle_get(self._pointer, h)) for h, _ in new]
            try:
                for h, value in new:
                    self._diag.check(lib.eq_handle_set(self._pointer, h, value, self._diag.pointer))
            except BaseException:
                self._put_back(old)
                raise
            for h, value in reversed(old):
                self._base.setdefault((h.element, h.param), value)
            self._params = {**self._params, **{(h.element, h.param): value for h, value in new}}
        return old

    def _put_back(self, old):
        for h, value in reversed(old):
            lib.eq_handle_put(self._pointer, h, value)

    def _check_params(self, points):
        """Gradients at these points hold for the parameters that they were solved with."""
        then, now, base = points._params, self._params, self._base
        if then is now:
            return
        for key in now.keys() - points._plan.keys:
            was = then.get(key, base[key])
            if was != now[key]:
                raise ValueError(f"these points were solved with another {self._parameter(key)}, {was:.6g} and not "
                                 f"{now[key]:.6g}: call op again after a set, or take the gradient before it")

    def _parameter(self, key):
        return f"{lib.eq_handle_about(self._pointer, Handle(*key)).name.decode()} of {self.elements[key[0]]}"

    def about(self, pattern):
        """(name, unit, min, max, trainable) of the parameter that a pattern means: ("r", "ohm", ...)."""
        a = lib.eq_handle_about(self._pointer, self._find(pattern)[0])
        return a.name.decode(), a.unit.decode(), a.min, a.max, a.trainable

    def trainable(self):
        """The names of the elements whose values vjp takes when it is not told which."""
        return [self.elements[h.element] for h in self._trained(None)[0]]

    def _with_gradient(self):
        """Handles of the values of all elements that have a gradient."""
        for name in self.elements:
            h = Handle()
            found = lib.eq_handle_find(self._pointer, to_c(name), byref(h), None) == 0
            if found and lib.eq_handle_about(self._pointer, h).trainable:
                yield h

    def _trained(self, params):
        """Handles of patterns as a list and as C has them."""
        key = params if params is None or isinstance(params, str) else tuple(params)
        found = self._arrays.get(key)
        if found is None:
            if params is None:
                handles = list(self._with_gradient())
            else:
                handles = [h for p in ([key] if isinstance(key, str) else key) for h in self._find(p)]
            found = self._arrays[key] = handles, _array(handles)
        return found

    # ---- Operating points ----

    def _plan(self, inputs):
        key = tuple(inputs)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) == _PLANS:
                del self._plans[next(iter(self._plans))]
            plan = self._plans[key] = _Plan(self, key)
        return plan

    @staticmethod
    def _read(inputs, plan):
        """[(first, end, values)] and the number of examples; None when no input has a batch axis."""
        given, examples = [], None
        for pattern, values in inputs.items():
            first, end = plan.columns[pattern]
            if values.__class__ is float or values.__class__ is int:
                given.append((first, end, values))
                continue
            a = np.asarray(values, float)
            shape = a.shape
            if len(shape) == 1 and end - first == 1:
                a, shape = a[:, None], shape + (1,)
            if len(shape) > 2 or shape and shape[-1] != 1 and shape[-1] != end - first:
                n = end - first
                raise ValueError(f"{pattern!r} has {n} elements: give a number, [{n}] or [B, {n}], "
                                 f"not shape {shape}")
            if len(shape) == 2:
                if examples is not None and examples != shape[0]:
                    raise ValueError(f"{pattern!r} has {shape[0]} examples, others have {examples}")
                examples = shape[0]
            given.append((first, end, a))
        return given, examples

    def op(self, inputs=None, params=None):
        """Operating points, as OperatingPoints.

        inputs: {pattern: values}, values a number, [n] for the n elements that the pattern means, [B]
        for one element, or [B, n], in V, A or the unit of the parameter. params: {pattern: values},
        set before and kept, as by `set`, unless the call raises (values for this call alone are inputs). Every
        point starts from zero: its bits depend on neither B nor threads. Ctrl-C is heard when all are done.
        Raises eqspice.SingularError or eqspice.ConvergenceError, with the number of the first example
        that has no answer, and ValueError for shapes that do not fit."""
        with self._lock:
            if not params:
                return self._op(inputs or {})
            before, old = self._params, self._put(params)
            try:
                return self._op(inputs or {})
            except BaseException:
                self._put_back(old)
                self._params = before
                raise

    def _op(self, inputs):
        plan = self._plan(inputs)
        given, examples = self._read(inputs, plan)
        n = 1 if examples is None else examples
        x, v, i, at_x, at_v, at_i = plan.room.get(n) or plan.room_for(n, *self._shape)
        for first, end, values in given:
            x[:, first:end] = values
        status = _solve(plan.pointer, n, at_x, at_v, at_i, self._diag.pointer)
        if status != 0:
            self._diag.check(status)
        if n <= _SMALL:
            x, v, i = x.copy(), v.copy(), i.copy()
        _read_only(x, v, i)
        self._last = last = plan, x, v, i, examples is None, self._params
        return OperatingPoints(self, *last)

    def state(self):
        """The points of the last op, for a vjp after others have come."""
        if self._last is None:
            raise RuntimeError("there are no points before an op")
        return OperatingPoints(self, *self._last)

    def _points(self, at):
        if at is None:
            return self.state()
        if at._circuit is not self:
            raise ValueError("these points are of another circuit")
        return at

    def _table(self, given, shape):
        """[B, nodes] of {node: number or [B]} or of such a table."""
        if not isinstance(given, Mapping):
            return np.ascontiguousarray(np.broadcast_to(np.asarray(given, float), shape))
        out = np.zeros(shape)
        for name, values in given.items():
            out[:, self.column(name)] = values
        return out

    def nudge(self, currents, *, at=None):
        """The points where the circuit rests when currents [A] are driven into its nodes beside what
        the sources do: {node: number or [B]} or [B, nodes]. Each starts from the points of the last
        op, or from those given as `at`. Raises as op does."""
        with self._lock:
            p = self._points(at)
            current = self._table(currents, p.v.shape)
            v, i = np.empty_like(p.v), np.empty_like(p.i)
            self._diag.check(lib.eq_batch_nudge(p._plan.pointer, len(v), _address(p.x), _address(p.v),
                                                _address(current), _address(v), _address(i),
                                                self._diag.pointer))
            _read_only(v, i)
            return OperatingPoints(self, p._plan, p.x, v, i, p._single, self._params)

    # ---- Gradients ----

    def vjp(self, dcdv, params=None, *, per_example=False, at=None, method="adjoint", beta=None,
            symmetric=True):
        """dC/dw at the points of the last op, for the cost C with the slopes dcdv = dC/dv, {node:
        number or [B]} or [B, nodes]: [n], summed over the examples, in deck order of each pattern, or
        [B, n] per_example, in units of C by that of the parameter.

        params: a pattern or several; None: the value of every element that has a gradient.
        at: the points of an earlier op. Points that were solved with other parameters raise ValueError.
        method: "adjoint", exact, or "eqprop", estimated from a free phase and phases nudged by
        -beta dcdv [A] at the nodes (symmetric: at beta and -beta, with an error of order beta^2; else
        of order beta). Where Equilibrium Propagation gives no gradient, for want of an energy,
        eqspice.Warned says so."""
        if method not in ("adjoint", "eqprop"):
            raise ValueError(f"method={method!r} is neither \"adjoint\" nor \"eqprop\"")
        if (method == "eqprop") != (beta is not None):
            raise TypeError("method=\"eqprop\" wants a beta, and the adjoint none")
        with self._lock:
            p = self._points(at)
            self._check_params(p)
            handles, array = self._trained(params)
            slopes, n = self._table(dcdv, p.v.shape), len(p.v)
            if not np.isfinite(slopes).all():
                raise ValueError("dcdv has a slope that is not finite")
            out = np.empty((n, len(handles)))
            plan, diag = p._plan.pointer, self._diag
            at_x, at_v, at_slopes = _address(p.x), _address(p.v), _address(slopes)
            if method == "adjoint":
                status = lib.eq_batch_vjp(plan, n, at_x, at_v, _address(p.i), at_slopes, array,
                                          len(handles), _address(out), diag.pointer)
            else:
                o = EqpropOptions(beta, symmetric)
                status = lib.eq_batch_eqprop(plan, n, at_x, at_v, at_slopes, byref(o), array,
                                             len(handles), _address(out), diag.pointer)
            diag.check(status)
            diag.warn()
        return out if per_example else out.sum(axis=0)

    def eqprop(self, dcdv, params=None, *, beta, symmetric=True, per_example=False, at=None):
        """vjp by Equilibrium Propagation: method="eqprop"."""
        return self.vjp(dcdv, params, per_example=per_example, at=at, method="eqprop", beta=beta,
                        symmetric=symmetric)

    def __repr__(self):
        return f"<circuit of {len(self.elements)} elements and {len(self.nodes)} nodes>"
