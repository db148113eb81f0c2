"""Runs that an event loop waits for."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

from ._dunlin import Cancel


async def run(
    method: Callable[..., dict[str, Any]], inputs: tuple[Any, ...], options: dict[str, Any] | None
) -> dict[str, Any]:
    """Calls the method in the loop's executor. If the task is cancelled, so is the run."""
    options = dict(options or {})
    given = options.get("cancel")
    cancel = options["cancel"] = Cancel() if given is None else given.child()
    loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(None, functools.partial(method, *inputs, **options))
    except asyncio.CancelledError:
        cancel.cancel()
        raise
