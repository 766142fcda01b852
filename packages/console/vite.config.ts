// Builds the console into dist/: static files under a strict content security policy, so nothing may be inlined.
// `npx vite` in this folder serves the sources and hands /v1 to a running master (TIDEWHEEL_URL).

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const master = process.env['TIDEWHEEL_URL'] ?? 'http://127.0.0.1:7070';

export default defineConfig({
  plugins: [react()],
  // Workspace packages are read from their TypeScript sources, so no build has to come first.
  resolve: { conditions: ['source', 'module', 'browser', 'development|production'] },
  server: { proxy: { '/v1': { target: master, changeOrigin: true } } },
  build: {
    target: ['chrome123', 'firefox124', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});
