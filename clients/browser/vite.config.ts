import { defineConfig } from 'vite'

// The script for pages without a build of their own: all of it in one file, which sets the global `waymark`.
export default defineConfig({
  build: {
    outDir: '../../dist/browser',
    emptyOutDir: true,
    target: 'es2020',
    reportCompressedSize: false,
    lib: { entry: 'src/script.ts', name: 'waymark', formats: ['iife'], fileName: () => 'waymark.js' },
  },
})
