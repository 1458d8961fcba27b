/**
 * The address bar as state. Links are plain `<a href={href('machine', { id })}>`; `go` is for what happens after an
 * action. `router.query` follows the address, `setQuery` changes it.
 */
import { tick } from 'svelte'

import { OPEN, type PageName, PAGES, type PathOf, PATHS } from '../pages'
import { build, find, type Params, type ParamsOf, type Query, search } from './routes'

type Place = { name: PageName | null; params: Params }

class Router {
  place = $state.raw<Place>({ name: null, params: {} })
  pathname = $state('/')
  search = $state('')
  readonly query = $derived(new URLSearchParams(this.search))
  /** Counts navigations to another page, for what has to begin anew with each. */
  visit = $state(0)
  /** The visit whose page is there to be seen. */
  shown = $state(0)

  get name(): PageName | null {
    return this.place.name
  }
  get section(): string {
    return this.place.name ? PAGES[this.place.name].section : ''
  }
  get isOpen(): boolean {
    return this.place.name !== null && OPEN.has(this.place.name)
  }
}

export const router = new Router()

type Args<N extends PageName> =
  keyof ParamsOf<PathOf<N>> extends never ? [params?: object, query?: Query] : [params: ParamsOf<PathOf<N>>, query?: Query]

/** The address of a page. */
export function href<N extends PageName>(name: N, ...[params, query]: Args<N>): string {
  return build(PAGES[name].path, (params ?? {}) as Params, query)
}

/** Go to an address as a click on a link does; `replace` leaves no step back. */
export function go(address: string, options: { replace?: boolean } = {}): void {
  keepScroll()
  if (options.replace) history.replaceState({ key: newKey() }, '', address)
  else history.pushState({ key: newKey() }, '', address)
  arrive(null)
}

/** Change some values of the query and keep the others. By default it leaves no step back. */
export function setQuery(changes: Query, options: { push?: boolean } = {}): void {
  const all: Query = { ...Object.fromEntries(router.query), ...changes }
  const address = location.pathname + search(all)
  if (options.push) history.pushState({ key: newKey() }, '', address)
  else history.replaceState(history.state, '', address)
  router.search = location.search
}

/** The title of the window; a page that shows one thing puts its name before. */
export function setTitle(title: string): void {
  document.title = title === '' ? 'Mist' : `${title} · Mist`
}

const scrolled = new Map<string, number>()
let keys = 0

/** Begin to follow the address and the clicks on links. Called once. */
export function start(): void {
  history.scrollRestoration = 'manual'
  history.replaceState({ key: newKey() }, '')
  window.addEventListener('popstate', () => {
    arrive(scrolled.get(keyHere()) ?? 0)
  })
  window.addEventListener('scroll', keepScroll, { passive: true })
  document.addEventListener('click', onClick)
  arrive(null)
}

function arrive(scrollTo: number | null): void {
  const found = find(PATHS, location.pathname)
  const name = (found?.name ?? null) as PageName | null
  const moved = location.pathname !== router.pathname || router.visit === 0
  router.pathname = location.pathname
  router.search = location.search
  if (!moved) return
  router.place = { name, params: found?.params ?? {} }
  router.visit += 1
  setTitle(name ? PAGES[name].title : 'Not found')
  if (router.visit > 1) void settle(scrollTo)
}

/** What is read out and where the keyboard is, after a page came: its heading. */
async function settle(scrollTo: number | null): Promise<void> {
  const visit = router.visit
  await tick()
  for (let frame = 0; frame < 300; frame += 1) {
    if (router.visit !== visit) return
    const heading = document.querySelector<HTMLElement>('main h1')
    const target = scrollTo ?? 0
    if (heading && router.shown === visit && document.documentElement.scrollHeight - innerHeight >= target) {
      if (!main()?.contains(document.activeElement)) focus(heading)
      window.scrollTo(0, target)
      return
    }
    await new Promise(requestAnimationFrame)
  }
}

const main = (): HTMLElement | null => document.querySelector('main')

function focus(heading: HTMLElement): void {
  heading.tabIndex = -1
  heading.focus({ preventScroll: true })
}

function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
  const link = event.target instanceof Element ? event.target.closest('a') : null
  if (!link || link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin) return
  if (link.hash !== '' && link.pathname === location.pathname) return
  if (find(PATHS, link.pathname) === null) return
  event.preventDefault()
  go(link.pathname + link.search)
}

const newKey = (): string => `${String(Date.now())}.${String((keys += 1))}`
const keyHere = (): string => (history.state as { key?: string } | null)?.key ?? ''

function keepScroll(): void {
  scrolled.set(keyHere(), window.scrollY)
}
