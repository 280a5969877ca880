/** Boot to prompt: the Launcher in a process of its own, through pipes. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { medianTime, type Bench } from './bench.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const PROMPT = 'puppy> '

/** Starts the Launcher and resolves when the prompt has been printed. */
function bootToPrompt(): Promise<void> {
  const child = spawn(process.execPath, ['bin/lguest.mjs'], { cwd: root })
  let out = ''
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (data) => {
      out += data
      if (!out.includes(PROMPT)) return
      child.stdin.end('halt\n')
      resolve()
    })
    child.on('exit', () => reject(new Error(`no prompt in: ${out}`)))
  })
}

const bench: Bench = {
  name: 'boot',
  async run() {
    await bootToPrompt()
    const ms = await medianTime(5, bootToPrompt)
    return [{ what: 'start of the process to Puppy\'s prompt', value: ms, unit: 'ms', note: 'median of 5, tangled and bundled before' }]
  },
}

export default bench
