let made = 0

/** A random name of 128 bits. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('')
}

/** An id of an event; those of one page sort in the order they were made. */
export function newEventId(): string {
  // Eight digits until the year 2059, and four that count.
  return Date.now().toString(36) + (36 ** 3 + made++).toString(36) + randomId()
}

/** When an event's id was made, in ms; NaN for what is no such id. */
export function timeOf(eventId: string): number {
  return parseInt(eventId.slice(0, 8), 36)
}
