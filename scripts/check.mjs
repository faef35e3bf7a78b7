// Runs every `check:…` script of package.json in its order, all of them even when one fails.
// With --report FILE it writes { passed, failed } there as JSON.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
const names = Object.keys(scripts).filter((name) => name.startsWith('check:'))

const failed = names.filter((name) => {
  const start = performance.now()
  console.log(`\n-- ${name}: ${scripts[name]}`)
  const { status } = spawnSync('npm', ['run', '--silent', name], { stdio: 'inherit' })
  console.log(`-- ${name}: ${status === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - start) / 1000).toFixed(1)} s`)
  return status !== 0
})

const report = process.argv[process.argv.indexOf('--report') + 1]
if (process.argv.includes('--report') && report) {
  writeFileSync(report, JSON.stringify({ passed: names.length - failed.length, failed: failed.length }))
}
console.log(failed.length === 0 ? `\nAll ${names.length} checks passed.` : `\nFailed: ${failed.join(', ')}.`)
process.exitCode = failed.length === 0 ? 0 : 1
