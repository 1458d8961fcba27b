/** The present, in steps of 5 s, for texts such as "12 s ago". Stands still while nobody looks. */
class Clock {
  now = $state.raw(new Date())
}

export const clock = new Clock()

setInterval(() => {
  if (document.visibilityState === 'visible') clock.now = new Date()
}, 5000)
