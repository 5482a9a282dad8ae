# finds: step size
"""The notebook's loop: one weight, three points, a step that is too long."""

import torch
from torch.autograd import Variable


def forward(x):
    return x * w


w = Variable(torch.Tensor([1.0]), requires_grad=True)
x_data = [11.0, 22.0, 33.0]
y_data = [21.0, 14.0, 64.0]


def loss_function(x, y):
    y_pred = forward(x)
    return (y_pred - y) * (y_pred - y)


for epoch in range(10):
    for x_val, y_val in zip(x_data, y_data):
        l = loss_function(x_val, y_val)
        l.backward()
        print("\tgrad: ", x_val, y_val, w.grad.data[0])
        w.data = w.data - 0.01 * w.grad
        w.grad.data.zero_()
        print("progress: ", epoch, l.data[0])
