"""What is shown in a terminal goes through rich, which is imported when something is first shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def console(**settings: Any) -> Console:
    """A ``rich.console.Console`` with rich's own ``settings``; call it before any other import of rich.

    Where the output is no terminal it writes the same as plain text.

    Raises:
        ModuleNotFoundError: if rich is missing, as in the slim form (``pip install --no-deps``); says what to install.
    """
    try:
        from rich.console import Console
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "rich":
            raise
        raise ModuleNotFoundError(
            "What Rushlight shows in a terminal is drawn by the package rich, which is not installed.\n\n"
            "Install it: pip install rich",
            name="rich",
        ) from None
    return Console(**settings)
