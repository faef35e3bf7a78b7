import { gzipSync } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A file that the build made, held in memory. */
export interface File {
  type: string
  bytes: Buffer
  /** Made when somebody first asks for it. */
  zipped?: Buffer
}

/** Sends a file, packed for those who take it so; the reply's `vary` should say that. */
export function sendFile(request: FastifyRequest, reply: FastifyReply, file: File): FastifyReply {
  reply.type(file.type)
  if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return reply.send(file.bytes)
  file.zipped ??= gzipSync(file.bytes, { level: 9 })
  return reply.header('content-encoding', 'gzip').send(file.zipped)
}
