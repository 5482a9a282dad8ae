"""Kernels, written in the language that ``kernels.language`` describes: read by the translator, never run by Python."""
