/** The home page: what this is, the map, a Guest that runs, three doors, a card for each part. */
import { bookTitle, bySubject, duration, partsWith, type Part } from './contents.ts'
import type { Frame } from './layout.ts'
import { emblem, map } from './map.ts'
import { workerModule } from './guest-files.ts'
import type { Page, Site } from './model.ts'

export function home(site: Site): Frame {
  const parts = partsWith(site.pages)
  const body = `<header class="cover">
<h1>${bookTitle}</h1>
<p class="lead">A hypervisor you can read, and run here.</p>
</header>
<div class="first-screen">${mapOf(parts)}
${running(site)}</div>
<section class="what">
<p>lguest was the smallest real hypervisor that Linux ever had. For ten years it came with the
kernel, and people read it for pleasure, because its author had told its source as a journey with
numbered stations. This is that journey again, in TypeScript, down to the processor it runs on:
${site.pages.length} chapters that are the only source of a system which boots kernels. What a chapter
claims you can try beside the sentence that claims it.</p>
<p>It is for you if you can read C or JavaScript and have wondered what happens underneath. You need
not have met an i386 before.</p>
${site.files.has(workerModule) ? `<p>If you have a Linux of those years that was built to be a Guest, <a href="kernel.html">bring it along</a>:
it boots in your browser, too.</p>
` : ''}</section>
${doors(site)}
<section class="cards" aria-labelledby="parts"><h2 id="parts">The parts</h2>
${parts.map(([part, pages]) => card(part, pages)).join('\n')}</section>`
  return { url: 'index.html', title: `${bookTitle}: a hypervisor you can read, and run here`, body, wide: true }
}

/** Puppy, as the chapter about pages has it; here it starts by itself, once it is seen. */
function running(site: Site): string {
  const demo = [...site.demos].find(([place]) => place.startsWith('journey/D-devices/400-'))?.[1]
    ?? site.demos.values().next().value
  return demo ? `<section class="running" id="running" aria-label="Puppy, running">${demo.replace('<lguest-guest ', '<lguest-guest eager ')}
<p class="caption">This is Puppy, a small Unix, on the Launcher, Host, Switcher and i386 of this book, all of them in this page. Type <code>touch 4</code> to count page faults, <code>calls echo hello</code> for what it asks of its Host; <code>help</code> names the rest.</p></section>` : ''
}

function mapOf(parts: [Part, Page[]][]): string {
  const first = new Map(parts.map(([{ letter }, pages]) => [letter, pages[0].url]))
  return `<figure class="journey-map">${map((letter) => first.get(letter))}</figure>`
}

/** Three ways in; each only where its chapter exists. */
function doors(site: Site): string {
  const run = site.tags.get('G:780')?.url ?? site.pages.find(({ part }) => part === 'G')?.url
  const trip = site.tags.get('S:100') ?? site.tags.values().next().value
  if (!site.pages[0]) return ''
  const door = (url: string, name: string, about: string) =>
    `<a class="door" href="${url}"><b>${name}</b> <span>${about}</span></a>`
  return `<nav class="doors" aria-label="Three ways in">
${door(site.pages[0].url, 'Read from the start', 'Twenty words and some pictures; then the door, and what a few requests set in motion.').replace('"door"', '"door start"')}
${door(run ?? site.pages[0].url, 'Run it', 'Small programs in Puppy count its faults, calls and interrupts, beside what the Host sees.')}
${door(trip?.url ?? site.pages[0].url, 'See one world switch', 'Into the Guest and back, one instruction of machine code at a time.')}
</nav>`
}

/** A part: what it promises, how long it takes, and the subjects in it. */
function card({ letter, name, promise }: Part, pages: Page[]): string {
  const minutes = pages.reduce((sum, page) => sum + page.minutes, 0)
  const subjects = bySubject(pages).filter(([subject]) => subject).map(([subject, [first]]) => `<a href="${first.url}">${subject}</a>`)
  return `<article class="card">${emblem(letter)}<h3><a href="${pages[0].url}"><span class="tag">${letter}</span> ${name}</a></h3>
<p>${promise}</p>${subjects.length ? `<p class="subjects">${subjects.join(' ')}</p>` : ''}
<p class="about"><span>${pages.length} ${pages.length === 1 ? 'chapter' : 'chapters'}</span> <span>${duration(minutes)}</span> <a href="contents.html#part-${letter}" aria-label="Contents of part ${letter}">Contents</a></p></article>`
}
