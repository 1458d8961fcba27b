/** What the palette offers beside machines. */
import type { PageName } from '../pages'
import { go, href } from '../state/router.svelte'
import { session, signOut } from '../state/session.svelte'
import { choose, type Theme } from '../state/theme.svelte'
import { tellError } from '../state/toasts.svelte'
import type { Entry } from './ranking'
import { SECTIONS } from './sections'

const ACTIONS: [page: PageName, text: string, words: string][] = [
  ['createMachine', 'Create a machine', 'new server launch'],
  ['addBackend', 'Add a backend', 'new cloud provider connect'],
  ['run', 'Run a command', 'script execute shell'],
  ['createRule', 'Add a rule', 'new alert threshold'],
]

export function fixedEntries(): Entry[] {
  const visible = SECTIONS.flat().filter((entry) => !entry.admin || session.administers)
  const pages = visible.map(({ page, text }) => toPage(page, text, 'Page', ''))
  const actions = session.operates ? ACTIONS.map(([page, text, words]) => toPage(page, text, 'Action', words)) : []
  return [...actions, ...pages, ...themes(), signingOut]
}

function toPage(page: PageName, text: string, note: string, words: string): Entry {
  const run = (): void => {
    go(href(page as 'overview'))
  }
  return { id: `${note} ${page}`, text, note, words, run }
}

function themes(): Entry[] {
  const named: [Theme, string][] = [
    ['light', 'Light theme'],
    ['dark', 'Dark theme'],
    ['system', 'Theme as the system has it'],
  ]
  return named.map(([theme, text]) => ({
    id: `theme ${theme}`,
    text,
    note: 'Action',
    words: 'colour mode',
    run: () => {
      choose(theme)
    },
  }))
}

const signingOut: Entry = {
  id: 'sign-out',
  text: 'Sign out',
  note: 'Action',
  words: 'log out leave',
  run: () => void signOut().catch(tellError),
}
