/** Rings, descriptors and status bytes of random bytes: the Launcher says farewell or goes on, and nothing else. */
import { expect, it } from 'vitest'
import { Random } from '../../conformance/random.ts'
import { legacyRings, pciRegisters } from '../../fuzz/edges/rings.ts'

const SEED = 20131113

it.each([['the lguest bus', legacyRings], ['PCI', pciRegisters]])(`rings at random on %s end in a farewell or are served, seed ${SEED}`, (_bus, live) => {
  const random = new Random(SEED)
  const farewells: string[] = []
  let served = 0
  for (let life = 0; life < 1500; life++) {
    const { farewell, served: times } = live(random)
    served += times
    if (farewell !== null) farewells.push(farewell.replace(/[\dx]+[\da-f]*/g, 'N'))
  }
  expect(farewells.length).toBeGreaterThan(50)
  expect(served).toBeGreaterThan(50)
  expect(new Set(farewells).size).toBeGreaterThan(4)
})
