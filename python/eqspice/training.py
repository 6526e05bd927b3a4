"""Experiments: `train` runs one as the program does, with a function that sees every epoch."""

import contextlib
import os
import signal
import threading
from ctypes import POINTER, byref, c_char_p, c_int, c_void_p, cast
from typing import NamedTuple

from ._lib import CMetrics, Diag, ON_BEGIN, ON_EPOCH, Settings, lib, threads_of, to_c

ENGINES = {"auto": 0, "layered": 1, "sparse": 2}


class Metrics(NamedTuple):
    """A row of metrics.csv: losses are means per example, errors fractions of wrong classes, rmse and
    r2 those of targets; nan without such a set."""
    epoch: int
    train_loss: float
    train_error: float
    test_loss: float
    test_error: float
    examples_per_s: float
    seconds: float
    train_rmse: float
    train_r2: float
    test_rmse: float
    test_r2: float
    validation_loss: float
    validation_error: float
    validation_rmse: float
    validation_r2: float
    gradient_cosine: float
    mode_hops: float
    train_before: float
    test_before: float
    inner_steps: float


def metrics_of(m):
    return Metrics(*(getattr(m, name) for name in Metrics._fields))


def _listen(fd, stop, forward):
    """Until the end of the pipe: each byte is the number of a signal, which others may wait for, too."""
    with contextlib.suppress(OSError):
        while said := os.read(fd, 64):
            if signal.SIGINT in said:
                stop.value = 1
            if forward >= 0:
                os.write(forward, said)


@contextlib.contextmanager
def _stopped_by_ctrl_c(stop):
    """Ctrl-C ends the training after its minibatch, with the checkpoint written. Python calls its handlers
    between its own instructions, of which there are none in a training: what C writes into a pipe is heard
    by a thread. Another thread than the main one gets no signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    listen, speak = os.pipe()
    os.set_blocking(speak, False)
    handler = signal.signal(signal.SIGINT, lambda *_: setattr(stop, "value", 1))
    waiting = signal.set_wakeup_fd(speak, warn_on_full_buffer=False)
    thread = threading.Thread(target=_listen, args=(listen, stop, waiting), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(waiting)
        signal.signal(signal.SIGINT, handler)
        os.close(speak)
        thread.join()
        os.close(listen)


def settings_of(given):
    items = [to_c(f"{name}={value}") for name, value in (given or {}).items()]
    return Settings((c_char_p * max(1, len(items)))(*items), len(items))


def train(experiment, folder=None, *, set=None, on_epoch=None, threads=1, resume=False, force=False,
          watch_gradient=False, engine="auto"):
    """Trains the experiment (path of its XML file) and returns the last row of metrics.

    set: {name: value} to change before, as --set: {"estimator.beta": 1e-7, "d*(is)": "2u"}.
    folder: where metrics.csv, model.cir and checkpoint go; None: nothing is written.
    on_epoch: called with the Metrics of every epoch; an exception in it ends the training and is
    raised again. Ctrl-C ends it after the minibatch and raises eqspice.Interrupted (a KeyboardInterrupt);
    resume=True goes on to the same bits. What the training warns of is an eqspice.Warned."""
    if engine not in ENGINES:
        raise ValueError(f"engine={engine!r} is none of {', '.join(ENGINES)}")
    diag, x, last, stop = Diag(), c_void_p(), CMetrics(), c_int(0)
    diag.check(lib.eq_experiment_read_with(to_c(experiment), byref(settings_of(set)), byref(x),
                                           diag.pointer))
    raised = []

    def epoch(_, m):
        try:
            on_epoch(metrics_of(m.contents))
        except BaseException as e:  # it must not cross the C frames
            raised.append(e)
            stop.value = 1

    o = lib.eq_train_defaults()
    o.folder = None if folder is None else to_c(folder)
    o.resume, o.force, o.threads, o.engine = resume, force, threads_of(threads), ENGINES[engine]
    o.watch_gradient = watch_gradient
    o.begin = ON_BEGIN(lambda *_: None)  # who asks for it has the first gradient looked at, and is warned
    o.stop = cast(byref(stop), POINTER(c_int))
    o.epoch = ON_EPOCH(epoch) if on_epoch is not None else ON_EPOCH()
    try:
        with _stopped_by_ctrl_c(stop):
            status = lib.eq_train(x, byref(o), byref(last), None, diag.pointer)
    finally:
        lib.eq_experiment_free(x)
    if raised:
        raise raised[0]
    diag.check(status)
    diag.warn()
    return metrics_of(last)
