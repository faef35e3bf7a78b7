// Exits 0 when the server, its pages and the script for other pages have been built, 1 when they have not.
import { existsSync } from 'node:fs'

process.exit(['dist/waymark.cjs', 'dist/web/index.html', 'dist/browser/waymark.js'].every((path) => existsSync(path)) ? 0 : 1)
