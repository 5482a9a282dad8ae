# finds: unused parameters
import torch
from torch import nn
import torch.nn.functional as F


class Block(nn.Sequential):
    def __init__(self, i, o):
        super().__init__(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1 = Block(1, 8)
        self.down2 = Block(8, 16)
        self.skip = nn.Conv2d(8, 8, 1)
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.final = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        return self.final(F.relu(self.up(b)))


torch.manual_seed(7)
net = UNet()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(60):
    centre = torch.randint(2, 10, (8, 2))
    grid = torch.stack(torch.meshgrid(torch.arange(12), torch.arange(12), indexing="ij"))
    mask = ((grid[None] - centre[:, :, None, None]).float().pow(2).sum(1, keepdim=True) < 6).float()
    image = mask + 0.4 * torch.randn_like(mask)
    loss = F.binary_cross_entropy_with_logits(net(image), mask)
    opt.zero_grad()
    loss.backward()
    opt.step()
