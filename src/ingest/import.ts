import type { FieldError } from '../core/errors.ts'
import type { Draft } from './event.ts'

/** Reads records that come from elsewhere, each by itself and in order: an event, or what is wrong with it. `arrivedAt` has when each came first, UTC ms. */
export type Reader = (records: readonly Record<string, unknown>[], arrivedAt: readonly number[]) => Promise<(Draft | FieldError)[]>

/** Takes in things that are no events and come from elsewhere, each by itself and in order: whether it was new, or what is wrong with it. */
export type Adopter = (records: readonly Record<string, unknown>[]) => Promise<(boolean | FieldError)[]>
