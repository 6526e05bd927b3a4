"""Seconds an example of STEPS steps s <- s + STEP (sigma(field) - s) of a free phase by plain PyTorch on one thread,
minibatches of 20, double precision: LAYERS is 784,500,10 or convnet. The best of 5 rounds. `make bench` runs it."""

import sys
import time

import torch
import torch.nn.functional as F

BATCH = 20
layers, step, steps = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
torch.manual_seed(1)


def uniform(*shape, rows):
    return (2 * torch.rand(*shape) - 1) / rows**0.5


def dense():
    width = [int(n) for n in layers.split(",")]
    w = [uniform(m, n, rows=m) for m, n in zip(width, width[1:])]
    s = [torch.zeros(BATCH, n) for n in width[1:]]
    drive = torch.rand(BATCH, width[0]) @ w[0]  # the inputs are held: once a phase
    for _ in range(steps):
        new = []
        for k in range(len(s)):
            field = drive if k == 0 else s[k - 1] @ w[k]
            if k + 1 < len(s):
                field = field + s[k + 1] @ w[k + 1].T
            new.append(torch.clamp(s[k] + step * (field - s[k]), 0, 1))
        s = new


def convnet():
    w1, w2 = uniform(32, 1, 5, 5, rows=25), uniform(64, 32, 5, 5, rows=800)
    w3 = uniform(1024, 10, rows=1024)
    s1, s2, s3 = (torch.zeros(BATCH, *n) for n in ((32, 12, 12), (64, 4, 4), (10,)))
    drive = F.max_pool2d(F.conv2d(torch.rand(BATCH, 1, 28, 28), w1), 2)
    for _ in range(steps):
        up, index = F.max_pool2d(F.conv2d(s1, w2), 2, return_indices=True)
        down = F.conv_transpose2d(F.max_unpool2d(s2, index, 2), w2)
        back = (s3 @ w3.T).view_as(s2)
        s3 = torch.clamp(s2.flatten(1) @ w3, 0, 1)
        s1, s2 = torch.clamp(drive + down, 0, 1), torch.clamp(up + back, 0, 1)


best = float("inf")
for _ in range(5):
    start = time.perf_counter()
    with torch.no_grad():
        convnet() if layers == "convnet" else dense()
    best = min(best, time.perf_counter() - start)
print(best / BATCH)
