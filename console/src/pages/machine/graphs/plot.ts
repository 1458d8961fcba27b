/** One graph as uPlot draws it. Everything that is decided here without a canvas is in `axes.ts` and `charts.ts`. */
import type uPlot from 'uplot'

import { timeLabels, valueLabels, verticalRange } from './axes'
import type { Chart, Limit } from './charts'

export type Palette = {
  lines: string[]
  text: string
  grid: string
  bad: string
  shade: string
  font: string
}

export type Wiring = {
  chart: Chart
  palette: Palette
  limits: () => readonly Limit[]
  /** Graphs with the same key have one cursor. */
  sync: string
  oncursor: (at: number | null) => void
  onzoom: (from: number, to: number) => void
  onreset: () => void
}

const LEAST_DRAG_PX = 6
/** Browsers draw lines of one device pixel several times faster than wider ones. */
const LINE_PX = devicePixelRatio > 1 ? 1.5 : 1

/** The colours of this moment; the canvas knows none of CSS. */
export function palette(of: Element): Palette {
  const style = getComputedStyle(of)
  const token = (name: string): string => style.getPropertyValue(name).trim()
  return {
    lines: [1, 2, 3, 4, 5, 6].map((number) => token(`--chart-${String(number)}`)),
    text: token('--text-3'),
    grid: token('--border'),
    bad: token('--bad'),
    shade: token('--bad-weak'),
    font: `11px ${style.fontFamily}`,
  }
}

export function options(wiring: Wiring, size: { width: number; height: number }): uPlot.Options {
  return {
    ...size,
    padding: [8, 10, 0, 0],
    legend: { show: false },
    cursor: cursor(wiring),
    scales: { x: { time: true }, y: { range: (_, min, max) => verticalRange(min, max, extent(wiring)) } },
    axes: axes(wiring),
    series: [{}, ...wiring.chart.lines.map((_, at) => line(wiring, at))],
    hooks: {
      drawAxes: [(plot) => { shade(plot, wiring) }],
      draw: [(plot) => { thresholds(plot, wiring) }],
      setCursor: [(plot) => { wiring.oncursor(plot.cursor.idx ?? null) }],
      setSelect: [(plot) => { zoom(plot, wiring) }],
    },
  }
}

const extent = ({ chart, limits }: Wiring): Parameters<typeof verticalRange>[2] => ({
  floor: chart.floor,
  ceiling: chart.ceiling,
  limits: limits().map(({ value }) => value),
})

function cursor(wiring: Wiring): uPlot.Cursor {
  return {
    y: false,
    points: { size: 7, width: 1.5 },
    drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG_PX },
    // The span that is being dragged is shown in its own graph only; all of them show the cursor.
    sync: { key: wiring.sync, filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave', sub: () => true } },
    bind: {
      dblclick: () => () => {
        wiring.onreset()
        return null
      },
    },
  }
}

function zoom(plot: uPlot, wiring: Wiring): void {
  const { left, width } = plot.select
  if (width < LEAST_DRAG_PX) return
  const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  wiring.onzoom(from, to)
}

function line({ chart, palette }: Wiring, at: number): uPlot.Series {
  const colour = palette.lines[at % palette.lines.length] ?? palette.text
  const only = chart.lines.length === 1
  return {
    stroke: colour,
    width: LINE_PX,
    ...(only ? { fill: `${colour}1f` } : {}),
    spanGaps: false,
    points: { show: true, size: 4, fill: colour, filter: (plot, series) => alone(plot.data[series] ?? []) },
  }
}

/** A point without neighbours makes no line: it is drawn as a dot. */
function alone(values: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = []
  const there = (at: number): boolean => at >= 0 && at < values.length && values[at] !== null
  for (let at = 0; at < values.length; at += 1) {
    if (typeof values[at] === 'number' && !there(at - 1) && !there(at + 1)) found.push(at)
  }
  return found
}

function axes({ chart, palette }: Wiring): uPlot.Axis[] {
  const common: uPlot.Axis = {
    stroke: palette.text,
    font: palette.font,
    grid: { stroke: palette.grid, width: 1 },
    ticks: { show: false },
  }
  return [
    { ...common, size: tall, space: 72, grid: { show: false }, values: (_, ticks, __, ___, step) => timeLabels(ticks, step) },
    { ...common, gap: 6, space: 28, size: widest, values: (_, ticks) => valueLabels(ticks, chart.unit) },
  ]
}

/** Two lines where a day is named below a time. */
const tall = (_: uPlot, labels: string[] | null): number => (labels?.some((label) => label.includes('\n')) ? 38 : 24)

/** As wide as the longest label, in steps of 8 so that graphs do not jump while they move. */
function widest(plot: uPlot, values: string[] | null, axis: number): number {
  const font = plot.axes[axis]?.font
  if (typeof font?.[0] === 'string') plot.ctx.font = font[0]
  const widths = (values ?? []).map((value) => plot.ctx.measureText(value).width / devicePixelRatio)
  return Math.ceil((Math.max(28, ...widths) + 12) / 8) * 8
}

function shade(plot: uPlot, { limits, palette }: Wiring): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.fillStyle = palette.shade
  ctx.globalAlpha = 0.7
  for (const { from, to } of limits().flatMap(({ fired }) => fired)) {
    const left = Math.max(bbox.left, plot.valToPos(from, 'x', true))
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, 'x', true))
    if (right > left) ctx.fillRect(left, bbox.top, Math.max(right - left, devicePixelRatio), bbox.height)
  }
  ctx.restore()
}

function thresholds(plot: uPlot, { limits, palette, chart }: Wiring): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.lineWidth = devicePixelRatio
  ctx.font = `${String(11 * devicePixelRatio)}px ${palette.font.slice(5)}`
  ctx.textAlign = 'right'
  for (const { value, state, rule } of limits()) {
    const y = Math.round(plot.valToPos(value, 'y', true)) + 0.5
    if (y < bbox.top || y > bbox.top + bbox.height) continue
    ctx.strokeStyle = ctx.fillStyle = state === 'firing' ? palette.bad : palette.text
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio])
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
    const above = y - bbox.top > 18 * devicePixelRatio
    ctx.textBaseline = above ? 'bottom' : 'top'
    const text = `${rule.operator === 'gt' ? '>' : '<'} ${valueLabels([value], chart.unit)[0] ?? ''}`
    ctx.fillText(text, bbox.left + bbox.width - 4 * devicePixelRatio, y + (above ? -2 : 3) * devicePixelRatio)
  }
  ctx.restore()
}
