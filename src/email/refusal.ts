import type { Delivery } from './sending/message.ts'

/** What the mail library tells of a mail that was not taken. */
export interface SmtpError {
  /** Its own word for what happened: `ECONNECTION`, `EAUTH`, `EENVELOPE`, … */
  code?: string
  /** The command that was answered, or `CONN`. */
  command?: string
  responseCode?: number
  /** The server's answer, whole. */
  response?: string
}

/**
 * What a mail that was not taken means for its message. `handed`: whether all of it had gone to the server, so that it may have been taken
 * though no answer came. What is said of the reader's address (RFC 3463) is told from what is said of this mail, of the sender, or of us.
 */
export function verdictOf(error: SmtpError, handed: boolean): Delivery {
  const { code, command, responseCode, response = '' } = error
  const status = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1]
  const reason = [responseCode ?? code ?? 'unknown', status].filter(Boolean).join(' ')
  const ofMessage = (command === 'RCPT TO' || command === 'DATA') && responseCode !== undefined && responseCode !== 421
  if (ofMessage) return responseCode < 500 ? { state: 'put off', reason } : { state: isOfAddress(command, responseCode, status) ? 'bounced' : 'failed', reason }
  // The mail could not be made, or the address is none to the library: no server was asked.
  if (code === 'EENVELOPE' && command === 'API') return { state: 'failed', reason }
  // 421 to all of a message is an answer too: it was not taken.
  if (handed && !(responseCode === 421 && command === 'DATA')) return { state: 'doubtful', reason: code === 'ETIMEDOUT' ? 'no answer in time' : 'connection lost' }
  return { state: 'away', reason }
}

/** Whether a 5xx is about the reader's address: 5.1 and 5.2 say so; 5.7 and others say that they mean the mail or its sender. */
function isOfAddress(command: 'RCPT TO' | 'DATA', responseCode: number, status: string | undefined): boolean {
  if (status !== undefined) return /^5\.1\.[^78]|^5\.2\.[01]/.test(status) || (command === 'RCPT TO' && status === '5.0.0')
  return command === 'RCPT TO' || [550, 551, 553].includes(responseCode)
}
