/** What records demos, as one module: the session of the page, and the figures that observe it. */
export { Session } from '../../generated/launcher/browser/session.ts'
export { cameras } from '../../site/src/figures/cameras.ts'
