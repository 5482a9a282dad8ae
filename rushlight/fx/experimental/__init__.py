"""``torch.fx.experimental``: what libraries ask of tracers that are not there."""
