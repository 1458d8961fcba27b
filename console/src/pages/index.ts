/**
 * Every view of the console: its address, its title, and the module that shows it, loaded when it is opened.
 * `section` is the entry of the sidebar under which it stands. A page takes one property, `params`.
 */
import type { Component } from 'svelte'

import type { Params } from '../state/routes'

export type PageProps = { params: Params }
type Module = { default: Component<PageProps> }
type Page = { path: string; title: string; section: string; open?: boolean; load: () => Promise<unknown> }

const page = <P extends string>(path: P, title: string, section: string, load: () => Promise<unknown>) => ({
  path,
  title,
  section,
  load,
})

export const PAGES = {
  setup: page('/setup', 'Set up', '', () => import('./setup/Setup.svelte')),
  signIn: page('/sign-in', 'Sign in', '', () => import('./sign-in/SignIn.svelte')),
  overview: page('/', 'Overview', 'overview', () => import('./overview/Overview.svelte')),
  machines: page('/machines', 'Machines', 'machines', () => import('./machines/Machines.svelte')),
  createMachine: page('/machines/new', 'Create a machine', 'machines', () => import('./create/Create.svelte')),
  machine: page('/machines/:id', 'Machine', 'machines', () => import('./machine/Machine.svelte')),
  machineTab: page('/machines/:id/:tab', 'Machine', 'machines', () => import('./machine/Machine.svelte')),
  shell: page('/shell', 'Shell', 'machines', () => import('./shell/Shell.svelte')),
  backends: page('/backends', 'Backends', 'backends', () => import('./backends/Backends.svelte')),
  addBackend: page('/backends/new', 'Add a backend', 'backends', () => import('./backends/AddBackend.svelte')),
  backend: page('/backends/:id', 'Backend', 'backends', () => import('./backends/Backend.svelte')),
  keys: page('/keys', 'Keys', 'keys', () => import('./keys/Keys.svelte')),
  key: page('/keys/:id', 'Key', 'keys', () => import('./keys/Key.svelte')),
  run: page('/run', 'Run', 'run', () => import('./run/Run.svelte')),
  runResult: page('/run/:id', 'Run', 'run', () => import('./run/RunResult.svelte')),
  jobs: page('/jobs', 'Jobs', 'jobs', () => import('./jobs/Jobs.svelte')),
  job: page('/jobs/:id', 'Job', 'jobs', () => import('./jobs/Job.svelte')),
  events: page('/events', 'Events', 'events', () => import('./events/Events.svelte')),
  alerts: page('/alerts', 'Alerts', 'alerts', () => import('./alerts/Alerts.svelte')),
  rules: page('/rules', 'Rules', 'alerts', () => import('./rules/Rules.svelte')),
  createRule: page('/rules/new', 'Add a rule', 'alerts', () => import('./rules/CreateRule.svelte')),
  rule: page('/rules/:id', 'Rule', 'alerts', () => import('./rules/Rule.svelte')),
  channels: page('/channels', 'Channels', 'channels', () => import('./channels/Channels.svelte')),
  users: page('/users', 'Users', 'users', () => import('./users/Users.svelte')),
  tokens: page('/tokens', 'Tokens', 'tokens', () => import('./tokens/Tokens.svelte')),
  about: page('/about', 'About', 'about', () => import('./about/About.svelte')),
} as const satisfies Record<string, Page>

export type PageName = keyof typeof PAGES
export type PathOf<N extends PageName> = (typeof PAGES)[N]['path']

export const PATHS = Object.fromEntries(Object.entries(PAGES).map(([name, { path }]) => [name, path]))

/** Pages for whoever is not signed in. */
export const OPEN: ReadonlySet<string> = new Set<PageName>(['setup', 'signIn'])

const PAUSE_MS = 400

/** Tried once more, since a network that changes under the browser breaks what is under way. */
export async function loadPage(name: PageName): Promise<Module['default']> {
  const { load } = PAGES[name]
  const loaded = await load().catch(async () => {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    return load()
  })
  return (loaded as Module).default
}
