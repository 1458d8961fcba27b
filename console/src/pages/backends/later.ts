/** `work` with the last argument, once nothing has come for `ms`. */
export function later<T>(work: (value: T) => void, ms: number): (value: T) => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  return (value) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      work(value)
    }, ms)
  }
}
