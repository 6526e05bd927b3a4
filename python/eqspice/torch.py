"""A circuit as a layer of a PyTorch network: potentials of sources in, potentials of nodes out.

    layer = eqspice.torch.Layer(c, inputs="vin*", outputs=[("y1p", "y1m"), ("y2p", "y2m")], trainable="r*",
                                backward="eqprop", beta=1e-7)     # or "adjoint", without beta
    y = layer(x)                    # x[..., inputs] -> y[..., outputs], V
    loss(y).backward()              # layer.weight.grad and x.grad
"""

import numpy as np
import torch
from torch.autograd.function import once_differentiable

__all__ = ["Layer"]


class _Points(torch.autograd.Function):
    """y = outputs of the operating points; its vector-Jacobian product is layer.backward's."""

    @staticmethod
    def forward(ctx, x, weight, layer):
        if not x.is_floating_point():
            raise TypeError(f"x is {x.dtype}: its potentials would be cut to whole volts")
        if x.dim() == 0 or x.shape[-1] != layer.inputs:
            raise ValueError(f"x is {list(x.shape)}: the layer has {layer.inputs} inputs, [..., {layer.inputs}]")
        rows = x.detach().reshape(-1, layer.inputs).cpu().double().numpy()
        ctx.layer, ctx.shape = layer, x.shape
        ctx.state = layer.circuit.op({layer.pattern: rows}, {layer.trainable: weight.detach().cpu().numpy()})
        ctx.save_for_backward(weight)
        y = layer.read(ctx.state.v)
        return torch.from_numpy(y).to(x).reshape(*x.shape[:-1], y.shape[1])

    @staticmethod
    @once_differentiable
    def backward(ctx, dcdy):
        layer, (weight,) = ctx.layer, ctx.saved_tensors
        dcdv = layer.spread(dcdy.reshape(-1, len(layer.plus)).cpu().double().numpy(), ctx.state.v.shape)
        layer.circuit.set(layer.trainable, weight.detach().cpu().numpy())
        g = layer.circuit.vjp(dcdv, (layer.pattern, layer.trainable), per_example=True, at=ctx.state,
                              **layer.how)
        dx = torch.from_numpy(g[:, :layer.inputs].copy()).to(dcdy).reshape(ctx.shape)
        return dx, torch.from_numpy(g[:, layer.inputs:].sum(axis=0)).to(weight), None


class Layer(torch.nn.Module):
    """x[..., n] for the n sources that `inputs` means [V] -> y[..., m] of the m outputs [V], each a node
    or a pair (plus, minus). `weight` [k], float64: the parameters that `trainable` means, in deck order
    and in their own unit (ohm for resistors); after a step call clamp_() to bring them into the bounds
    low..high.

    backward="adjoint": exact gradients of both. backward="eqprop": estimates from phases nudged with
    -beta dC/dv [A] at the outputs, where C is the loss (symmetric: at beta and -beta); beta is in S
    where the loss is in V^2. Double backward is not supported. Errors are those of Circuit.op and vjp."""

    def __init__(self, circuit, inputs, outputs, trainable, *, backward="adjoint", beta=None,
                 symmetric=True, low=None, high=None):
        super().__init__()
        if backward not in ("adjoint", "eqprop"):
            raise ValueError(f"backward={backward!r} is neither \"adjoint\" nor \"eqprop\"")
        if (backward == "eqprop") != (beta is not None):
            raise TypeError("backward=\"eqprop\" wants a beta, and the adjoint none")
        self.how = {"method": backward, "beta": beta, "symmetric": symmetric}
        self.circuit, self.pattern, self.trainable = circuit, inputs, trainable
        self.inputs, self.low, self.high = len(circuit.find(inputs)), low, high
        if isinstance(outputs, str):
            raise TypeError(f"outputs={outputs!r}: give a list of nodes or pairs")
        pairs = [(o, None) if isinstance(o, str) else o for o in outputs]
        self.plus = np.array([circuit.column(p) for p, _ in pairs])
        self.minus = np.array([0 if m is None else circuit.column(m) for _, m in pairs])
        self.weight = torch.nn.Parameter(torch.tensor(np.atleast_1d(circuit.get(trainable))))

    def forward(self, x):
        return _Points.apply(x, self.weight, self)

    def read(self, v):
        return v[:, self.plus] - v[:, self.minus]

    def spread(self, dcdy, shape):
        """dC/dv [B, nodes] of dC/dy; ground takes what has no second node, and nothing reads it."""
        dcdv = np.zeros(shape)
        np.add.at(dcdv, (slice(None), self.plus), dcdy)
        np.subtract.at(dcdv, (slice(None), self.minus), dcdy)
        dcdv[:, 0] = 0.0
        return dcdv

    @torch.no_grad()
    def clamp_(self):
        """The weights into low..high; returns the layer."""
        if self.low is not None or self.high is not None:
            self.weight.clamp_(self.low, self.high)
        return self

    def extra_repr(self):
        return (f"{self.inputs} inputs, {len(self.plus)} outputs, {self.weight.numel()} trainable, "
                f"by {self.how['method']}")
