/** A small store of texts by name. */
export interface Keeper {
  get(name: string): string | null
  set(name: string, text: string): void
  remove(name: string): void
  names(): string[]
}

/** Keeps texts in a storage of the browser, and in memory what that refuses: where it is blocked, or full. */
export function keeper(storage: () => Storage): Keeper {
  const memory = new Map<string, string>()
  const attempt = <T>(work: (store: Storage) => T, otherwise: T): T => {
    try {
      return work(storage())
    } catch {
      return otherwise
    }
  }
  return {
    get: (name) => memory.get(name) ?? attempt((store) => store.getItem(name), null),
    set(name, text) {
      if (!attempt((store) => (store.setItem(name, text), true), false)) memory.set(name, text)
    },
    remove(name) {
      memory.delete(name)
      attempt((store) => store.removeItem(name), undefined)
    },
    names: () => [...memory.keys(), ...attempt((store) => Object.keys(store), [])],
  }
}
