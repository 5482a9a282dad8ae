"""The command ``rushlight``: run a program written for torch, say what it would run on, measure it beside PyTorch."""

from __future__ import annotations

import argparse
import importlib
import sys

#: Commands whose arguments are read by a module of their own, loaded when they are given: the module, what it does.
APART = {
    "watch": (
        "watching.command",
        "run a script and show its training: norms, dead units, time, memory (docs/watch.md)",
    ),
    "init": (
        "init.command",
        "show how a script's weights were drawn; without a script, compare distributions (docs/init.md)",
    ),
    "bench": ("bench.command", "measure Rushlight beside PyTorch (docs/benchmarks.md)"),
}
COMMANDS = ("run", "explain", "diagnose", "tour", "doctor", *APART)


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status. ``rushlight PROGRAM ...`` is short for ``rushlight run PROGRAM ...``."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] not in COMMANDS and (arguments[0] == "--legacy" or not arguments[0].startswith("-")):
        arguments = ["run", *arguments]
    if arguments and arguments[0] in APART:
        return _apart(arguments[0], arguments[1:])
    options = _parser().parse_args(arguments)
    if options.command == "run":
        from .compat.run import run_file

        return run_file(options.program, options.arguments, legacy=options.legacy)
    if options.command == "explain":
        from .explain import command

        return command.run(options)
    if options.command == "diagnose":
        return _diagnose(options)
    if options.command == "tour":
        return _tour(options)
    from .compat import doctor

    if options.clear_cache:
        print(doctor.clear_cache())
    else:
        doctor.show()
    return 0


def _diagnose(options: argparse.Namespace) -> int:
    import os

    from .compat.run import execute
    from .explain.diagnosis import diagnose_program

    if not os.path.isfile(options.program):
        print(f"rushlight: can't open file '{options.program}'", file=sys.stderr)
        return 2
    report = diagnose_program(
        lambda: execute(options.program, options.arguments), steps=options.steps, seconds=options.seconds
    )
    report.show()
    return 0


def _tour(options: argparse.Namespace) -> int:
    from .tour import play

    try:
        return play(options.notebook, stop=False if options.all else None)
    except ModuleNotFoundError as error:
        if error.name != "rich":
            raise
        print(f"rushlight: {error}", file=sys.stderr)
        return 1


def _apart(name: str, arguments: list[str]) -> int:
    module, does = APART[name]
    command = importlib.import_module(f".{module}", __package__)
    parser = argparse.ArgumentParser(prog=f"rushlight {name}", description=f"{does[0].upper()}{does[1:]}.")
    command.options(parser)
    return int(command.run(parser.parse_args(arguments), parser))


def _parser() -> argparse.ArgumentParser:
    from . import __version__

    parser = argparse.ArgumentParser(prog="rushlight", description="Run PyTorch programs without torch.")
    parser.add_argument("--version", action="version", version=f"rushlight {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run a script or notebook that says `import torch`")
    run.add_argument("--legacy", action="store_true", help="accept idioms of PyTorch 0.1 to 0.4, warning once for each")
    run.add_argument("program", metavar="PROGRAM", help="a .py script or an .ipynb notebook")
    run.add_argument("arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="the program's own arguments")
    explain = commands.add_parser(
        "explain", help="run a script and show the graph of its last loss, or why its forward failed"
    )
    explain.add_argument("--html", metavar="FILE", help="write a page with an interactive picture")
    explain.add_argument("--svg", metavar="FILE", help="write a still picture")
    explain.add_argument("--dot", metavar="FILE", help="write the graph for Graphviz")
    explain.add_argument("--legacy", action="store_true", help="accept idioms of PyTorch 0.1 to 0.4")
    explain.add_argument("program", metavar="PROGRAM", help="a .py script or an .ipynb notebook")
    explain.add_argument("arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="the program's own arguments")
    diagnose = commands.add_parser("diagnose", help="watch a script's training and say why it diverges or stalls")
    diagnose.add_argument("--steps", type=int, default=100, help="training steps to watch (100)")
    diagnose.add_argument("--seconds", type=float, default=20.0, help="the longest to watch (20)")
    diagnose.add_argument("program", metavar="PROGRAM", help="a .py script or an .ipynb notebook that trains")
    diagnose.add_argument("arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="the program's own arguments")
    tour = commands.add_parser(
        "tour", help="play the notebook about a loop that runs away, or one of yours, step by step"
    )
    tour.add_argument("--all", action="store_true", help="do not wait for Enter after each step")
    tour.add_argument("notebook", metavar="NOTEBOOK", nargs="?", help="an .ipynb notebook")
    doctor = commands.add_parser(
        "doctor", help="say what Rushlight runs on here: versions, BLAS, threads, kernels, cache"
    )
    doctor.add_argument("--clear-cache", action="store_true", help="remove the compiled code kept on disk")
    for name, (_, does) in APART.items():
        commands.add_parser(name, help=f"{does}; `rushlight {name} --help` says how", add_help=False)
    return parser
