"""The PyTorch layer: gradcheck, and a small training (skipped without python3-torch)."""

import numpy as np
import pytest

import eqspice

torch = pytest.importorskip("torch")
import eqspice.torch  # noqa: E402
from decks import DIODES  # noqa: E402


def layer(**more):
    c = eqspice.Circuit(text=DIODES)
    return eqspice.torch.Layer(c, "v*", ["x", ("y", "x")], "r*", **more)


def test_gradcheck():
    one = layer()
    x = torch.tensor([[1.0, 2.0], [0.5, -1.0], [3.0, 0.2]], dtype=torch.double, requires_grad=True)

    def of_kilohms(x, kilohms):
        return eqspice.torch._Points.apply(x, 1e3 * kilohms, one)

    kilohms = (one.weight.detach() * 1e-3).requires_grad_()
    assert torch.autograd.gradcheck(of_kilohms, (x, kilohms), eps=1e-5, atol=1e-7, rtol=1e-5)


def test_two_calls_before_one_backward():
    one = layer()
    x = torch.tensor([[1.0, 2.0], [0.5, 1.0]], dtype=torch.double)
    both = one(x[:1]).sum() + one(x[1:]).sum()
    both.backward()
    apart = one.weight.grad.clone()
    one.weight.grad = None
    one(x).sum().backward()
    assert np.allclose(apart, one.weight.grad, rtol=1e-12)


def test_it_learns():
    torch.manual_seed(0)
    one = layer(low=10.0, high=1e6)
    x = torch.rand(32, 2, dtype=torch.double) * 3
    with torch.no_grad():
        want = layer()(x)
        one.weight.copy_(torch.tensor([5e2, 5e3, 1e3, 2e3], dtype=torch.double))
    scale = one.weight.detach().clone()
    losses = []
    for _ in range(60):
        one.weight.grad = None
        loss = ((one(x) - want) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            one.weight -= 0.5 * scale ** 2 * one.weight.grad / (one.weight.grad * scale).norm() * 0.2
        one.clamp_()
        losses.append(loss.item())
    assert min(losses) < 0.1 * losses[0]


def test_eqprop_is_near_the_adjoint():
    x = torch.tensor([[1.0, 2.0], [0.5, -1.0], [3.0, 0.2]], dtype=torch.double)
    got = {}
    for how in ({}, {"backward": "eqprop", "beta": 1e-6}, {"backward": "eqprop", "beta": 4e-6, "symmetric": False}):
        one, inputs = layer(**how), x.clone().requires_grad_()
        ((one(inputs) - 0.3) ** 2).sum().backward()
        got[how.get("beta")] = torch.cat([one.weight.grad * one.weight.detach(), inputs.grad.flatten()])
    for beta, bound in ((1e-6, 1e-4), (4e-6, 4e-2)):
        assert (got[beta] - got[None]).norm() < bound * got[None].norm()
        assert torch.cosine_similarity(got[beta], got[None], dim=0) > 0.9999
    with pytest.raises(TypeError, match="beta"):
        layer(backward="eqprop")
    with pytest.raises(ValueError, match="neither"):
        layer(backward="magic")


def test_tensors_that_do_not_fit_are_told():
    net = layer()
    with pytest.raises(TypeError, match="torch.int64"):
        net(torch.ones(3, 2, dtype=torch.int64))
    for shape in ((3, 4), (3, 1), ()):
        with pytest.raises(ValueError, match="the layer has 2 inputs"):
            net(torch.ones(shape))
    assert net(torch.ones(2)).shape == (2,) and net(torch.ones(0, 2)).shape == (0, 2)
    with pytest.raises(TypeError, match="a list of nodes or pairs"):
        eqspice.torch.Layer(net.circuit, "v*", "x", "r*")
