/** The mail server may take this long to greet and to let us in. */
const WAIT_MS = 10_000

/** Connects to a mail server and logs in, without a mail. Gives null, or why that did not work. */
export async function tryMailServer(url: string): Promise<string | null> {
  const { createTransport } = await import('nodemailer')
  const transport = createTransport(`${url}${url.includes('?') ? '&' : '?'}connectionTimeout=${WAIT_MS}&greetingTimeout=${WAIT_MS}`)
  try {
    await transport.verify()
    return null
  } catch (error) {
    return (error as Error).message
  } finally {
    transport.close()
  }
}
