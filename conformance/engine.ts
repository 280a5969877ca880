/** How the machines under test perform their programs: npm run conformance -- --engine. */
import type { Engine } from '../generated/emulator/index.ts'

let chosen: Engine = 'translated'

export const setEngine = (engine: Engine): void => { chosen = engine }
export const theEngine = (): Engine => chosen
