// Removes the folders it is given, so that no file outlives the source it was compiled from.
import { rmSync } from 'node:fs'

for (const folder of process.argv.slice(2)) rmSync(folder, { recursive: true, force: true })
