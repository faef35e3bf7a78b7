// Exits 0 when the server has been compiled, 1 when it has not.
import { existsSync } from 'node:fs'

process.exit(existsSync('dist/main.js') ? 0 : 1)
