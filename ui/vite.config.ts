// How the console is built: one entry, one chunk per page, no inline code (the server's CSP forbids it), no network.
// What the pages look like is in `src/`; the stamp that follows the build is in `stamp.mjs`.
import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [tailwindcss()],
  build: {
    target: ['chrome123', 'firefox128', 'safari17.5'],
    // Nothing becomes a `data:` address: fonts and scripts may not load from one, and files cache better.
    assetsInlineLimit: 0,
    // The polyfill would be the only inline script in the page.
    modulePreload: { polyfill: false },
    sourcemap: false,
    // Small pieces that most pages share are one chunk: fewer requests, and no page waits for a chain of them.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'shared', test: /src\/(?:components\/(?!DiffView|LimitsEditor|VirtualTable|charts)|text\/)/ }] } } },
    // The editor is one chunk of 505 kB (170 kB gzip); more than that deserves a look.
    chunkSizeWarningLimit: 550,
  },
  server: {
    // `npm run dev` beside a real `isolet up` or beside `npm run fake-api`; both listen here.
    proxy: { '/v1': 'http://127.0.0.1:8787' },
  },
})
