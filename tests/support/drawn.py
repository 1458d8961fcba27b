"""What is drawn in graphs and sparklines, seen in the page itself."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


def columns_drawn(page: Page) -> tuple[bool, ...]:
    """Whether the load's line goes through the columns of 500, 350 and 200 seconds ago."""
    found: list[bool] = page.evaluate(
        """() => {
          const canvas = document.querySelector("[data-chart='load'] canvas")
          const over = document.querySelector("[data-chart='load'] .u-over").getBoundingClientRect()
          const frame = canvas.getBoundingClientRect()
          const scale = canvas.width / frame.width
          const probe = document.createElement('span')
          document.body.append(probe)
          probe.style.color = getComputedStyle(document.documentElement).getPropertyValue('--chart-1')
          const [r, g, b] = getComputedStyle(probe).color.match(/\\d+/g).map(Number)
          probe.remove()
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
          return [500, 350, 200].map((ago) => {
            const x = over.left - frame.left + over.width * (1 - ago / 600)
            for (let row = 0; row < canvas.height; row += 1) {
              for (let column = Math.round(x * scale) - 3; column < Math.round(x * scale) + 4; column += 1) {
                const at = (row * canvas.width + column) * 4
                if (Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) < 60) return true
              }
            }
            return false
          })
        }"""
    )
    return tuple(found)


def points(spark: Locator) -> int:
    """How many points the lines of a sparkline have."""
    counts: list[int] = spark.locator("polyline").evaluate_all("lines => lines.map((line) => line.points.length)")
    return sum(counts)
