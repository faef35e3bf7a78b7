import { normalAddress } from '../capture/address.ts'
import type { Reader } from '../ingest/index.ts'
import { draftOf, readCapture } from './capture.ts'

/** Reads captures that happened elsewhere, in the words of the API. */
export const readCaptures: Reader = async (records, arrivedAt) =>
  records.map((record, at) => {
    const read = readCapture(record, JSON.stringify(record))
    if ('errors' in read) return read.errors[0] ?? { field: 'body', error: '' }
    const { ipAddress } = read.capture
    return draftOf(read.capture, { address: ipAddress ? normalAddress(ipAddress) : null, userAgent: null, agentSeen: false }, arrivedAt[at] as number)
  })
