/**
 * Writes `.early.json` beside the page: for each view its files, and what the console asks the service as soon as it
 * has begun. The service names both in the page that it sends for the view.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import type { Plugin, Rolldown } from 'vite'

const API = '/api/v1'
/** Letter by letter as the console asks for them, or a browser asks twice, which tests/console/test_weight.py notices. */
const ALWAYS = ['/me', '/machines?limit=1000&wait=false', '/backends?limit=1000', '/alerts?limit=1000&state=firing', '/events?limit=12']
const MORE: Record<string, string[]> = { '/': ['/sizes?limit=1000'], '/machines': ['/monitoring?limit=1000'] }
const OPEN = new Set(['/setup', '/sign-in'])
const VIEW = /page\('([^']+)'.*import\('\.\/([^']+)'\)/g
/** All of it is needed at once: Chromium then compiles it while it comes, and not bit by bit while the page waits. */
const COMPILED = '//# allFunctionsCalledOnLoad'

type View = { scripts: string[]; styles: string[]; reads: string[] }

export function early(): Plugin {
  let root = ''
  let folder = ''
  return {
    name: 'mist-early',
    apply: 'build',
    configResolved(config) {
      root = config.root
      folder = resolve(config.root, config.build.outDir)
    },
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const chunk of Object.values(bundle)) {
          if (chunk.type === 'chunk' && chunk.name === 'console') chunk.code = `${COMPILED}\n${chunk.code}`
        }
      },
    },
    writeBundle(_, bundle) {
      const source = join(root, 'src')
      const named = readFileSync(join(source, 'pages', 'index.ts'), 'utf8').matchAll(VIEW)
      const views = [...named].map(([, path = '', file = '']) => {
        const modules = [join(source, 'main.ts'), join(source, 'pages', file)]
        return [path, view(path, modules, bundle)] as const
      })
      writeFileSync(join(folder, '.early.json'), JSON.stringify(Object.fromEntries(views)))
    },
  }
}

function view(path: string, modules: string[], bundle: Rolldown.OutputBundle): View {
  const chunks = Object.values(bundle).filter((each) => each.type === 'chunk')
  const first = modules.flatMap((module) => chunks.filter((each) => each.moduleIds.includes(module)))
  const wanted = withImports(chunks, first)
  return {
    scripts: wanted.map(({ fileName }) => `/${fileName}`),
    styles: [...new Set(wanted.flatMap((each) => [...(each.viteMetadata?.importedCss ?? [])]))].map((name) => `/${name}`),
    reads: OPEN.has(path) ? [] : [...ALWAYS, ...(MORE[path] ?? [])].map((read) => API + read),
  }
}

function withImports(all: Rolldown.OutputChunk[], some: Rolldown.OutputChunk[]): Rolldown.OutputChunk[] {
  const found = new Set<Rolldown.OutputChunk>()
  for (const waiting = [...some]; waiting.length > 0; ) {
    const chunk = waiting.shift()
    if (!chunk || found.has(chunk)) continue
    found.add(chunk)
    waiting.push(...all.filter(({ fileName }) => chunk.imports.includes(fileName)))
  }
  return [...found]
}
