"""Trained networks: `open` takes the folder of a run up, to be evaluated or used as a circuit."""

import csv
import math
import os
import pathlib
import threading
import warnings
from ctypes import byref, c_size_t, c_void_p
from typing import NamedTuple, Optional

import numpy as np

from ._lib import CMetrics, Diag, InputError, Kept, Message, PowerPart, UsageError, Warned, lib, name_of, threads_of, to_c
from .circuit import Circuit
from .training import metrics_of, settings_of

_open = open


class Target(NamedTuple):
    """How well one target is met, in the units of the data; r2 is nan where it is constant."""
    name: str
    rmse: float
    mae: float
    r2: float


class Power(NamedTuple):
    """W, means over the examples. watts: what sources deliver; element_class, layer and group: what each
    of them dissipates (layer: [layers], the sources first)."""
    watts: float
    element_class: dict
    layer: np.ndarray
    group: dict


class Evaluation(NamedTuple):
    """What eval gives. loss is the mean over the examples. With classes: error = wrong / examples,
    class_names, confusion [true, predicted], and true and predicted [examples], numbers of classes;
    targets is () and rmse and r2 are nan. With targets: rmse and r2 over all, targets with those of
    each, true and predicted [examples, targets] in the units of the data; error is nan. outputs
    [examples, outputs] V; potentials {node: [examples]} V and power where asked for, else None."""
    examples: int
    loss: float
    wrong: int
    error: float
    rmse: float
    r2: float
    class_names: tuple
    confusion: Optional[np.ndarray]
    targets: tuple
    true: np.ndarray
    predicted: np.ndarray
    outputs: np.ndarray
    potentials: Optional[dict]
    power: Optional[Power]


def _table(i, examples):
    """{column: [examples]}, copied."""
    names = [name_of(lib.eq_inference_column(i, k)) for k in range(lib.eq_inference_columns(i))]
    values = np.ctypeslib.as_array(lib.eq_inference_table(i), (examples, len(names))).copy()
    return {name: values[:, k] for k, name in enumerate(names)}


def _power(i):
    parts, part, k = {"total": [], "class": {}, "layer": [], "group": {}}, PowerPart(), 0
    while lib.eq_inference_power(i, k, byref(part)):
        kind, k = part.kind.decode(), k + 1
        if kind == "total":
            parts[kind].append(part.delivered)
        elif kind == "layer":
            parts[kind].append(part.dissipated)
        elif kind == "group" or part.delivered or part.dissipated:
            parts[kind][name_of(part.name)] = part.dissipated
    return Power(parts["total"][0], parts["class"], np.array(parts["layer"]), parts["group"])


def _evaluation(i, potentials, power):
    s = lib.eq_inference_score(i).contents
    names = tuple(name_of(s.class_name[k]) for k in range(s.classes))
    table, confusion, targets = _table(i, s.examples), None, ()
    if s.confusion:
        confusion = np.ctypeslib.as_array(s.confusion, (s.classes, s.classes)).astype(int)
        true, predicted = table["true"].astype(int), table["predicted"].astype(int)
    else:
        targets = tuple(Target(n, t.rmse, t.mae, t.r2) for n, t in zip(names, s.target[:s.classes]))
        true = np.stack([table["true " + n] for n in names], axis=1)
        predicted = np.stack([table["predicted " + n] for n in names], axis=1)
        names = ()
    outputs = np.stack([table[f"y{k + 1}"] for k in range(s.classes)], axis=1)
    nodes = {n[2:-1]: v for n, v in table.items() if n.startswith("v(")} if potentials else None
    return Evaluation(s.examples, s.loss, s.wrong, s.error, s.rmse, s.r2, names, confusion, targets, true,
                      predicted, outputs, nodes, _power(i) if power else None)


class Run(Kept):
    """A trained network, from the folder that `train` or `eqspice train` wrote. metrics: {column of
    metrics.csv: array}; epochs: how many were trained; epoch: the one that the network is of (the best
    on the validation set, where there is one); best: its Metrics, else None. What it warns of stands in
    messages and is an eqspice.Warned."""

    _instead = "open its folder once more"

    def __init__(self, folder, *, data=None, labels=None, set=None, temp=None, models=None, threads=1):
        self.folder, self._diag, self._pointer = pathlib.Path(folder), Diag(), c_void_p()
        self._place = self.folder.absolute()
        self._lock = threading.RLock()
        o = lib.eq_trained_defaults()
        o.data = None if data is None else to_c(data)
        o.labels = None if labels is None else to_c(labels)
        o.models = None if models is None else to_c(models)
        o.threads, o.set = threads_of(threads), settings_of(set)
        if temp is not None:
            if math.isnan(temp):
                raise ValueError("temp=nan is no temperature")
            o.temp = temp
        self._threads = threads
        data, labels, models = (None if p is None else os.path.abspath(p) for p in (data, labels, models))
        self._how, self._data = dict(set=set, temp=temp, models=models, threads=threads), (data, labels)
        self._diag.check(lib.eq_trained_open(to_c(folder), byref(o), byref(self._pointer),
                                             self._diag.pointer))
        self.messages, self._written = self._diag.warn(), self._when()
        row, epochs = CMetrics(), c_size_t()
        chosen = lib.eq_trained_chosen(self._pointer, byref(row), byref(epochs))
        self.epochs = epochs.value
        self.best = metrics_of(row) if chosen else None
        self.epoch = self.best.epoch if chosen else self.epochs

    def __del__(self, free=lib.eq_trained_free):
        if getattr(self, "_pointer", None):
            free(self._pointer)

    def _when(self):
        """When the checkpoint was written, and its size."""
        s = os.stat(self._place / "checkpoint")
        return s.st_mtime_ns, s.st_size

    def eval(self, data=None, *, labels=None, potentials=False, power=False):
        """Evaluates on the held-out examples, or on those of the file `data`, and returns an Evaluation.
        labels: the file of their labels, or targets, where data is a .npy or IDX file of other examples.
        potentials: with those of all nodes; power: with the power of an inference. Raises
        eqspice.InputError where there are no examples."""
        if data is not None or labels is not None:
            return Run(self._place, data=data, labels=labels, **self._how).eval(potentials=potentials, power=power)
        o, i = lib.eq_infer_defaults(), c_void_p()
        o.predictions, o.potentials, o.power = True, potentials, power
        with self._lock:
            self._diag.check(lib.eq_trained_infer(self._pointer, byref(o), byref(i), self._diag.pointer))
        try:
            return _evaluation(i, potentials, power)
        finally:
            lib.eq_inference_free(i)

    def circuit(self):
        """A circuit with the trained values, for op, vjp and a torch.Layer: read once more from the folder, so
        that what is set in it is in no other and in no eval. Raises eqspice.UsageError where the experiment
        has a <network>, which is none."""
        if not lib.eq_trained_circuit(self._pointer):
            raise UsageError([Message("error", None, 0, 0, f"'{self.folder}' is a run of a <network>, "
                                      "which is no circuit; take eval")])
        if self._when() != self._written:
            raise InputError([Message("error", None, 0, 0, f"'{self.folder}' has been trained since it was opened; "
                                      "open it once more")])
        data, labels = self._data
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Warned)  # told when this run was opened
            own = Run(self._place, data=data, labels=labels, **self._how)
        return Circuit._of(lib.eq_trained_circuit(own._pointer), own, self._threads)

    @property
    def metrics(self):
        """{name: [epochs]} of metrics.csv, as it stands now."""
        with _open(self.folder / "metrics.csv", newline="") as f:
            head, *rows = list(csv.reader(f)) or [[]]
        columns = zip(*rows) if rows else [()] * len(head)
        return {name: np.array([float(v) if v else np.nan for v in column])
                for name, column in zip(head, columns)}

    def __repr__(self):
        return f"<run {os.fspath(self.folder)!r}, epoch {self.epoch} of {self.epochs}>"


def open(folder, *, data=None, labels=None, set=None, temp=None, models=None, threads=1):
    """Takes up the folder of a run: eqspice.open("runs/iris").eval().

    data: evaluate on the rows of this file instead of the held-out ones; labels: the file of theirs, as in
    Run.eval. set: {name: value} changes of
    its experiment, as in train; temp: degrees C; models: a deck whose .model cards take the place of the
    circuit's. Nothing is trained again. Raises eqspice.InputError where the folder is no run or its
    files do not belong together."""
    return Run(folder, data=data, labels=labels, set=set, temp=temp, models=models, threads=threads)
