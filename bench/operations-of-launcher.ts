/** The Launcher, telling on stderr at its end which operations it performed. */
import { topOperations } from './operations.ts'

const MOST = 60

process.on('exit', () => {
  console.error(['', 'operations, most frequent first:', ...topOperations(MOST)].join('\n'))
})
await import('../generated/launcher/node/main.ts')
