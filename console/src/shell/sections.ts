import type { IconName } from '../components/icons'
import type { PageName } from '../pages'

/** The sidebar. `admin`: only admins can do anything there. */
export type Section = { page: PageName; section: string; text: string; icon: IconName; admin?: boolean }

export const SECTIONS: Section[][] = [
  [
    { page: 'overview', section: 'overview', text: 'Overview', icon: 'overview' },
    { page: 'machines', section: 'machines', text: 'Machines', icon: 'machine' },
    { page: 'backends', section: 'backends', text: 'Backends', icon: 'backend' },
    { page: 'keys', section: 'keys', text: 'Keys', icon: 'key' },
    { page: 'run', section: 'run', text: 'Run', icon: 'run' },
  ],
  [
    { page: 'jobs', section: 'jobs', text: 'Jobs', icon: 'job' },
    { page: 'events', section: 'events', text: 'Events', icon: 'event' },
    { page: 'alerts', section: 'alerts', text: 'Rules & alerts', icon: 'alert' },
    { page: 'channels', section: 'channels', text: 'Channels', icon: 'channel' },
  ],
  [
    { page: 'users', section: 'users', text: 'Users', icon: 'user', admin: true },
    { page: 'tokens', section: 'tokens', text: 'Tokens', icon: 'token' },
    { page: 'about', section: 'about', text: 'About', icon: 'about' },
  ],
]

/** What the bar at the bottom of a phone shows beside "More". */
export const PHONE: PageName[] = ['overview', 'machines', 'run', 'alerts']
