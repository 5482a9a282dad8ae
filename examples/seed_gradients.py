"""The loop that Rushlight began with: one weight, three points, a step that is too long.

Fits y = w * x by stochastic gradient descent. With this learning rate the step overshoots further each time: the
loss grows from 100 to infinity within 24 steps. The digits are the notebook's own. Change LEARNING_RATE to 0.0005 and
it converges.
"""

import torch

LEARNING_RATE = 0.01

points = [(11.0, 21.0), (22.0, 14.0), (33.0, 64.0)]
w = torch.tensor([1.0], requires_grad=True)

for epoch in range(10):
    for x, y in points:
        loss = (x * w - y) ** 2
        loss.backward()
        print("\tgrad: ", x, y, w.grad[0])
        with torch.no_grad():
            w -= LEARNING_RATE * w.grad
        w.grad.zero_()
        print("progress: ", epoch, loss.detach()[0])
