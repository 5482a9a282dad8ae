"""The side-by-side benchmark: the same programs on PyTorch and on Rushlight, in fresh processes that take turns.

``programs`` and ``sizes`` say what is run, ``measure`` and ``machine`` run inside a process that is measured, ``processes`` starts
it, ``compare``, ``sweep`` and ``resources`` ask their questions of many such processes, ``report`` and ``plots`` write the answers,
``command`` is ``rushlight bench``. docs/benchmarks.md says how to read the result.

The modules that run inside a measured process import nothing of Rushlight, so that PyTorch's process does not load it.
"""
