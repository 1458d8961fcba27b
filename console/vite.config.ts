import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

import { early } from './early.ts'
import { precompress } from './precompress.ts'

const SERVICE = process.env['MIST_URL'] ?? 'http://127.0.0.1:8000'

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), early(), precompress()],
  base: '/',
  // The service sends a policy without data: fonts and without inline styles, so nothing is inlined.
  build: {
    outDir: '../src/mistserver/console/static',
    emptyOutDir: true,
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    target: 'es2022',
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 500,
    // One file of what the first page needs: a browser asks for few at a time.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: 'console', test: /src\/(main\.ts|pages\/overview\/Overview\.svelte)$/ }] } },
    },
  },
  server: {
    proxy: { '/api': { target: SERVICE, ws: true } },
  },
  resolve: mode === 'test' ? { conditions: ['browser'] } : {},
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts'],
  },
}))
