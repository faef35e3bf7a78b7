import { spawn } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './ask.ts'
import { type Stage, replay, saidIn, variablesIn } from './dockerfile.ts'
import { freePort } from './process.ts'

/** Who runs an image's server here where root does the tests: nobody. */
const NOBODY = 65_534

/** What became of a server that was started as an image starts it. */
export interface Started {
  health: { status: string }
  /** How its health check ended. */
  checked: number | null
  /** How it ended when told to. */
  code: number | null
  /** What it left in its data folder. */
  files: string[]
}

/**
 * Makes the files of an image's last stage, and runs its server on them as an engine would: as nobody in particular, on a program
 * that cannot be written, with a data folder of its own. `others` as for `replay`.
 */
export async function startImage(stage: Stage, others: Readonly<Record<string, string>>, env: Readonly<Record<string, string>>): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-image-'))
  const data = join(folder, 'data')
  try {
    await replay(stage, folder, others)
    await mkdir(data, { recursive: true })
    const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
    if (user.uid !== undefined) await chown(data, user.uid, user.gid)
    await chmod(folder, 0o755)
    const app = join(folder, saidIn(stage, 'WORKDIR').at(-1) as string)
    for (const entry of [app, join(app, 'dist')]) await chmod(entry, 0o555)
    const port = await freePort()
    const settings = { PATH: process.env.PATH, ...variablesIn(stage), ...env, DATA_DIR: data, PORT: String(port) }
    const [command, ...args] = [...listed(stage, 'ENTRYPOINT'), ...listed(stage, 'CMD')] as [string, ...string[]]
    const child = spawn(command === 'node' ? process.execPath : command, args, { cwd: app, env: settings, ...user, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes))
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
    try {
      const health = await until('it is well', async () => {
        if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}:\n${said}`)
        return fetch(`http://127.0.0.1:${port}/health`).then((answer) => answer.json() as Promise<{ status: string }>, () => null)
      }, 60_000)
      const [, ...check] = JSON.parse(/ CMD (\[.*\])$/.exec(saidIn(stage, 'HEALTHCHECK')[0] as string)?.[1] as string) as string[]
      const checked = await new Promise<number | null>((resolve) => spawn(process.execPath, check, { env: settings, stdio: 'ignore' }).once('exit', resolve))
      child.kill('SIGTERM')
      const code = await ended
      return { health, checked, code, files: (await readdir(data)).sort() }
    } finally {
      child.kill('SIGKILL')
    }
  } finally {
    for (const entry of ['app', 'app/dist']) await chmod(join(folder, entry), 0o755).catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
  }
}

function listed(stage: Stage, word: string): string[] {
  return JSON.parse(saidIn(stage, word).at(-1) as string) as string[]
}
