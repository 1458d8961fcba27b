/**
 * The Idempotency-Key of a create: the same as long as the same is asked for, so that a double click, or trying again
 * after the answer was lost, makes one thing and not two.
 */
export function attempt(): { headers: (body: unknown) => Record<string, string> } {
  let last = ''
  let key = ''
  return {
    headers(body) {
      const text = JSON.stringify(body)
      if (text !== last) key = fresh()
      last = text
      return { 'Idempotency-Key': key }
    },
  }
}

/** Random enough also over plain HTTP, where browsers offer no randomUUID. */
function fresh(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
