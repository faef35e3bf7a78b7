export { type Mailer, openMailer } from './mailer.ts'
export { tokenOf } from './recorder.ts'
export { emailRoom } from './room.ts'
export { tryMailServer } from './trial.ts'
