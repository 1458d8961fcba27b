/** `if (await confirm({...})) ...`: one dialog for every question, shown by the shell of the console. */

export type Question = {
  title: string
  /** What will happen, one line each. */
  lines: string[]
  action: string
  /** Destroys or deletes something. */
  danger?: boolean
  /** What has to be typed before the action is possible: a name, or the number of machines. */
  typed?: { label: string; text: string }
}

type Asked = Question & { answer: (yes: boolean) => void }

class ConfirmState {
  asked = $state.raw<Asked | null>(null)
}

export const confirming = new ConfirmState()

export function confirm(question: Question): Promise<boolean> {
  confirming.asked?.answer(false)
  return new Promise((resolve) => {
    confirming.asked = {
      ...question,
      answer: (yes) => {
        confirming.asked = null
        resolve(yes)
      },
    }
  })
}
