// Prints "PASSED FAILED" for a report of vitest's (--reporter=json) or of check.mjs: node scripts/count.mjs REPORT EXIT-CODE
// A file of tests that cannot be read, a test left out and a run that reports no failure but exits with one all count as failed.
import { existsSync, readFileSync } from 'node:fs'

const [path = '', exitCode] = process.argv.slice(2)
const sum = existsSync(path) ? counted(JSON.parse(readFileSync(path, 'utf8'))) : { passed: 0, failed: 0 }
const unexplained = sum.failed === 0 && (exitCode !== '0' || sum.passed === 0)
console.log(sum.passed, sum.failed + (unexplained ? 1 : 0))

/** @param {{ passed: number, failed: number } | { testResults: { status: string, assertionResults: { status: string }[] }[] }} report */
function counted(report) {
  if ('passed' in report) return report
  const tests = report.testResults.flatMap((file) => file.assertionResults)
  const passed = tests.filter((test) => test.status === 'passed').length
  const unreadable = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length
  return { passed, failed: tests.length - passed + unreadable }
}
