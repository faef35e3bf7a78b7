// Asks the registry for known weaknesses of what the server installs. Not every registry can answer: then it says so, and passes.
import { spawnSync } from 'node:child_process'

const { stdout, stderr } = spawnSync('npm', ['audit', '--omit=dev', '--json', '--no-offline', '--fetch-retries=0'], { encoding: 'utf8' })
const answer = parsed(stdout)

if (answer?.metadata?.vulnerabilities === undefined) {
  console.log('!!! NOT CHECKED: the registry gave no answer about known weaknesses.')
  console.log(stderr.trim())
} else if (answer.metadata.vulnerabilities.total > 0) {
  for (const [name, found] of Object.entries(answer.vulnerabilities)) console.log(`${name} ${found.range}: ${found.severity}`)
  process.exitCode = 1
} else {
  console.log(`No known weakness in ${answer.metadata.dependencies.prod} packages.`)
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
