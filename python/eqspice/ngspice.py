"""For loops written for a shared ngspice: load_circuit, exec_command (op, dc, alter, print, reset,
destroy) and plots of arrays, with eqspice as the simulator.

    ngspice = eqspice.ngspice.NgSpiceShared()
    ngspice.load_circuit(text)
    for g in ...:
        ngspice.exec_command(f"alter r1 = {g}")
        ngspice.exec_command("op")
        ngspice.plot()["out"]                # array([...])
"""

import re

import numpy as np

from .circuit import Circuit

_SCALE = {"t": 1e12, "g": 1e9, "meg": 1e6, "k": 1e3, "mil": 25.4e-6, "m": 1e-3, "u": 1e-6, "n": 1e-9,
          "p": 1e-12, "f": 1e-15}
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(meg|mil|[tgkmunpf])?[a-z]*$", re.I)


def _number(word):
    found = _NUMBER.match(word)
    if found is None:
        raise NgSpiceCommandError(f"{word!r} is not a number; write it like 1.5k, 2meg or 3e-6")
    return float(found[1]) * _SCALE.get((found[2] or "").lower(), 1.0)


class NgSpiceCommandError(ValueError):
    """A command that does not exist or cannot be done."""


class Plot(dict):
    """Vectors by name: "out", "v(out)" or "v1#branch"; plot_name is "op1", "dc2", ..."""

    def __init__(self, name, points, axis=None):
        super().__init__()
        self.plot_name = name
        if axis is not None:
            self[axis[0]] = axis[1]
        for k in points:
            if k != "0":
                self[k if not k.startswith("i(") else k[2:-1] + "#branch"] = np.atleast_1d(points[k])

    def __missing__(self, key):
        low = key.lower()
        inner = low[2:-1] if low.endswith(")") else low
        name = inner + "#branch" if low.startswith("i(") else inner
        if name not in self:
            raise KeyError(f"{self.plot_name} has no vector {key!r}")
        return self[name]


class NgSpiceShared:
    """One circuit, its values and the plots that its analyses have left."""

    def __init__(self, threads=1):
        self._threads, self._text, self._circuit, self._plots, self._number = threads, None, None, {}, {}

    def load_circuit(self, text):
        """Reads a netlist; returns True. What is wrong with it raises eqspice.InputError."""
        self._text, self._circuit = str(text), Circuit(text=str(text), threads=self._threads)
        return True

    @property
    def plot_names(self):
        """The newest first."""
        return list(reversed(self._plots))

    @property
    def last_plot(self):
        return next(reversed(self._plots), None)

    def plot(self, name=None):
        """The vectors of an analysis, of the last one without a name."""
        if not self._plots:
            raise NgSpiceCommandError("there is no plot; run op or dc before")
        return self._plots[name or self.last_plot]

    def destroy(self, name="all"):
        """Forgets plots."""
        if name == "all":
            self._plots.clear()
        else:
            self._plots.pop(name, None)

    def exec_command(self, command):
        """Does one command and returns what it prints."""
        words = command.replace("=", " ").replace(",", " ").split()
        if not words:
            return ""
        does = {"op": self._op, "dc": self._dc, "alter": self._alter, "print": self._print,
                "reset": self._reset, "destroy": self._destroy}.get(words[0].lower())
        if does is None:
            raise NgSpiceCommandError(f"there is no command {words[0]!r} here: op, dc, alter, print, "
                                      "reset and destroy are")
        if self._circuit is None and words[0].lower() != "destroy":
            raise NgSpiceCommandError("there is no circuit; call load_circuit before")
        return does(words[1:]) or ""

    def _keep(self, kind, points, axis=None):
        self._number[kind] = self._number.get(kind, 0) + 1
        name = f"{kind}{self._number[kind]}"
        self._plots[name] = Plot(name, points, axis)

    def _op(self, words):
        self._keep("op", self._circuit.op())

    def _dc(self, words):
        """SOURCE START STOP STEP, and a second source as the outer loop."""
        if len(words) not in (4, 8):
            raise NgSpiceCommandError("dc wants SOURCE START STOP STEP, once or twice")
        axes = {}
        for k in range(0, len(words), 4):
            start, stop, step = map(_number, words[k + 1:k + 4])
            if step == 0.0 or (stop - start) / step < 0.0:
                raise NgSpiceCommandError(f"the step of {words[k]} does not lead from start to stop")
            axes[words[k]] = start + step * np.arange(int((stop - start) / step + 1e-9) + 1)
        grid = [a.reshape(-1) for a in np.meshgrid(*reversed(list(axes.values())), indexing="ij")]
        inputs = dict(zip(reversed(list(axes)), grid))
        kind = self._circuit.find(words[0])[0][0].lower()
        self._keep("dc", self._circuit.op(inputs),
                   (f"{kind}-sweep", inputs[words[0]]))

    def _alter(self, words):
        """NAME VALUE, NAME PARAMETER VALUE, or @NAME[PARAMETER] VALUE."""
        name = words[0].lstrip("@").replace("[", "(").replace("]", ")") if words else ""
        if len(words) == 3:
            name = f"{name}({words[1]})"
        if len(words) not in (2, 3):
            raise NgSpiceCommandError("alter wants NAME = VALUE or NAME PARAMETER = VALUE")
        self._circuit.set(name, _number(words[-1]))

    def _print(self, words):
        plot = self.plot()
        return "\n".join(f"{w} = {' '.join(f'{x:.9g}' for x in plot[w])}" for w in words)

    def _reset(self, words):
        self.load_circuit(self._text)

    def _destroy(self, words):
        self.destroy(words[0] if words else self.last_plot)
