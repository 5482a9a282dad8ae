"""Modules of PyTorch's inside that packages import: ``torch.nn._reduction``, ``torch._jit_internal``, old names of ``torch.jit``."""

import pytest

import rushlight as torch
from rushlight import _jit_internal, nn
from rushlight.nn import _reduction


def test_reductions_have_numbers():
    assert [_reduction.get_enum(r) for r in ("none", "mean", "sum")] == [0, 1, 2]
    with pytest.raises(ValueError, match="x is not a valid value for reduction"):
        _reduction.get_enum("x")
    with pytest.warns(UserWarning, match="please use reduction='sum' instead") as said:
        assert _reduction.legacy_get_string(False, None) == "sum"
    assert said[0].filename == __file__
    assert _reduction.legacy_get_enum(None, False, emit_warning=False) == 0


def test_code_written_for_torchscript():
    assert torch.jit._unwrap_optional(3) == 3
    with pytest.raises(AssertionError, match="Unwrapping null optional"):
        torch.jit._unwrap_optional(None)
    assert torch.jit.script_method(len) is len
    assert torch._jit_internal is _jit_internal and torch._jit_internal.Optional[int] == int | None
    two = _jit_internal.boolean_dispatch(
        "flag", 1, False, lambda x, flag=False: "yes", lambda x, flag=False: "no", "m", "pick"
    )
    assert (two(0), two(0, True), two(0, flag=True), two.__name__, two.__module__) == ("no", "yes", "yes", "pick", "m")
    assert (
        _jit_internal.is_list(list[int])
        and _jit_internal.is_optional(int | None)
        and not _jit_internal.is_tuple(list[int])
    )
    assert _jit_internal.is_dict(dict[str, int]) and _jit_internal.is_final(_jit_internal.Final[int])
    assert _jit_internal.BroadcastingList2[int] is None


def test_container_still_holds_modules():
    with pytest.warns(FutureWarning, match="`nn.Container` is deprecated"):
        held = nn.Container(a=nn.Linear(1, 1))
    assert isinstance(held.a, nn.Linear) and str(held).startswith("Container(\n  (a): Linear")


def test_a_parameter_of_a_class_with_arguments_of_its_own():
    class OnManifold(nn.Parameter):
        def __new__(cls, data=None, manifold=None, requires_grad=True):
            made = torch.Tensor._make_subclass(cls, data, requires_grad)
            made.manifold = manifold
            return made

    assert OnManifold(torch.ones(2), manifold="sphere").manifold == "sphere"
    with pytest.raises(TypeError, match="unexpected keyword argument 'manifold'"):
        nn.Parameter(torch.ones(2), manifold="sphere")


def test_what_minimisers_import_of_autograd():
    from rushlight.autograd import functional

    x = torch.ones(2, requires_grad=True)
    assert functional._as_tuple(x, "inputs", "f") == (False, (x,)) and functional._as_tuple((x, x), "inputs", "f")[0]
    with pytest.raises(
        TypeError,
        match="The inputs given to jacobian must be either a Tensor or a tuple of Tensors but the given inputs",
    ):
        functional.jacobian(lambda x: x[0] * 2, [x])
    unpacked = [
        functional._tuple_postprocess(*a)
        for a in (((1,), False), (((1,),), (False, False)), (((1,), (2,)), (True, False)))
    ]
    assert unpacked == [1, 1, (1, 2)]
    done = functional._grad_postprocess(((x * 2,),), create_graph=False)
    assert not done[0][0].requires_grad and functional._grad_postprocess(done, True)[0][0] is done[0][0]


def test_what_packages_that_print_and_copy_modules_import():
    assert nn._addindent("a\nb\n c", 4) == "a\n    b\n     c"
    first, second = nn._get_clones(nn.Linear(1, 1), 2)
    assert first.weight is not second.weight and torch.equal(first.weight, second.weight)
    assert nn.init._no_grad_zero_(torch.ones(2)).tolist() == [0, 0]
