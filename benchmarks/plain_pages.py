"""What the console is measured beside: plain pages of the same data, and `python -m benchmarks.plain_pages`, which
sends them.

Static ones, in the folder `static`, are sent by what sends the console, under its policy and with its headers. Those
with a script inside, which the policy would not allow, and their data are below `/api`, sent by a bare application."""

from __future__ import annotations

import mimetypes
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar, Response, get
from litestar.types import ASGIApp

from mistserver.api.middleware import observe
from mistserver.console import with_console

STATIC, SCRIPTED = "static", "/api"
_COLUMNS = ("name", "state", "backend", "addresses", "location", "size", "image", "tags", "created")
_STYLE = "body{font:14px sans-serif}td,th,.cell{padding:4px 12px;text-align:left;white-space:nowrap}"

# As little as scrolls 10 000 rows: those in view are made anew whenever others come into it.
_VIRTUAL = """<!doctype html><meta charset=utf-8><title>Machines</title><style>%(style)s
#table{height:700px;overflow:auto;position:relative}.row{position:absolute;display:grid;left:0;right:0;height:36px;
grid-template-columns:repeat(%(columns)d,1fr)}.cell{overflow:hidden;text-overflow:ellipsis}</style>
<h1>Machines</h1><div id=table><div id=body></div></div><script>
const HEIGHT = 36, table = document.getElementById('table'), body = document.getElementById('body')
let machines = []
const texts = (of) => [of.name, of.state, of.backend_name, [...of.public_ips, ...of.private_ips].join(' '), of.location,
  of.size, of.image, of.tags.join(' '), new Date(of.created_at).toLocaleString()]
const cell = (text) => {
  const made = document.createElement('div')
  made.className = 'cell'
  made.textContent = text ?? ''
  return made
}
const row = (machine, at) => {
  const made = document.createElement('div')
  made.className = 'row'
  made.style.top = `${at * HEIGHT}px`
  made.append(...texts(machine).map(cell))
  return made
}
const draw = () => {
  const first = Math.max(0, Math.floor(table.scrollTop / HEIGHT) - 8)
  body.replaceChildren(...machines.slice(first, first + 36).map((each, at) => row(each, first + at)))
}
table.addEventListener('scroll', draw)
fetch('machines.json').then((answer) => answer.json()).then(({ items }) => {
  machines = items.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))
  body.style.height = `${machines.length * HEIGHT}px`
  draw()
})
</script>"""

_GRAPHS = """<!doctype html><meta charset=utf-8><title>Graphs</title><link rel=stylesheet href=uPlot.min.css>
<body><script src=uPlot.iife.min.js></script><script>
fetch('stats.json').then((answer) => answer.json()).then(({ metrics }) => {
  for (const ids of %(charts)s) {
    const lines = ids.map((id) => metrics[id].datapoints)
    const data = [lines[0].map((each) => each[1]), ...lines.map((line) => line.map((each) => each[0]))]
    const series = [{}, ...ids.map((label) => ({ label, stroke: '#06c' }))]
    new uPlot({ width: %(width)d, height: 168, series }, data, document.body)
  }
})
</script>"""


# Asks what the console asks for its first page, as soon as it may, and shows the numbers and the newest events.
_OVERVIEW = """<!doctype html><meta charset=utf-8><title>Overview</title><style>%(style)s</style>
<h1>Overview</h1><div id=shown></div><script>
const read = (name) => fetch(`${name}.json`).then((answer) => answer.json())
const line = (text) => {
  const made = document.createElement('p')
  made.textContent = text
  return made
}
read('me').then(() => Promise.all(%(names)s.map(read))).then((answers) => {
  const all = Object.fromEntries(%(names)s.map((name, at) => [name, answers[at].items]))
  const states = Object.groupBy(all.machines, (each) => each.state)
  document.getElementById('shown').append(
    ...Object.entries(states).map(([state, machines]) => line(`${machines.length} ${state}`)),
    ...all.backends.map((each) => line(`${each.name}: ${each.state} ${each.trouble ?? ''}`)),
    line(`${all.alerts.length} alerts, ${all.sizes.length} sizes, ${all.monitoring.length} monitored`),
    ...all.events.map((each) => line(`${each.at} ${each.kind} ${each.subject_name ?? ''}`)),
  )
  window.all = true
})
</script>"""


def table(machines: Sequence[Mapping[str, Any]]) -> str:
    """All rows as plain HTML."""
    heads = "".join(f"<th>{name}" for name in _COLUMNS)
    rows = "".join("<tr>" + "".join(f"<td>{escape(text)}" for text in _texts(each)) for each in machines)
    page = f"<!doctype html><meta charset=utf-8><title>Machines</title><style>{_STYLE}</style>"
    return f"{page}<h1>Machines</h1><table><thead><tr>{heads}<tbody>{rows}</table>"


def _texts(machine: Mapping[str, Any]) -> tuple[str, ...]:
    addresses = " ".join((*machine["public_ips"], *machine["private_ips"]))
    place = (machine["backend_name"], addresses, machine["location"], machine["size"], machine["image"])
    return tuple(
        str(each or "")
        for each in (machine["name"], machine["state"], *place, " ".join(machine["tags"]), machine["created_at"])
    )


def virtual_table() -> str:
    """A page that reads `machines.json` and has only those rows that are in view."""
    return _VIRTUAL % {"style": _STYLE, "columns": len(_COLUMNS)}


def overview(names: Sequence[str]) -> str:
    """A page that reads `me.json`, then a list of each of these names, and shows what an overview does."""
    return _OVERVIEW % {"style": _STYLE, "names": list(names)}


def graphs(charts: Sequence[Sequence[str]], width: int) -> str:
    """A page that reads `/stats.json` and draws a graph of each list of metrics with uPlot as it comes."""
    return _GRAPHS % {"charts": [list(each) for each in charts], "width": width}


def application(folder: Path) -> ASGIApp:
    @get(f"{SCRIPTED}/{{path:path}}")
    async def show(path: str) -> Response[bytes]:
        file = folder / Path(path).name
        return Response(file.read_bytes(), media_type=mimetypes.guess_type(file.name)[0] or "text/plain")

    return observe(with_console(Litestar([show], openapi_config=None), folder / STATIC))


if __name__ == "__main__":
    uvicorn.run(application(Path(sys.argv[1])), port=int(sys.argv[2]), log_level="error", access_log=False)
