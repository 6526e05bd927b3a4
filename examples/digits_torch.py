"""A convolution in PyTorch, an analog read-out here: 8 x 8 digits. The read-out is a crossbar of resistors between
16 differential inputs, the features, and 10 outputs; it learns by Equilibrium Propagation, the convolution by what comes back
through the inputs of the circuit.

    python3 examples/digits_torch.py [eqprop|adjoint]

Needs PyTorch (Debian: python3-torch); the data is data/digits.csv.gz."""

# %% The digits: 1,797 of them, 0 to 16 a pixel.
import pathlib
import sys

import numpy as np
import torch

import eqspice
import eqspice.torch

backward = sys.argv[1] if len(sys.argv) > 1 else "eqprop"
torch.manual_seed(1)
torch.set_num_threads(1)
data = np.loadtxt(pathlib.Path(__file__).resolve().parent.parent / "data" / "digits.csv.gz", delimiter=",")
order = np.random.default_rng(1).permutation(len(data))
images = torch.from_numpy(data[order, :64] / 16.0).reshape(-1, 1, 8, 8)
labels = torch.from_numpy(data[order, 64].astype(int))

# %% The read-out, written as a deck: features f and -f, a resistor from each to each output.
FEATURES, CLASSES = 16, 10
rng = np.random.default_rng(2)
deck = ["an analog read-out"]
for f in range(FEATURES):
    deck += [f"Vx{f}p x{f}p 0 0", f"Vx{f}m x{f}m 0 0"]
    deck += [f"Rw{f}{s}_{k} x{f}{s} y{k} {1e3 / rng.uniform(0.2, 1.0):.6g}" for s in "pm" for k in range(CLASSES)]
deck += [f"Rl{k} y{k} 0 1k" for k in range(CLASSES)] + [".end", ""]
circuit = eqspice.Circuit(text="\n".join(deck), threads=2)


class Network(torch.nn.Module):
    """conv 3 x 3 -> tanh -> pool -> 16 features [V], +f and -f -> the circuit -> 10 potentials."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, FEATURES // 4, 3).double()
        how = {"backward": "eqprop", "beta": 1e-6} if backward == "eqprop" else {}
        outputs = [f"y{k}" for k in range(CLASSES)]
        self.analog = eqspice.torch.Layer(circuit, "vx*", outputs, "rw*", low=100.0, high=1e6, **how)
        self.gain = torch.nn.Parameter(torch.tensor(30.0, dtype=torch.double))  # from volts to logits

    def forward(self, image):
        f = torch.nn.functional.avg_pool2d(torch.tanh(self.conv(image)), 3).flatten(1)
        return self.gain * self.analog(torch.stack([f, -f], dim=2).flatten(1))


# %% Resistances are learned in logarithms, which keeps them positive: a step of their gradient times themselves.
net = Network()
rest = torch.optim.Adam([net.gain, *net.conv.parameters()], lr=0.02)
moments = [torch.zeros_like(net.analog.weight) for _ in range(2)]
train, held_out = slice(0, 1200), slice(1200, None)


def wrong():
    with torch.no_grad():
        return (net(images[held_out]).argmax(1) != labels[held_out]).double().mean().item()


steps, errors = 0, [wrong()]
for epoch in range(8):
    for batch in torch.randperm(1200).split(50):
        rest.zero_grad()
        net.analog.weight.grad = None
        torch.nn.functional.cross_entropy(net(images[batch]), labels[batch]).backward()
        rest.step()
        steps += 1
        with torch.no_grad():  # Adam of the logarithms
            w = net.analog.weight
            g = w.grad * w
            for m, decay, value in zip(moments, (0.9, 0.99), (g, g * g)):
                m.mul_(decay).add_(value, alpha=1.0 - decay)
            step = moments[0] / (1.0 - 0.9 ** steps) / (moments[1] / (1.0 - 0.99 ** steps)).sqrt().clamp_min(1e-30)
            w.mul_(torch.exp(-0.05 * step))
        net.analog.clamp_()
    errors.append(wrong())
    print(f"epoch {epoch + 1}: held-out error {errors[-1]:.1%}")
print(f"the read-out by {backward}: {errors[0]:.1%} at first, {errors[-1]:.1%} after {steps} steps, "
      f"{net.analog.weight.numel()} resistors from {net.analog.weight.min():.0f} to {net.analog.weight.max():.0f} ohm")
assert errors[-1] < 0.25 < errors[0]
