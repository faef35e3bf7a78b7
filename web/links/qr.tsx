import type { Link } from '../api/links.ts'
import { Dialog } from '../design/dialog.tsx'
import { Snippet } from '../design/state.tsx'
import { LIST } from './list.ts'
import './qr.css'

/** A link's QR code, to look at and to take along. */
export function QrDialog({ link, onClose }: { link: Pick<Link, 'tracking_id' | 'redirect_url'>; onClose: () => void }) {
  const image = `${LIST}/${link.tracking_id}/qr`
  return (
    <Dialog title={`QR code of ${link.tracking_id}`} onClose={onClose}>
      <img className="qr" src={`${image}?size=320`} width={320} height={320} alt={`QR code that leads to ${link.redirect_url}`} />
      <Snippet code={link.redirect_url} what="the address" />
      <div className="row">
        <a className="button" href={`${image}?size=1024`} download={`${link.tracking_id}.svg`}>
          Save as SVG
        </a>
        <a className="button" href={`${image}?format=png&size=1024`} download={`${link.tracking_id}.png`}>
          Save as PNG
        </a>
      </div>
    </Dialog>
  )
}
