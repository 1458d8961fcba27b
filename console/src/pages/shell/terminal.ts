/** The terminal itself: xterm.js in the colours and the font of the console, loaded when a shell is opened. */
import '@xterm/xterm/css/xterm.css'

import { FitAddon } from '@xterm/addon-fit'
import { type ITheme, Terminal } from '@xterm/xterm'

import { openIn } from './policy'

const LIGHT: ITheme = {
  background: '#ffffff',
  foreground: '#1a1c22',
  cursor: '#3451d1',
  cursorAccent: '#ffffff',
  selectionBackground: '#c7d2f8',
  black: '#1a1c22',
  red: '#bf2a25',
  green: '#16744a',
  yellow: '#8a5a00',
  blue: '#3049c4',
  magenta: '#8b2f9c',
  cyan: '#0c6b74',
  white: '#666b79',
  brightBlack: '#545967',
  brightRed: '#c22f2a',
  brightGreen: '#187a3e',
  brightYellow: '#8f5500',
  brightBlue: '#1f5fbf',
  brightMagenta: '#9333a8',
  brightCyan: '#0d717b',
  brightWhite: '#3c404b',
}

const DARK: ITheme = {
  background: '#15171c',
  foreground: '#e3e6ec',
  cursor: '#9db0ff',
  cursorAccent: '#15171c',
  selectionBackground: '#2f3a66',
  black: '#2a2e37',
  red: '#ff8b82',
  green: '#57c796',
  yellow: '#e3b54d',
  blue: '#8ea2ff',
  magenta: '#d48be6',
  cyan: '#5cc9d4',
  white: '#d4d8e0',
  brightBlack: '#8a909d',
  brightRed: '#ffa8a1',
  brightGreen: '#7fdcb2',
  brightYellow: '#f0ca75',
  brightBlue: '#b0beff',
  brightMagenta: '#e3aef0',
  brightCyan: '#8adfe7',
  brightWhite: '#ffffff',
}

export const themeOf = (isDark: boolean): ITheme => (isDark ? DARK : LIGHT)

export type Made = { terminal: Terminal; fit: () => void }

export function makeTerminal(into: HTMLElement, isDark: boolean): Made {
  const terminal = new Terminal({
    theme: themeOf(isDark),
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--mono'),
    fontSize: 13,
    lineHeight: 1.2,
    cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    minimumContrastRatio: 4.5,
    scrollback: 5000,
    smoothScrollDuration: 0,
  })
  const fitting = new FitAddon()
  terminal.loadAddon(fitting)
  openIn(terminal, into)
  return {
    terminal,
    fit: () => {
      if (into.clientWidth > 0 && into.clientHeight > 0) fitting.fit()
    },
  }
}
