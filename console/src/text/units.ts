/** Numbers as people read them. */

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
const DECIMAL = ['', 'k', 'M', 'G', 'T', 'P']

/** 1536 → `1.5 KiB`. */
export function bytes(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : scaled(value, 1024, BINARY, ' ')
}

/** 12500 → `12.5 k`; with a unit `12.5 kB/s`. */
export function quantity(value: number | null | undefined, unit = ''): string {
  if (value === null || value === undefined) return '–'
  if (unit === '%') return `${rounded(value)} %`
  const [number = '', scale = ''] = scaled(value, 1000, DECIMAL, ' ').split(' ')
  return `${number} ${scale}${unit}`.trim()
}

export function percent(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : `${String(Math.round(value))} %`
}

/** Three digits that count: 0.0123, 1.23, 12.3, 123. */
export function rounded(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 100) return String(Math.round(value))
  const places = size >= 10 ? 1 : size >= 1 ? 2 : Math.min(6, 2 - Math.floor(Math.log10(size)))
  return String(Number(value.toFixed(places)))
}

export function money(amount: number, currency: string): string {
  const digits = amount >= 1000 ? 0 : 2
  try {
    return new Intl.NumberFormat(undefined, {
      style: 'currency',
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(amount)
  } catch {
    return `${amount.toFixed(digits)} ${currency}`.trim()
  }
}

/** A whole number with its thousands apart. Smaller ones are the same everywhere, and cost no tables of the language. */
export function whole(number: number): string {
  return number < 1000 ? String(number) : number.toLocaleString()
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${whole(number)} ${number === 1 ? one : many}`
}

function scaled(value: number, base: number, units: string[], space: string): string {
  let size = Math.abs(value)
  let at = 0
  while (size >= base && at < units.length - 1) {
    size /= base
    at += 1
  }
  return `${value < 0 ? '-' : ''}${rounded(size)}${space}${units[at] ?? ''}`.trim()
}
