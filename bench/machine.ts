import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { quantile } from './histogram.ts'

/** What the figures were measured on. */
export interface Machine {
  cores: number
  cpu: string
  memoryGiB: number
  node: string
  fileSystem: string
  /** How long the disk takes to make 4 KiB durable, in ms. */
  fsyncP50: number
  fsyncP99: number
}

const WRITES = 500
const BLOCK = Buffer.alloc(4_096, 7)

/** Describes this machine, and measures its disk in a folder. */
export async function describeMachine(folder: string): Promise<Machine> {
  const fsync = fsyncTimes(folder)
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    fileSystem: FILE_SYSTEMS[(await statfs(folder)).type] ?? 'another file system',
    fsyncP50: quantile(fsync, 0.5),
    fsyncP99: quantile(fsync, 0.99),
  }
}

/** statfs(2) magic numbers. */
const FILE_SYSTEMS: Record<number, string> = { 0xef53: 'ext4', 0x58465342: 'xfs', 0x9123683e: 'btrfs', 0x2fc12fc1: 'zfs', 0x01021994: 'tmpfs (no disk!)', 0x794c7630: 'overlayfs' }

function fsyncTimes(folder: string): number[] {
  const path = join(folder, 'fsync')
  const file = openSync(path, 'w')
  try {
    return Array.from({ length: WRITES }, (_, i) => {
      const start = performance.now()
      writeSync(file, BLOCK, 0, BLOCK.length, i * BLOCK.length)
      fdatasyncSync(file)
      return performance.now() - start
    })
  } finally {
    closeSync(file)
    rmSync(path)
  }
}
