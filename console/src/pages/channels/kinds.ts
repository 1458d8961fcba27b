/**
 * Kinds of channels and how their fields make a URL of Apprise: https://appriseit.com/services/. Everything that is
 * typed is encoded, so that a password with a slash stays one.
 */
type KindField = { key: string; label: string; help?: string; secret?: boolean; optional?: boolean }
export type Kind = { id: string; title: string; fields: KindField[]; url: (values: Record<string, string>) => string }

const part = (text: string | undefined): string => encodeURIComponent((text ?? '').trim())

/** `https://host/path` as `jsons://host/path`. */
function webhook(values: Record<string, string>): string {
  const given = (values['address'] ?? '').trim()
  return given.replace(/^http(s?):\/\//i, (_, s: string) => `json${s}://`)
}

function mail(values: Record<string, string>): string {
  const [host = '', port] = (values['server'] ?? '').trim().split(':')
  const user = values['user']?.trim() ? `${part(values['user'])}:${encodeURIComponent(values['password'] ?? '')}@` : ''
  const query = new URLSearchParams({ to: (values['to'] ?? '').trim(), from: (values['from'] ?? '').trim() })
  return `${user ? 'mailtos' : 'mailto'}://${user}${host}${port ? `:${port}` : ''}/?${query.toString()}`
}

export const KINDS: Kind[] = [
  {
    id: 'mailto',
    title: 'Email',
    fields: [
      { key: 'to', label: 'To', help: 'One address, or several with commas.' },
      { key: 'from', label: 'From' },
      { key: 'server', label: 'Mail server', help: 'mail.example.com or mail.example.com:587' },
      { key: 'user', label: 'User', help: 'With a user, the connection is encrypted.', optional: true },
      { key: 'password', label: 'Password', secret: true, optional: true },
    ],
    url: mail,
  },
  {
    id: 'json',
    title: 'Webhook',
    fields: [{ key: 'address', label: 'Address', help: 'https://example.com/hook; each message is posted as JSON.', secret: true }],
    url: webhook,
  },
  {
    id: 'ntfy',
    title: 'ntfy',
    fields: [
      { key: 'server', label: 'Server', help: 'Without one, ntfy.sh.', optional: true },
      { key: 'topic', label: 'Topic', secret: true },
    ],
    url: (values) => `ntfys://${values['server']?.trim() ? `${values['server'].trim()}/` : ''}${part(values['topic'])}`,
  },
  {
    id: 'slack',
    title: 'Slack',
    fields: [{ key: 'hook', label: 'Webhook address', help: 'https://hooks.slack.com/services/...', secret: true }],
    url: (values) => (values['hook'] ?? '').trim(),
  },
  {
    id: 'tgram',
    title: 'Telegram',
    fields: [
      { key: 'token', label: 'Bot token', secret: true },
      { key: 'chat', label: 'Chat', help: 'The id of the chat or group.' },
    ],
    url: (values) => `tgram://${(values['token'] ?? '').trim()}/${part(values['chat'])}`,
  },
  {
    id: 'other',
    title: 'Another of Apprise',
    fields: [{ key: 'url', label: 'URL', help: 'As described at appriseit.com/services.', secret: true }],
    url: (values) => (values['url'] ?? '').trim(),
  },
]

export function kindOf(id: string): Kind {
  const found = KINDS.find((kind) => kind.id === id) ?? KINDS.at(-1)
  if (!found) throw new Error('there are no kinds of channels')
  return found
}
