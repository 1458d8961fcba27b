/** Writes a .br and a .gz beside every file of the build that gets smaller, so that the service compresses nothing. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

import type { Plugin } from 'vite'

const WORTH_BYTES = 1024
const KINDS = /\.(js|css|html|svg)$/

export function precompress(): Plugin {
  let folder = ''
  return {
    name: 'mist-precompress',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir)
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        if (KINDS.test(name)) compress(join(folder, name))
      }
    },
  }
}

function compress(path: string): void {
  const body = readFileSync(path)
  if (body.length < WORTH_BYTES) return
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }
  for (const [ending, smaller] of [
    ['.br', brotliCompressSync(body, best)],
    ['.gz', gzipSync(body, { level: 9 })],
  ] as const) {
    if (smaller.length < body.length) writeFileSync(path + ending, smaller)
  }
}
