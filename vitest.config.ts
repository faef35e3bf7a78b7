import { configDefaults, defineConfig } from 'vitest/config'

// `npm run assure` sets it: the long tests of test/assure/ as well, and every count in full.
const assure = process.env.ASSURE === '1'

export default defineConfig({
  test: {
    name: assure ? 'assure' : 'quick',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(assure ? [] : ['test/assure/**'])],
    globalSetup: ['test/support/services.ts', 'test/support/templates.ts'],
    // Processes, not threads: tests start worker threads, native engines and servers of their own.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: assure ? 90 * 60_000 : 30_000,
    hookTimeout: 60_000,
  },
})
