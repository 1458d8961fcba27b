"""Commands on machines that their provider reaches without SSH: the provider blocks, so each has a thread."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mistserver.domain.errors import Internal, MachineLost, MachineTimeout, MistError, NotSupported, ProviderBadAnswer
from mistserver.providers.base import Command, CommandResult, HasExec, Provider
from mistserver.services.context import Context
from mistserver.services.machines.orders import OnOutput, Order, Outcome
from mistserver.services.machines.reach import ExecWay

R = TypeVar("R")
log = logging.getLogger(__name__)

GRACE_S = 15.0  # for a provider to end a command that is over its time


async def execute(ctx: Context, way: ExecWay, order: Order, on_output: OnOutput) -> Outcome:
    """Run the order through the machine's provider; cancelling ends it on the machine too."""
    loop = asyncio.get_running_loop()
    stopped = threading.Event()

    def pass_on(stream: str, data: bytes) -> None:
        if stopped.is_set():
            return
        asyncio.run_coroutine_threadsafe(_deliver(on_output, stream, data), loop).result()

    def work(provider: Provider) -> CommandResult:
        if not isinstance(provider, HasExec):
            raise NotSupported(f"{provider.title} cannot run commands by itself.", provider=provider.id)
        line = order.text_with_sudo()
        command = Command(line, order.timeout_s, pass_on, stopped.is_set, stdin=order.stdin, user=order.user)
        return provider.exec(way.machine.external_id, command)

    began = loop.time()
    try:
        async with asyncio.timeout(order.timeout_s + GRACE_S):
            result = await in_thread(ctx, way, work)
    except TimeoutError:
        raise MachineTimeout(
            f"{way.machine.name} did not end a command that was over its time of {order.timeout_s:g} s.",
            machine_id=way.machine.id,
        ) from None
    finally:
        stopped.set()
    return Outcome(
        exit_code=result.exit_code,
        signal=result.signal,
        timed_out=result.timed_out,
        user=order.user,
        duration_s=loop.time() - began,
    )


async def in_thread(ctx: Context, way: ExecWay, work: Callable[[Provider], R]) -> R:
    """`work` with the machine's opened provider, in a daemon thread that ends with it."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[R] = loop.create_future()
    provider = ctx.providers.open(ctx, way.stored)

    def settle(result: R | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)  # type: ignore[arg-type]  # without an error there is a result
        else:
            future.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            provider.open()
            result = work(provider)
        except MistError as caught:
            error = caught
        except BaseException as caught:  # the thread's last line: anything must reach the caller
            error = _ours(caught, way)
        finally:
            provider.close()
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:
            log.debug("an answer of %s came after the end of the service", way.machine.id)

    threading.Thread(target=run, name=f"exec-{way.machine.id}", daemon=True).start()
    return await future


def _ours(error: BaseException, way: ExecWay) -> MistError:
    """The text of a foreign error may hold a secret, so only its kind is told."""
    kind = type(error).__name__
    log.warning("a command on %s raised %s", way.machine.id, kind)
    if isinstance(error, OSError):
        return MachineLost(f"The connection to {way.machine.name} broke ({kind}).", machine_id=way.machine.id)
    if isinstance(error, Exception):
        return ProviderBadAnswer(
            f"The backend of {way.machine.name} gave an answer that cannot be understood ({kind})."
        )
    return Internal(f"A command on {way.machine.name} was broken off ({kind}).")


async def _deliver(on_output: OnOutput, stream: str, data: bytes) -> None:
    waiting: Awaitable[None] | None = on_output(stream, data)
    if waiting is not None:
        await waiting
