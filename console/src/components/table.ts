import type { Snippet } from 'svelte'

/** A column of a `Table`. Without `cell`, `text` is shown, clipped. */
export type Column<T> = {
  key: string
  title: string
  /** A track of CSS grid, such as `minmax(160px, 2fr)`. */
  width: string
  /** What it is sorted by; without it the column is not sortable. */
  sort?: (row: T) => string | number | null
  text?: (row: T) => string
  cell?: Snippet<[T]>
  number?: boolean
}
