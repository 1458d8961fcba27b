/** Light, dark, or as the system has it; remembered in this browser. */

export type Theme = 'system' | 'light' | 'dark'
const KEY = 'mist.theme'

class ThemeState {
  chosen = $state<Theme>(stored())
  /** Whether the system asks for dark. */
  system = $state(prefersDark().matches)
  readonly isDark = $derived(this.chosen === 'dark' || (this.chosen === 'system' && this.system))
}

export const theme = new ThemeState()

export function choose(chosen: Theme): void {
  theme.chosen = chosen
  try {
    localStorage.setItem(KEY, chosen)
  } catch {
    // A browser that keeps nothing still shows it until the page is closed.
  }
  apply()
}

export function startTheme(): void {
  prefersDark().addEventListener('change', (event) => {
    theme.system = event.matches
    apply()
  })
  apply()
}

function apply(): void {
  document.documentElement.dataset['theme'] = theme.isDark ? 'dark' : 'light'
}

function prefersDark(): MediaQueryList {
  return matchMedia('(prefers-color-scheme: dark)')
}

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'light' || value === 'dark' ? value : 'system'
  } catch {
    return 'system'
  }
}
