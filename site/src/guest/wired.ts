/** A wire between two Guests, 0 and 1, as an order has it: by ports, as on a command line. */
import type { Order } from '../../../generated/launcher/browser/session.ts'
import type { WantedDevice } from '../../../generated/launcher/plan.ts'

const ports = [7001, 7002]

/** The card that Guest `guest` wants for its end. */
export const cardOf = (guest: number): WantedDevice =>
  ({ kind: 'wire', ends: { kind: 'udp', port: ports[guest], peerHost: 'the other', peerPort: ports[1 - guest] } })

/** What an order of Guest `guest` must bring along for that card. */
export const wireOf = (guest: number, end: MessagePort): Order['wires'] & object => [[ports[guest], end]]
