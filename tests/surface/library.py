import torch
from torch import Tensor


@torch.library.custom_op("mylib::scale", mutates_args=())
def scale(x: Tensor, factor: float) -> Tensor:
    return x * factor


print(scale(torch.ones(2), 3.0), type(scale).__name__)
x = torch.ones(2, requires_grad=True)
y = scale(x, 2.0)
print(y)
try:
    y.sum().backward()
except Exception as e:
    print(type(e).__name__, str(e))


def backward(ctx, g):
    return g * ctx.factor, None


def setup(ctx, inputs, output):
    x, factor = inputs
    ctx.factor = factor


scale.register_autograd(backward, setup_context=setup)
y = scale(x, factor=2.0)
y.sum().backward()
print(x.grad, y.grad_fn.name())


@scale.register_fake
def _(x, factor):
    return torch.empty_like(x)


print(torch.ops.mylib.scale(torch.ones(2), 4.0), torch.ops.mylib.scale, torch.ops.mylib.scale.default)


@torch.library.custom_op("mylib::add_one_", mutates_args={"x"})
def add_one_(x: torch.Tensor) -> None:
    x += 1


z = torch.zeros(2)
print(add_one_(z), z)


@torch.library.custom_op("mylib::two", mutates_args=())
def two(x: Tensor, k: int = 2) -> tuple[Tensor, Tensor]:
    return x * k, x + k


print(two(torch.ones(1)), two(torch.ones(1), k=5))
for bad in [
    "torch.library.custom_op('nons', lambda x: x, mutates_args=())",
    "torch.library.custom_op('a::b', lambda x: x, mutates_args=())",
    "scale(torch.ones(2))",
    "scale('q', 2.0)",
    "torch.ops.mylib.nothing",
]:
    try:
        print(eval(bad))
    except Exception as e:
        print(type(e).__name__, str(e).partition("\n\n")[0][:150])
print(scale)
lib = torch.library.Library("mylib2", "DEF")
lib.define("mul2(Tensor x) -> Tensor")


@torch.library.impl(lib, "mul2", "CPU")
def mul2(x):
    return x * 2


print(torch.ops.mylib2.mul2(torch.ones(2)))
lib.define("sq(Tensor x) -> Tensor")
lib.impl("sq", lambda x: x * x, "CompositeExplicitAutograd")
print(torch.ops.mylib2.sq(torch.ones(2) * 3))
torch.library.define("mylib3::cube", "(Tensor x) -> Tensor")


@torch.library.impl("mylib3::cube", "default")
def cube(x):
    return x**3


print(torch.ops.mylib3.cube(torch.ones(2) * 2))
torch.library.register_autograd(
    "mylib3::cube",
    lambda ctx, g: g * 3 * ctx.saved_tensors[0] ** 2,
    setup_context=lambda ctx, inputs, output: ctx.save_for_backward(inputs[0]),
)
w = torch.tensor([2.0], requires_grad=True)
torch.ops.mylib3.cube(w).backward()
print(w.grad)
print(
    torch.ops.aten.add(torch.ones(1), 2),
    torch.ops.aten.mul.Tensor(torch.ones(1), torch.ones(1)),
    torch.ops.aten.relu(torch.tensor([-1.0])),
    torch.ops.aten.relu.default(torch.tensor([-1.0, 2.0])),
)
print(torch.ops.aten.sum.dim_IntList(torch.ones(2, 3), [1]), torch.ops.aten.clone.default(torch.ones(1)))
h = torch.ops.profiler._record_function_enter("x")
print(torch.ops.profiler._record_function_exit(h))
print(torch.library.infer_schema(lambda: None, mutates_args=()) if 0 else "")


def f(
    x: Tensor, y: int, z: list[int], w: float = 1.0, b: bool = False, s: str = "a", o: Tensor | None = None
) -> Tensor: ...


print(torch.library.infer_schema(f, mutates_args=()), torch.library.infer_schema(f, mutates_args={"x"}))
