import { expect, test } from 'vitest'
import { verdictOf } from './refusal.ts'

const envelope = (command: string, response: string) => ({ code: 'EENVELOPE', command, response, responseCode: Number(response.slice(0, 3)) })
const data = (response: string) => ({ code: 'EMESSAGE', command: 'DATA', response, responseCode: Number(response.slice(0, 3)) })
const lost = { code: 'ECONNECTION', command: 'CONN' }

test.each([
  ['no such reader', envelope('RCPT TO', '550 5.1.1 No such user'), false, 'bounced', '550 5.1.1'],
  ['no such reader, in plain words', envelope('RCPT TO', '550 No such user'), false, 'bounced', '550'],
  ['a mailbox switched off', envelope('RCPT TO', '550-5.2.1 disabled\n550 5.2.1 disabled'), false, 'bounced', '550 5.2.1'],
  ['a full mailbox', envelope('RCPT TO', '552 5.2.2 full'), false, 'failed', '552 5.2.2'],
  ['relaying denied', envelope('RCPT TO', '554 5.7.1 Relay access denied'), false, 'failed', '554 5.7.1'],
  ['the sender refused with the reader', envelope('RCPT TO', '550 5.1.8 bad sender'), false, 'failed', '550 5.1.8'],
  ['greylisting', envelope('RCPT TO', '450 4.2.0 Greylisted'), false, 'put off', '450 4.2.0'],
  ['a refused content', data('554 5.7.1 Spam'), true, 'failed', '554 5.7.1'],
  ['a refused content, in plain words', data('554 Spam'), true, 'failed', '554'],
  ['a reader refused after all', data('550 no one here'), true, 'bounced', '550'],
  ['not now, after all', data('451 try again'), true, 'put off', '451'],
  ['DATA refused', envelope('DATA', '451 not now'), false, 'put off', '451'],
  ['closing, in answer to the mail', data('421 closing'), true, 'away', '421'],
  ['closing, before the mail', envelope('RCPT TO', '421 closing'), false, 'away', '421'],
  ['the sender refused', envelope('MAIL FROM', '553 5.1.8 bad sender'), false, 'away', '553 5.1.8'],
  ['a wrong password', { code: 'EAUTH', command: 'AUTH PLAIN', response: '535 5.7.8 no', responseCode: 535 }, false, 'away', '535 5.7.8'],
  ['nobody there', { code: 'ECONNECTION', command: 'CONN' }, false, 'away', 'ECONNECTION'],
  ['lost before all was handed over', lost, false, 'away', 'ECONNECTION'],
  ['lost behind it', lost, true, 'doubtful', 'connection lost'],
  ['silence behind it', { code: 'ETIMEDOUT', command: 'CONN' }, true, 'doubtful', 'no answer in time'],
  ['an address that is none', { code: 'EENVELOPE', command: 'API' }, false, 'failed', 'EENVELOPE'],
  ['nothing known', {}, false, 'away', 'unknown'],
])('%s', (_, error, handed, state, reason) => expect(verdictOf(error, handed)).toEqual({ state, reason }))
