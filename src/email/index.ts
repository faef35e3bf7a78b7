export { type Mail, type Mailer, type MailReport, openMailer } from './mailer.ts'
