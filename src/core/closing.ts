/** Told what an orderly end waits for from now on, so that one that takes too long can say it. */
export type WaitsFor = (what: string) => void
