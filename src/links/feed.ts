import { setStanding, standing } from '../ingest/index.ts'
import type { Sql, Statement } from '../store/sql.ts'
import { BULK_LINKS } from './links.ts'
import { linksBetween, linksByIds } from './store.ts'
import { linkView } from './view.ts'

/** A link as the API gives it. */
type LinkView = ReturnType<typeof linkView>

/** A link that was made, changed or both since a follower last looked: several changes in between are one. */
export interface LinkNews {
  trackingId: string
  version: number
  made: boolean
  changed: boolean
}

/** Some changes, and how far a follower has come once it has dealt with them. */
export interface LinkPiece {
  links: LinkNews[]
  through: number
  /** Whether that is as far as changes went when it was read. */
  end: boolean
}

/** The changes to links in their order, for rooms that must act on them. */
export interface LinkFeed {
  /** What a follower has not dealt with yet; it begins, at its first reading, behind what there is. Each is read again until `passed` was committed. */
  read(follower: string): Promise<LinkPiece>
  /** Says that a follower has dealt with a piece; to be written with what it did, in one transaction. */
  passed(follower: string, piece: LinkPiece): Statement
  /** The links of these ids, as they are now. */
  at(trackingIds: readonly string[]): Promise<LinkView[]>
}

/** More than links that are made at once, and so have one version: a piece never ends within one. */
const PAGE = 2 * BULK_LINKS

/** Opens the feed. */
export function createLinkFeed(sql: Sql, now: () => number): LinkFeed {
  return {
    async read(follower) {
      const { position, head } = await standing(sql, follower, 'links', now())
      const found = head > position ? await linksBetween(sql, position, head, PAGE) : []
      const last = found[PAGE - 1]
      const through = last ? last.version - 1 : head
      const links = found.filter(({ version }) => version <= through)
      return { links: links.map((link) => ({ trackingId: link.tracking_id, version: link.version, made: link.is_new, changed: link.is_changed })), through, end: through === head }
    },
    passed: (follower, piece) => setStanding(follower, piece.through, now()),
    at: async (trackingIds) => (await linksByIds(sql, trackingIds)).map(linkView),
  }
}
