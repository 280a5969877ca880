/** How long tangling takes: this book, and a made-up one of 10,000 lines. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findRoot, findChapters, readChapter } from '../tools/tangle/chapters.ts'
import { tangle } from '../tools/tangle/tangle.ts'
import { medianTime, type Bench, type Row } from './bench.ts'

const sections = 20

/** A chapter of about 500 lines: 20 sections, each prose and a chunk of code. */
function chapter(number: number): string {
  const names = Array.from({ length: sections }, (_, i) => `chapter ${number} section ${i}`)
  const root = names.map((name) => `// <<${name}>>`).join('\n')
  const parts = names.map((name, i) => `## H:${number + i} Section ${i}

${'Prose that tells *why* before what, with `code` and [links](x).\n'.repeat(4)}
\`\`\`ts {#${name.replace(/ /g, '-')}}
/** A contract. */
export function f${number}_${i}(a: number, b: number): number {
${Array.from({ length: 12 }, (_, k) => `  const x${k} = (a + ${k}) * b - (a >>> ${k})`).join('\n')}
  return x1 + x2
}
\`\`\`
`)
  return `# H:${number} Chapter\n\n\`\`\`ts {file=made/up${number}.ts}\n${root}\n\`\`\`\n\n${parts.join('\n')}`
}

function lines(root: string): number {
  return findChapters(root).reduce((sum, c) => sum + readChapter(root, c).split('\n').length, 0)
}

async function measure(root: string, name: string): Promise<Row[]> {
  const note = `${lines(root)} lines`
  const cold = await medianTime(3, () => {
    for (const made of ['generated', '.cache']) rmSync(join(root, made), { recursive: true, force: true })
    return tangle(root)
  })
  const warm = await medianTime(5, () => tangle(root))
  const { path } = findChapters(root)[0]
  const text = readFileSync(join(root, path), 'utf8')
  const edited = await medianTime(5, (run) => {
    writeFileSync(join(root, path), `${'A line.\n'.repeat(run + 1)}\n${text}`)
    return tangle(root)
  })
  return [
    { what: `${name}, cold`, value: cold, unit: 'ms', note },
    { what: `${name}, nothing changed`, value: warm, unit: 'ms' },
    { what: `${name}, one chapter edited`, value: edited, unit: 'ms' },
  ]
}

async function run(): Promise<Row[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'tangle-bench-'))
  try {
    const made = join(scratch, 'made')
    mkdirSync(join(made, 'journey/H-host'), { recursive: true })
    for (let n = 0; n < 440; n += sections) {
      writeFileSync(join(made, `journey/H-host/${n}-made.md`), chapter(n))
    }
    const book = join(scratch, 'book')
    cpSync(join(findRoot(process.cwd()), 'journey'), join(book, 'journey'), { recursive: true })
    return [...await measure(book, 'this book'), ...await measure(made, 'a made-up book')]
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

export default { name: 'Tangling', run } satisfies Bench
