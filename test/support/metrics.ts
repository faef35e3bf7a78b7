/** A sample of a running server's metrics: the sum over all labels that contain `labels`, 0 when there is none. */
export async function metric(url: string, name: string, labels = ''): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || (line.startsWith(`${name}{`) && line.includes(labels)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

/** Asks again and again until the answer passes; throws after `mostMs`, with the last answer. */
export async function eventually<T>(ask: () => Promise<T>, passes: (answer: T) => boolean, mostMs: number): Promise<T> {
  const end = performance.now() + mostMs
  for (;;) {
    const answer = await ask()
    if (passes(answer)) return answer
    if (performance.now() > end) throw new Error(`Not so after ${mostMs} ms: ${String(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
