"""For loops written for a shared ngspice, such as PySpice's: load_circuit, exec_command and plots of arrays, with
eqspice as the simulator.

    ngspice = eqspice.ngspice.NgSpiceShared()
    ngspice.load_circuit(text)
    for r in ...:
        ngspice.exec_command(f"alter r1 = {r}")
        ngspice.exec_command("op")
        ngspice.plot()["out"]                # array([...])
"""

import re

import numpy as np

from .circuit import Circuit

_SCALE = {"t": 1e12, "g": 1e9, "meg": 1e6, "k": 1e3, "mil": 25.4e-6, "m": 1e-3, "u": 1e-6, "n": 1e-9,
          "p": 1e-12, "f": 1e-15}
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(meg|mil|[tgkmunpf])?[a-z]*$", re.I)
_OTHER = {"tran": "in time", "ac": "in frequency", "noise": "of noise", "pz": "of poles and zeros",
          "disto": "of distortion", "sp": "of S parameters"}


def _number(word):
    found = _NUMBER.match(word)
    if found is None:
        raise NgSpiceCommandError(f"{word!r} is not a number; write it like 1.5k, 2meg or 3e-6")
    return float(found[1]) * _SCALE.get((found[2] or "").lower(), 1.0)


class NgSpiceCommandError(ValueError):
    """A command that does not exist or cannot be done."""


class Plot(dict):
    """The vectors of one analysis, arrays [points] by name: "out" or "v(out)" [V], "v1#branch" or "i(v1)" [A];
    the swept one is "v-sweep" or "i-sweep", "r-sweep". plot_name is "op1", "dc2", ..."""

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
            raise KeyError(f"{self.plot_name} has no vector {key!r}; it has {', '.join(self)}")
        return self[name]

    def nodes(self):
        """{name: potentials [points]}."""
        return {k: v for k, v in self.items() if not k.endswith(("#branch", "-sweep"))}

    def branches(self):
        """{source: currents [points]}."""
        return {k[:-len("#branch")]: v for k, v in self.items() if k.endswith("#branch")}

    def to_array(self, names=None):
        """[points, vectors] of the names, of all without."""
        return np.stack([self[n] for n in (self if names is None else names)], axis=1)


class NgSpiceShared:
    """One circuit, its values and the plots that its analyses have left. What cannot be done raises
    NgSpiceCommandError, what is wrong with the circuit eqspice.Error."""

    def __init__(self, threads=1):
        self._threads, self._text, self._circuit = threads, None, None
        self._plots, self._current, self._counter = {}, None, 1
        self._commands = {"op": self._op, "dc": self._dc, "run": self._run, "alter": self._alter,
                          "print": self._print, "display": self._display, "listing": self._listing,
                          "setplot": self._setplot, "reset": self._reset, "destroy": self._destroy}

    @classmethod
    def new_instance(cls, **more):
        """As PySpice makes one; arguments but threads are of no use here."""
        return cls(threads=more.get("threads", 1))

    def load_circuit(self, text):
        """Reads a netlist; returns True. What is wrong with it raises eqspice.InputError."""
        text = text if isinstance(text, str) else "\n".join(text) if isinstance(text, (list, tuple)) else str(text)
        self._circuit = Circuit(text=text, threads=self._threads)
        self._text = text
        return True

    @property
    def circuit(self):
        """The eqspice.Circuit, for what no command does: batches and gradients."""
        return self._loaded()

    def _loaded(self):
        if self._circuit is None:
            raise NgSpiceCommandError("there is no circuit; call load_circuit before")
        return self._circuit

    @property
    def plot_names(self):
        """The newest first."""
        return list(reversed(self._plots))

    @property
    def last_plot(self):
        """The name of the newest; None without one."""
        return next(reversed(self._plots), None)

    def plot(self, *names):
        """The vectors of an analysis by its name (as PySpice, behind a simulation, which is not looked at), of
        the current one without."""
        name = names[-1] if names and names[-1] is not None else self._current
        if name not in self._plots:
            have = f"there are {', '.join(self.plot_names)}" if self._plots else "run op or dc before"
            raise NgSpiceCommandError(f"there is no plot{'' if name is None else f' {name!r}'}; {have}")
        return self._plots[name]

    def exec_command(self, command):
        """Does one command and returns what it prints."""
        words = command.replace("=", " ").replace(",", " ").split()
        if not words:
            return ""
        name = words[0].lower()
        if name in _OTHER:
            raise NgSpiceCommandError(f"{name!r} is an analysis {_OTHER[name]}; op and dc are here")
        if name not in self._commands:
            raise NgSpiceCommandError(f"there is no command {words[0]!r} here; there are " +
                                      ", ".join(sorted(self._commands)))
        if name not in ("destroy", "setplot"):
            self._loaded()
        return self._commands[name](words[1:]) or ""

    # The methods of the same names in PySpice.

    def run(self, background=False):
        """The .op and .dc cards of the circuit; it is done when this returns."""
        self.exec_command("run")
        return True

    def reset(self):
        """All values as the netlist has them."""
        self.exec_command("reset")

    def destroy(self, name="all"):
        """Forgets a plot, or all."""
        self.exec_command(f"destroy {name}")

    def listing(self):
        """The netlist as it was loaded, its lines numbered."""
        return self.exec_command("listing")

    def alter_device(self, device, **values):
        """alter_device("r1", r=2e3)."""
        for name, value in values.items():
            self.exec_command(f"alter @{device}[{name}] = {float(value)!r}")

    # What the commands do.

    def _keep(self, kind, points, axis=None):
        # ngspice's names: one number for all kinds, which grows where the name is taken.
        while f"{kind}{self._counter}" in self._plots:
            self._counter += 1
        self._current = f"{kind}{self._counter}"
        self._plots[self._current] = Plot(self._current, points, axis)

    def _op(self, words):
        if words:
            raise NgSpiceCommandError("op stands alone")
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
        if len(axes) < len(words) // 4:
            raise NgSpiceCommandError(f"dc sweeps {words[0]} twice; give two different sources")
        grid = [a.reshape(-1) for a in np.meshgrid(*reversed(list(axes.values())), indexing="ij")]
        inputs = dict(zip(reversed(list(axes)), grid))
        kind = self._circuit.find(words[0])[0][0].lower()
        self._keep("dc", self._circuit.op(inputs), (f"{kind}-sweep", inputs[words[0]]))

    def _run(self, words):
        lines, done = re.sub(r"\n[ \t]*\+", " ", self._text).splitlines()[1:], False
        for line in lines:
            card = line.strip().lower().split(None, 1)[0] if line.strip() else ""
            if card in (".op", ".dc") or card[1:] in _OTHER and card.startswith("."):
                self.exec_command(line.strip()[1:])
                done = True
        if not done:
            raise NgSpiceCommandError("the circuit has neither .op nor .dc; use exec_command")

    def _alter(self, words):
        """NAME VALUE, NAME PARAMETER VALUE, or @NAME[PARAMETER] VALUE."""
        name = words[0].lstrip("@").replace("[", "(").replace("]", ")") if words else ""
        if len(words) == 3:
            name = f"{name}({words[1]})"
        name = name.replace("(resistance)", "(r)")
        if len(words) not in (2, 3):
            raise NgSpiceCommandError("alter wants NAME = VALUE or NAME PARAMETER = VALUE")
        self._circuit.set(name, _number(words[-1]))

    def _print(self, words):
        if not words:
            raise NgSpiceCommandError("print wants the names of vectors, like v(out)")
        plot = self.plot()
        try:
            return "\n".join(f"{w} = {' '.join(f'{x:.9g}' for x in plot[w])}" for w in words)
        except KeyError as e:
            raise NgSpiceCommandError(f"{e.args[0]}; formulas are Python's, on the arrays of plot()") from None

    def _display(self, words):
        plot = self.plot()
        return "\n".join(f"{k} : {len(plot[k])} long" for k in plot)

    def _listing(self, words):
        return "\n".join(f"{k:6} : {line}" for k, line in enumerate(self._text.splitlines(), 1))

    def _setplot(self, words):
        if words:
            self._current = self.plot(words[0]).plot_name
            return ""
        return "\n".join(("Current " if k == self._current else "\t") + k for k in self.plot_names)

    def _reset(self, words):
        self.load_circuit(self._text)

    def _destroy(self, words):
        for name in self.plot_names if words == ["all"] else words or self.plot_names[:1]:
            if self._plots.pop(name, None) is None:
                raise NgSpiceCommandError(f"there is no plot {name!r}")
        if not self._plots:
            self._counter = 1
        if self._current not in self._plots:
            self._current = self.last_plot
