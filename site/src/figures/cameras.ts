/** The cameras, by what a fence calls them. */
import { boot } from './boot.ts'
import type { Camera } from './camera.ts'
import { dma } from './dma.ts'
import { faults } from './faults.ts'
import { instruction } from './instruction.ts'
import { interrupt } from './interrupt.ts'
import type { FigureKind } from '../../../tools/tangle/figure-kinds.ts'
import { ring } from './ring.ts'
import { spaces } from './spaces.ts'
import { worldSwitch } from './switch.ts'
import { walk } from './walk.ts'

export const cameras: Record<FigureKind, () => Camera> = { faults, interrupt, switch: worldSwitch, spaces, dma, instruction, boot, walk, ring }
