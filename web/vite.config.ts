import { defineConfig } from 'vite'

// Asset names hold a hash of their content, so that the server may let them be kept for a year.
export default defineConfig({
  base: '/',
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    // The first ones with light-dark().
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // Inlined as data: an image would need a wider policy, and be fetched with every page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      // "use client" has a meaning for servers that render React; there is none here.
      onwarn(warning, warn) {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning)
      },
    },
  },
})
