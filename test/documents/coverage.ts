/**
 * `npm run coverage:documents`: for each tag of the documents its section, for
 * each of their statements its tests, or its place in "what we do otherwise".
 */
import { pathToFileURL } from 'node:url'
import { excused, named, statements, tags, told } from './gather.ts'

const sources = () => ({ sections: told(), tests: named(), otherwise: excused() })

/** A line for each tag and statement, and a sentence for each that has no place. */
export function account(found = sources()): { lines: string[], missing: string[] } {
  const missing: string[] = []
  const lines = [...Object.keys(tags).map((tag) => {
    const [section] = found.sections.get(tag) ?? []
    if (!section) missing.push(`${tag} has no section`)
    return `${tag}    ${section ? `${section.place}  ${untagged(section.heading)}` : 'MISSING'}`
  }), ...Object.keys(statements).map((id) => {
    const places = found.tests.get(id) ?? found.otherwise.get(id)
    if (!places) missing.push(`${id} is in no test and not in "what we do otherwise": ${statements[id]}`)
    return `${id}  ${places ? places.join(', ') : 'MISSING'}`
  })]
  return { lines, missing }
}

const untagged = (heading: string) => heading.replace(/^[A-Z]:\d+\s*/, '')

function main(): void {
  const { lines, missing } = account()
  for (const line of lines) console.log(line)
  for (const line of missing) console.error(line)
  const excuses = Object.keys(statements).filter((id) => !named().has(id)).length
  console.error(`${Object.keys(tags).length} tags, ${lines.length - Object.keys(tags).length} statements`
    + ` (${excuses} in "what we do otherwise"), ${missing.length} missing`)
  process.exitCode = missing.length > 0 ? 1 : 0
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main()
