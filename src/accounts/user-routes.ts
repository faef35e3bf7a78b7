import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { iso } from '../core/time.ts'
import { route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import { Account, Password, Refused, Role } from './schemas.ts'
import type { User } from './user.ts'
import type { Users } from './users.ts'

const One = Type.Object({ success: Type.Literal(true), user: Account })

const PASSWORD_RULE = 'A password has at least 12 characters, no control characters, and at most 72 bytes in UTF-8.'

/** Registers the routes by which an admin sees to the users. */
export function userRoutes(app: FastifyInstance, users: Users): void {
  route(app, {
    method: 'GET',
    url: '/api/auth/users',
    family: 'tracking',
    who: 'admin',
    summary: 'List the users',
    description: 'The oldest account first, disabled ones too.',
    schema: { response: { 200: Type.Object({ success: Type.Literal(true), users: Type.Array(Account) }) } },
    handler: async (_, reply) => {
      reply.header('cache-control', 'no-store')
      return { success: true, users: (await users.list()).map(account) }
    },
  })

  route(app, {
    method: 'POST',
    url: '/api/auth/users',
    family: 'tracking',
    who: 'admin',
    summary: 'Add a user',
    description: `A viewer unless \`role\` says otherwise. ${PASSWORD_RULE} A taken e-mail address is 409.`,
    schema: {
      body: fields({ email: Type.String({ minLength: 1, maxLength: 254 }), password: Password, role: Type.Optional(Role) }),
      response: { 201: One, 409: Refused },
    },
    handler: async (request, reply) => {
      const { email, password, role = 'viewer' } = request.body
      return reply.code(201).header('cache-control', 'no-store').send({ success: true, user: account(await users.add({ email, password, role })) })
    },
  })

  route(app, {
    method: 'PATCH',
    url: '/api/auth/users/:id',
    family: 'tracking',
    who: 'admin',
    summary: 'Change a user',
    description: `What is not named stays. A new role counts from the next request; a new password and disabling end all sessions of the user at once. ${PASSWORD_RULE} The last active admin can be neither disabled nor made a viewer: 409.`,
    schema: {
      params: Type.Object({ id: Type.String({ pattern: '^[0-9A-Za-z-]{1,64}$' }) }),
      body: fields({ role: Type.Optional(Role), disabled: Type.Optional(Type.Boolean()), password: Type.Optional(Password) }),
      response: { 200: One, 404: Refused, 409: Refused },
    },
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store')
      return { success: true, user: account(await users.change(request.params.id, request.body)) }
    },
  })
}

function account({ id, email, role, disabled, createdAt, lastLoginAt }: User): object {
  return { id, email, role, disabled, createdAt: iso(createdAt), lastLoginAt: lastLoginAt === null ? null : iso(lastLoginAt) }
}
