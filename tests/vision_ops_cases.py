"""Calls of torchvision's ops and of ours, as text; answered as those of vision_transform_cases are."""

#: Names in a case: ops, nn, b and c (boxes), s (scores), k (classes), x (features), r (regions).
CASES = """
ops.box_area(b); ops.box_area(ops.box_convert(b, 'xyxy', 'cxcywh'), 'cxcywh'); ops.box_iou(b, c); ops.box_iou(b, c, 'xywh')
ops.box_iou(b, c, 'cxcywh'); ops.box_area(b.int()); ops.box_iou(b.int(), c.int()); ops.box_iou(b.half(), c.half())
ops.generalized_box_iou(b, c); ops.distance_box_iou(b, c); ops.complete_box_iou(b, c); ops.box_convert(b, 'xyxy', 'xywh')
ops.box_convert(b, 'xywh', 'cxcywh'); ops.box_convert(b, 'cxcywh', 'xywh'); ops.box_convert(b.int(), 'xyxy', 'cxcywh')
ops.clip_boxes_to_image(b, (30, 20)); ops.remove_small_boxes(b, 6.0); ops.masks_to_boxes((x[0] > 1.2)); ops.nms(b, s, 0.3)
ops.nms(b, s, 0.1); ops.nms(torch.cat([b, b]), torch.cat([s, s]), 0.5); ops.batched_nms(b, s, k, 0.1)
ops.nms(b[:0], s[:0], 0.1); ops.nms(b, s[:3], 0.1); ops.nms(b[0], s, 0.1); ops.sigmoid_focal_loss(x, (x > 0).float())
ops.sigmoid_focal_loss(x, (x > 0).float(), -1, 1.5, 'mean'); ops.sigmoid_focal_loss(x, x, reduction='no')
ops.generalized_box_iou_loss(b[:5], c[:5]); ops.distance_box_iou_loss(b[:5], c[:5], 'mean')
ops.complete_box_iou_loss(b[:5], c[:5], 'sum'); ops.roi_align(x, r, 3); ops.roi_align(x, r, (2, 4), 0.5)
ops.roi_align(x, r, 2, 0.7, 2, True); ops.roi_align(x, [b[:2] / 4, c[:3] / 4], 2); ops.roi_align(x, r[:0], 2)
ops.roi_pool(x, r, 3); ops.roi_pool(x, r, (2, 5), 0.6); ops.roi_pool(x, [b[:2] / 4, c[:3] / 4], 2)
ops.RoIAlign(2, 1.0, 2)(x, r); ops.RoIPool(3, 0.5); ops.RoIAlign((2, 3), 0.5, -1, aligned=True)
ops.stochastic_depth(x, 0.5, 'row'); ops.stochastic_depth(x, 0.4, 'batch'); ops.stochastic_depth(x, 0.4, 'row', False)
ops.StochasticDepth(0.2, 'row'); ops.drop_block2d(x, 0.3, 3); ops.DropBlock2d(0.2, 5)(x); ops.DropBlock2d(0.2, 5)
ops.drop_block3d(x[None], 0.3, 3); ops.DropBlock3d(0.2, 3); ops.FrozenBatchNorm2d(3); ops.FrozenBatchNorm2d(4)(x)
ops.Conv2dNormActivation(4, 6)(x); ops.Conv2dNormActivation(4, 6, (3, 5), dilation=2, activation_layer=None)
ops.Conv3dNormActivation(4, 6, norm_layer=None); ops.SqueezeExcitation(4, 2)(x)
ops.MLP(8, [4, 5], nn.LayerNorm, dropout=0.1); ops.MLP(12, [4, 5])(x); ops.Permute([0, 2, 3, 1])(x)
list(ops.FeaturePyramidNetwork([4, 4], 5)({'a': x, 'b': x[..., ::2, ::2]}).values()); ops.FeaturePyramidNetwork([4, 3], 5)
grad(lambda x: ops.roi_align(x, r, 3).square().sum(), x); grad(lambda x: ops.roi_pool(x, r, 3).square().sum(), x)
grad(lambda b: ops.complete_box_iou_loss(b, c[:5], 'sum'), b[:5]); grad(lambda b: ops.generalized_box_iou(b, c).sum(), b)
grad(lambda x: ops.sigmoid_focal_loss(x, (x > 0).float()).sum(), x)
"""


def names(torch, torchvision):
    """What a case may name."""
    from importlib import import_module

    generator = torch.Generator().manual_seed(3)

    def boxes(n):
        corners = torch.rand(n, 2, generator=generator) * 20
        return torch.cat([corners, corners + 1 + torch.rand(n, 2, generator=generator) * 15], dim=1)

    def grad(function, x):
        x = x.detach().clone().requires_grad_()
        function(x).backward()
        return x.grad

    b, c = boxes(7), boxes(5)
    x = torch.randn(2, 4, 10, 12, generator=generator)
    regions = torch.tensor(
        [[0, 0.5, 1, 7, 9.0], [1, -2, -3, 4, 5], [1, 3, 3, 3.2, 3.1], [0, 6, 5, 15, 14], [0, 20, 20, 25, 25]]
    )
    return {
        "torch": torch, "ops": import_module(torchvision.__name__ + ".ops"), "nn": torch.nn, "b": b, "c": c, "x": x, "r": regions,
        "s": torch.rand(7, generator=generator), "k": torch.tensor([0, 1, 0, 2, 1, 0, 0]), "grad": grad,
    }  # fmt: skip
