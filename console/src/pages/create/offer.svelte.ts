/** What a backend offers to build a machine from, read when the backend is chosen. */
import type { Description } from '../../api/types'
import { resource, type Resource } from '../../state/resource.svelte'
import { type Catalog, type Location, locations, type Network, networks, type Size, sizes } from '../backends/catalog'

type Read<T> = Resource<Catalog<T> | null>
export type Offer = { locations: Read<Location>; sizes: Read<Size>; networks: Read<Network> }

/** Listings that the provider does not have are null. For the top of a component. */
export function offer(backend: () => string, provider: () => Description | undefined): Offer {
  const read = <T>(noun: string, ask: (id: string, asked: { signal: AbortSignal }) => Promise<Catalog<T>>): Read<T> =>
    resource((signal) => {
      const id = backend()
      const listed = provider()?.capabilities.includes(`list-${noun}`)
      return id !== '' && listed ? ask(id, { signal }) : Promise.resolve(null)
    })
  return { locations: read('locations', locations), sizes: read('sizes', sizes), networks: read('networks', networks) }
}
