import { describe, expect, it } from 'vitest'

import { binary, decoded, input, PING, resize } from './frames'

const bytes = (kind: number, text: string): ArrayBuffer => Uint8Array.from([kind, ...new TextEncoder().encode(text)]).buffer

describe('what is sent', () => {
  it('is input as UTF-8 behind a 0', () => {
    expect(input('é').map((frame) => [...frame])).toEqual([[0, 0xc3, 0xa9]])
    expect(input('')).toEqual([])
  })
  it('is cut into pieces, of which nothing is lost', () => {
    const frames = input('x'.repeat(40_000))
    expect(frames.map((frame) => frame.length - 1)).toEqual([16_384, 16_384, 7232])
    expect(frames.every((frame) => frame[0] === 0)).toBe(true)
  })
  it('is bytes as they are where a terminal answers in bytes', () => {
    expect([...(binary('\x1b[M\xff')[0] ?? [])]).toEqual([0, 27, 91, 77, 255])
  })
  it('is a size as a control message', () => {
    expect(new TextDecoder().decode(resize(80, 24))).toBe('\x03{"resize":{"cols":80,"rows":24}}')
    expect(new TextDecoder().decode(PING)).toBe('\x03{"ping":true}')
  })
})

describe('what comes', () => {
  it('is output of both kinds', () => {
    const frame = decoded(bytes(1, 'hi'))
    expect(frame.kind === 'output' && new TextDecoder().decode(frame.data)).toBe('hi')
    expect(decoded(bytes(2, 'oh')).kind).toBe('output')
  })
  it('is the end, with or without a code', () => {
    expect(decoded(bytes(3, '{"exit_code":0}'))).toEqual({ kind: 'ended', exitCode: 0 })
    expect(decoded(bytes(3, '{"exit_code":null}'))).toEqual({ kind: 'ended', exitCode: null })
  })
  it('is why it failed', () => {
    const told = decoded(bytes(3, '{"error":{"code":"machine_lost","message":"It is gone.","details":{}}}'))
    expect(told).toEqual({ kind: 'failed', error: { code: 'machine_lost', message: 'It is gone.' } })
  })
  it('is nothing to fall over', () => {
    const odd = [bytes(3, 'no json'), bytes(3, 'null'), bytes(3, '{}'), bytes(9, 'x'), new ArrayBuffer(0)]
    expect(odd.map((frame) => decoded(frame).kind)).toEqual(['other', 'other', 'other', 'other', 'other'])
  })
})
