"""Machines across all backends, and what is done to one."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from mistserver.api.given import Ctx, Who
from mistserver.api.idempotency import Repeat, once
from mistserver.api.listing import Cursor, Limit, Listing, Select, selection
from mistserver.api.pieces import Pieces
from mistserver.api.routes import ERRORS, delete, get, post, put
from mistserver.domain.job import Job
from mistserver.domain.key import Association, HostKey
from mistserver.domain.machine import Machine, Probe
from mistserver.domain.sending import ShownMachine
from mistserver.services.jobs import get as get_job
from mistserver.services.machines import act, associate, create, host_keys, probe, tag, terminal
from mistserver.services.machines import list as inventory
from mistserver.services.machines.act import ActOnMachine
from mistserver.services.machines.associate import AssociateKey, Dissociated
from mistserver.services.machines.create import CreateMachine
from mistserver.services.machines.list import MachinePage, MachineQuery
from mistserver.services.machines.probe import ProbeMachine
from mistserver.services.machines.terminal import IssuedTicket, IssueTicket

_FILTERS = "Only those of this "
_SORTED = f"Sort by one of {', '.join(inventory.SORTED_BY)}; `FIELD:desc` the other way round. By name unless told."
_WAITS = "Wait a moment for backends whose last reading is old. `false`: answer at once; they are read meanwhile."


@get("/machines", responses=ERRORS | {200: ResponseSpec(MachinePage, description="A page.", generate_examples=False)})
async def list_machines(
    ctx: Ctx,
    actor: Who,
    request: Request[Any, Any, Any],
    backend: Annotated[str | None, QueryParameter(description=_FILTERS + "backend (id).")] = None,
    tag: Annotated[str | None, QueryParameter(description=_FILTERS + "tag.")] = None,
    state_: Annotated[str | None, QueryParameter(name="state", description=_FILTERS + "state.")] = None,
    search: Annotated[str | None, QueryParameter(description="Substring of name, id or address.")] = None,
    sort: Annotated[str | None, QueryParameter(description=_SORTED)] = None,
    refresh: Annotated[bool, QueryParameter(description="Read every backend again first.")] = False,
    wait: Annotated[bool, QueryParameter(description=_WAITS)] = True,
    monitoring: Annotated[bool, QueryParameter(description="Say also how the machines' samples come.")] = False,
    limit: Limit = None,
    cursor: Cursor = None,
    select_: Select = None,
) -> Response[Any]:
    """Machines as last read, and how each backend fares: which were read when, and which are in trouble."""
    if select_ is not None:
        return Response(selection(*await inventory.select(ctx, actor, select_)))
    query = MachineQuery(
        backend=backend,
        tag=tag,
        state=state_,
        search=search,
        sort=sort,
        refresh=refresh,
        wait=wait,
        monitoring=monitoring,
        limit=limit,
        cursor=cursor,
    )
    rendered = await inventory.page_json(ctx, actor, query)
    if request.headers.get("if-none-match") == rendered.etag:
        return Response(None, status_code=304, headers={"ETag": rendered.etag})
    return Pieces(rendered.pieces, {"ETag": rendered.etag})


@post("/machines", status_code=202)
async def create_machine(ctx: Ctx, actor: Who, data: JSONBody[CreateMachine], repeat: Repeat = None) -> Job:
    """Ask for a machine. The answer is a job; with an Idempotency-Key the same request again answers the same job."""
    return await once(
        (ctx, actor, repeat, data),
        lambda who: create.submit(ctx, who, data),
        lambda made: get_job.get(ctx, actor, made),
    )


@get("/machines/{machine_id:str}")
async def get_machine(ctx: Ctx, actor: Who, machine_id: FromPath[str]) -> ShownMachine:
    """One machine as last read, and how its samples come."""
    return await inventory.shown(ctx, actor, machine_id)


@post("/machines/{machine_id:str}/actions", status_code=202)
async def act_on_machine(ctx: Ctx, actor: Who, machine_id: FromPath[str], data: JSONBody[ActOnMachine]) -> Job:
    """Start, stop, reboot, destroy or resize it, as a job."""
    return await act.submit(ctx, actor, machine_id, data)


@post("/machines/{machine_id:str}/probe", status_code=200)
async def probe_machine(ctx: Ctx, actor: Who, machine_id: FromPath[str], data: JSONBody[ProbeMachine]) -> Probe:
    """Sign in to it and ask how it fares."""
    return await probe.probe(ctx, actor, machine_id, data)


@put("/machines/{machine_id:str}/tags/{tag_text:path}")
async def tag_machine(ctx: Ctx, actor: Who, machine_id: FromPath[str], tag_text: FromPath[str]) -> Machine:
    """Add a tag: at the provider where it keeps tags, else in Mist."""
    return await tag.add(ctx, actor, machine_id, tag_text.removeprefix("/"))


@delete("/machines/{machine_id:str}/tags/{tag_text:path}", status_code=200)
async def untag_machine(ctx: Ctx, actor: Who, machine_id: FromPath[str], tag_text: FromPath[str]) -> Machine:
    """Remove a tag."""
    return await tag.remove(ctx, actor, machine_id, tag_text.removeprefix("/"))


@get("/machines/{machine_id:str}/keys")
async def list_associations(ctx: Ctx, actor: Who, machine_id: FromPath[str]) -> Listing[Association]:
    """The keys that open it."""
    return Listing(items=await associate.list_all(ctx, actor, machine_id))


@put("/machines/{machine_id:str}/keys/{key_id:str}")
async def associate_key(
    ctx: Ctx, actor: Who, machine_id: FromPath[str], key_id: FromPath[str], data: JSONBody[AssociateKey]
) -> Association:
    """Put the public half on the machine and prove that the key opens it."""
    return await associate.associate(ctx, actor, machine_id, key_id, data)


@delete("/machines/{machine_id:str}/keys/{key_id:str}", status_code=200)
async def dissociate_key(ctx: Ctx, actor: Who, machine_id: FromPath[str], key_id: FromPath[str]) -> Dissociated:
    """Take the public half off the machine again, where it can be reached."""
    return await associate.dissociate(ctx, actor, machine_id, key_id)


@get("/machines/{machine_id:str}/host-keys")
async def list_host_keys(ctx: Ctx, actor: Who, machine_id: FromPath[str]) -> Listing[HostKey]:
    """The host keys by which it is known."""
    return Listing(items=await host_keys.list_all(ctx, actor, machine_id))


@post("/machines/{machine_id:str}/host-keys/accept", status_code=200)
async def accept_host_key(ctx: Ctx, actor: Who, machine_id: FromPath[str]) -> Listing[HostKey]:
    """Trust the key that it shows now, after a rebuild."""
    return Listing(items=await host_keys.accept(ctx, actor, machine_id))


@post("/machines/{machine_id:str}/tickets")
async def issue_ticket(ctx: Ctx, actor: Who, machine_id: FromPath[str], data: JSONBody[IssueTicket]) -> IssuedTicket:
    """A pass for one WebSocket to this machine, good once and for a minute."""
    return await terminal.issue_ticket(ctx, actor, machine_id, data)


ROUTES = [
    list_machines,
    create_machine,
    get_machine,
    act_on_machine,
    probe_machine,
    tag_machine,
    untag_machine,
    list_associations,
    associate_key,
    dissociate_key,
    list_host_keys,
    accept_host_key,
    issue_ticket,
]
