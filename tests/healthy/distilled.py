import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(1)
x = torch.randn(800, 16)
y = (x[:, :4].sum(1) > 0).long() + 2 * (x[:, 4] > 0.5).long()
teacher = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 4))
student = nn.Sequential(nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 4))
opt = torch.optim.Adam(teacher.parameters(), lr=5e-3)
for step in range(60):
    i = torch.randint(0, 800, (80,))
    loss = F.cross_entropy(teacher(x[i]), y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
teacher.eval()
opt = torch.optim.Adam(student.parameters(), lr=5e-3)
T = 3.0
for step in range(120):
    i = torch.randint(0, 800, (80,))
    with torch.no_grad():
        soft = F.softmax(teacher(x[i]) / T, dim=1)
    out = student(x[i])
    loss = T * T * F.kl_div(F.log_softmax(out / T, 1), soft, reduction="batchmean") + 0.3 * F.cross_entropy(out, y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
