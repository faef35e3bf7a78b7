import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk of few megabytes, in memory, at a folder. */
export interface TinyDisk {
  /** Uses up all that is left. */
  fill(): Promise<void>
  /** Gives back what `fill` took. */
  free(): Promise<void>
  /** Takes the disk away. Nobody may use it any more. */
  remove(): void
}

/** Why there can be no tiny disk here, or null when there can. */
export async function whyNoTinyDisk(): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-disk-'))
  try {
    mount(folder, 1)
    unmount(folder)
    return null
  } catch (error) {
    return (error as Error).message
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Puts a disk of so many megabytes at a folder, which is made. Throws when that is not allowed. */
export async function tinyDisk(folder: string, megabytes: number): Promise<TinyDisk> {
  await mkdir(folder, { recursive: true })
  mount(folder, megabytes)
  const filler = join(folder, 'filler')
  return {
    async fill() {
      const file = await open(filler, 'w')
      try {
        // Smaller and smaller pieces, until not one more byte goes in.
        for (let size = 1 << 20; size >= 1; size >>= 1) while (await goesIn(file, size));
      } finally {
        await file.close()
      }
    },
    free: () => rm(filler, { force: true }),
    remove: () => unmount(folder),
  }
}

async function goesIn(file: Awaited<ReturnType<typeof open>>, size: number): Promise<boolean> {
  try {
    return (await file.write(Buffer.alloc(size))).bytesWritten === size
  } catch {
    return false
  }
}

function mount(folder: string, megabytes: number): void {
  run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'waymark-test', folder])
}

function unmount(folder: string): void {
  run('umount', ['--lazy', folder])
}

function run(command: string, args: readonly string[]): void {
  const { error, status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(stderr.trim())
}
