import { Worker } from 'node:worker_threads'
import type { WaitsFor } from '../core/closing.ts'
import { HOUR_MS, MINUTE_MS } from '../core/time.ts'
import type { Metrics } from '../http/metrics.ts'
import type { Job } from '../store/jobs.ts'
import type { StoreSettings } from '../store/open.ts'
import type { ReplicaState } from '../store/replicas.ts'
import { type Remote, type SqlOffers, notify, remote, remoteSql } from '../store/remote.ts'
import type { Sql } from '../store/sql.ts'
import { createAddressKeys } from './address-keys.ts'
import { IdFilter } from './duplicates.ts'
import { holdFolder } from './hold.ts'
import { type Ack, Ingest } from './ingest.ts'
import { Journal } from './journal.ts'
import { mendJournal } from './mend.ts'
import { type IngestMetrics, createIngestMetrics } from './metrics.ts'
import type { IpStorage } from './pipeline.ts'
import { createProgress } from './progress.ts'
import { watchReplicas } from './replicas.ts'
import { dropAddressKeys, sweep } from './store.ts'
import { createTally } from './tally.ts'
import { createTeller } from './teller.ts'
import type { StoreThread, ThreadSettings, Tidings } from './thread.ts'

/** How often a node looks which event ids the others have loaded. */
const OTHERS_MS = 250
/** How long the end waits for the loader; what it has not loaded by then is in the journal for the next start. */
const LOAD_WAIT_MS = 3_000

/** What the pipeline and its store are started with. Sizes in bytes, times in ms. */
export interface IngestSettings {
  store: StoreSettings
  journalFolder: string
  journalMaxBytes: number
  windowMs: number
  ack: Ack
  recordWaitMs: number
  ipStorage: IpStorage
  country: (address: string) => string | null
  /** How long the end waits for a store elsewhere; the embedded one is waited for until it has ended. */
  closeMs: number
  /** The built script of the store's thread. */
  threadScript: URL
  now: () => number
}

/** What the log is told. */
export interface IngestLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** The running pipeline, the store behind it, and how to end both. */
export interface StartedIngest {
  ingest: Ingest
  sql: Sql
  /** Which node this is among those of one store: the same after each start on its data folder, which one process holds at a time. */
  node: string
  /** Which engine it is and whether other nodes write to it. */
  engine: { name: 'duckdb' | 'postgres'; shared: boolean }
  /** The steps that the schema took at this opening. */
  migrated: readonly string[]
  /** What recurs: keys are kept ready, and what is past its time goes. */
  jobs: readonly Job[]
  /** Lets go of what is remembered of people, after some were erased, and has the engine do so with what was taken from its rows. */
  forget(): Promise<void>
  /** How the replicas are, from which reports are read. */
  replicas: () => readonly ReplicaState[]
  /** Whether the store takes events now. */
  away: () => boolean
  /** Fulfilled when the store's thread ends unasked: the process should end too, and the next start goes on from the journal. */
  died: Promise<Error>
  /** Flushes, loads what is flushed, and closes journal and store. */
  close(waitsFor?: WaitsFor): Promise<void>
}

/**
 * Opens the journal, starts the store's thread, and goes on loading where the last process ended.
 * Throws Fault 'unavailable' with a sentence when the store cannot be opened.
 */
export async function startIngest(settings: IngestSettings, metrics: Metrics, log: IngestLog): Promise<StartedIngest> {
  const tally = createTally(log)
  const counts = createIngestMetrics(metrics, tally)
  let wake: (events: number) => void = () => undefined
  const held = await holdFolder(settings.journalFolder)
  const mended = await mendJournal(settings.journalFolder, settings.now())
  if (mended) log.warn({ ...mended }, 'the journal was damaged: it is set aside, and its whole records are taken over')
  const journal = await Journal.open(settings.journalFolder, settings.journalMaxBytes, ({ seconds, events }) => {
    counts.flushed(seconds, events)
    wake(events)
  })
  const workerData: ThreadSettings = { store: settings.store, journalFolder: settings.journalFolder, journalId: journal.id, windowMs: settings.windowMs }
  const worker = new Worker(settings.threadScript, { workerData })
  const thread = remote<SqlOffers & StoreThread>(worker)
  let closing = false
  const died = new Promise<Error>((resolve) => {
    void journal.broken.then(resolve)
    worker.once('error', resolve)
    worker.once('exit', (code) => closing || resolve(new Error(`the store's thread ended with ${code}`)))
  })
  const opened = await thread.open().catch(async (error: unknown) => {
    await worker.terminate()
    await journal.close()
    await held.letGo()
    throw error
  })
  journal.resume(opened.position, settings.now())
  if (opened.migrated.length > 0) log.info({ steps: opened.migrated }, 'schema brought up to date')

  metrics.gauges('waymark_store_info', 'The version of the engine behind the store', 'version', () => [[opened.version, 1]])
  const progress = createProgress(opened.position, () => {
    teller.tell()
    notify<StoreThread, 'hurry'>(worker, 'hurry')
  })
  const filter = new IdFilter(settings.windowMs, settings.now())
  listen(worker, { progress, journal, filter, counts, log, now: settings.now })
  const teller = createTeller((events) => notify<StoreThread, 'wake'>(worker, 'wake', journal.head, events))
  wake = teller.add
  notify<StoreThread, 'wake'>(worker, 'wake', journal.head, 0)

  const queries = metrics.histogram('waymark_store_query_seconds', 'Duration of one question to the store, waiting included', [])
  const sql = remoteSql(thread, (seconds) => queries.observe(seconds))
  const replicas = watchReplicas(settings.store.replicas.urls.length === 0 ? null : () => thread.replicas(), metrics, log)
  const keys = createAddressKeys(sql)
  await keys.prepare(settings.now())
  const jobs: Job[] = [
    { name: 'address keys', everyMs: MINUTE_MS, everywhere: true, work: () => keys.prepare(settings.now()) },
    { name: 'old address keys', everyMs: MINUTE_MS, work: () => dropAddressKeys(sql, settings.now()) },
    { name: 'months of events', everyMs: HOUR_MS, work: () => thread.months() },
    { name: 'ids and answers past their window', everyMs: HOUR_MS, work: () => sweep(sql, { now: settings.now(), windowMs: settings.windowMs }) },
  ]

  const ingest = new Ingest({
    journal,
    progress,
    filter,
    known: (ids, since) => thread.known(ids, since),
    world: { ipStorage: settings.ipStorage, privacy: keys.of, country: settings.country, onStep: counts.step },
    metrics: counts,
    windowMs: settings.windowMs,
    ack: settings.ack,
    recordWaitMs: settings.recordWaitMs,
    now: settings.now,
  })
  counts.watch(journal, () => progress.away, () => filter.bytes)
  // What the last process left in the journal belongs to the window too, and is in the store only once it is loaded.
  const left = journal.head
  void progress.passed(left, undefined, false).then(() => recall(thread, ingest, opened.shared, settings, log))

  return {
    ingest,
    sql,
    node: journal.id,
    engine: { name: opened.name, shared: opened.shared },
    migrated: opened.migrated,
    jobs,
    forget: () => thread.forget(),
    replicas: () => replicas.last(),
    away: () => progress.away,
    died,
    async close(waitsFor = () => undefined) {
      closing = true
      replicas.stop()
      waitsFor('the journal')
      await journal.flushed()
      waitsFor('the loader')
      await progress.passed(journal.head, LOAD_WAIT_MS)
      // A store elsewhere that says nothing is not waited for: what it has not taken is in the journal. One in this process ends its
      // work first, or its thread would take the process with it.
      waitsFor('the store')
      const closed = thread.close().catch(() => undefined)
      await (opened.shared ? Promise.race([closed, new Promise((resolve) => setTimeout(resolve, settings.closeMs).unref())]) : closed)
      waitsFor('the journal')
      await journal.close()
      await worker.terminate()
      await held.letGo()
      tally.tell()
    },
  }
}

type Listener = { progress: ReturnType<typeof createProgress>; journal: Journal; filter: IdFilter; counts: IngestMetrics; log: IngestLog; now: () => number }

function listen(worker: Worker, { progress, journal, filter, counts, log, now }: Listener): void {
  worker.on('message', (tidings: Tidings | { told?: undefined }) => {
    switch (tidings.told) {
      case 'loaded': {
        const { oldestAt } = journal.depth
        journal.loaded(tidings.seq)
        progress.loaded(tidings.seq)
        counts.loaded({ ...tidings, waited: oldestAt === null ? 0 : (Date.now() - oldestAt) / 1000 })
        break
      }
      case 'away':
        progress.setAway(tidings.reason !== null)
        if (tidings.reason === null) log.info({}, 'the store is back')
        else log.warn({ reason: tidings.reason }, 'the store is away; events wait in the journal')
        break
      case 'poisoned':
        log.warn({ events: tidings.events, reason: tidings.reason }, 'the store refused events; they are in the dead letters')
        break
      case 'ids':
        filter.addAll(tidings.prints, now())
        break
    }
  })
}

/**
 * Fills the filter with the window's ids; until it is done every id is looked up, so nothing is missed meanwhile. Where nodes share
 * the store it then goes on with what others load, so that a repeat is told as one whichever node gets it.
 */
async function recall(thread: Remote<SqlOffers & StoreThread>, ingest: Ingest, shared: boolean, settings: IngestSettings, log: IngestLog): Promise<void> {
  let through: number | null = null
  for (;;) {
    try {
      through = through === null ? await thread.recall(settings.now() - settings.windowMs) : await thread.recallBehind(through)
      ingest.recalled = true
      if (!shared) return
      await new Promise((resolve) => setTimeout(resolve, OTHERS_MS).unref())
    } catch (error) {
      if ((error as Error).message === 'The store is closed.') return
      if (through === null) log.warn({ reason: (error as Error).message }, 'event ids could not be recalled; trying again')
      await new Promise((resolve) => setTimeout(resolve, 5_000).unref())
    }
  }
}
