"""``torch.utils.collect_env``: what a report about a failure should say; ``python -m rushlight doctor`` says more."""

from __future__ import annotations


def get_pretty_env_info() -> str:
    """The versions of Rushlight and what it uses, and the system."""
    import platform

    from .. import version
    from ..__config__ import show

    rows = [
        f"Rushlight version: {version.__version__}",
        f"OS: {platform.platform()}",
        "",
        show(),
    ]
    return "\n".join(rows)


def main() -> None:
    """Print it."""
    print(get_pretty_env_info())


if __name__ == "__main__":
    main()
