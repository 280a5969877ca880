/** The languages of pictures: what is drawn, and what is refused, with its place. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkPictures } from '../../tools/tangle/check.ts'
import { Diagnostics, format } from '../../tools/tangle/diagnostics.ts'
import { read } from '../../tools/tangle/tangle.ts'
import { draw } from '../../tools/weave/pictures/draw.ts'
import { readLayout } from '../../tools/weave/pictures/layout.ts'
import { PictureError, sourceOf } from '../../tools/weave/pictures/picture.ts'
import { wrap } from '../../tools/weave/pictures/timeline.ts'
import { Weaver } from '../../tools/weave/site.ts'
import { book } from './fixture.ts'

/** `row:column: message` of the error that drawing throws. */
function refusal(lang: string, body: string): string {
  try {
    draw(lang, body)
  } catch (error) {
    if (error instanceof PictureError) return `${error.row}:${error.column}: ${error.message}`
    throw error
  }
  return 'drawn'
}

describe('every picture', () => {
  it.each([
    ['no title', '\n0  a', '0:0: a picture opens with its title and an empty line'],
    ['no empty line', 'T\n0  a', '0:0: a picture opens with its title and an empty line'],
    ['nothing', 'T\n\n', '0:0: there is nothing under the title'],
    ['a tab', 'T\n\n0\ta', '2:1: a tab in a picture'],
  ])('with %s is refused', (_, body, message) => expect(refusal('layout', body)).toBe(message))

  it('has its title under it, code in it set as code', () => {
    expect(draw('layout', 'The `cr3` of a Guest\n\n0  a')).toContain('<figcaption>The <code>cr3</code> of a Guest</figcaption>')
  })

  it('shows what it is given and never runs it', () => {
    const evil = '<script>alert("1")</script>'
    for (const [lang, body] of [
      ['layout', `0x0  ${evil}  ${evil}`], ['bits', `0  ${evil}  ${evil}`],
      ['sketch', `│ ${evil}`], ['timeline', `a | b\na -> b  ${evil}\nb: ${evil}\n== ${evil}`],
    ]) expect(draw(lang, `${evil}\n\n${body}`), lang).not.toContain('<script')
  })
})

describe('layout', () => {
  it('knows addresses, parts, gaps, notes that go on, and the end', () => {
    const { regions } = readLayout(sourceOf('T\n\n0x10\n0x08  first      what it is\n                 and more\n      a part\n. . .\n0x00  last'))
    expect(regions.map(({ row: _, ...rest }) => rest)).toEqual([
      { at: '0x10', address: 16, names: [], note: '', gap: false },
      { at: '0x08', address: 8, names: ['first'], note: 'what it is and more', gap: false },
      { names: ['a part'], note: '', gap: false },
      { names: [], note: '', gap: true },
      { at: '0x00', address: 0, names: ['last'], note: '', gap: false },
    ])
  })

  it('draws columns side by side, a name without bars across all', () => {
    const html = draw('layout', 'T\n\n    Host | Guest\n4  a | (b)  note\n0  both')
    expect(html).toContain('<th scope="col">Host</th><th scope="col">Guest</th>')
    expect(html).toContain('<td class="region">a</td><td class="region hole">(b)</td><td class="note">note</td>')
    expect(html).toContain('<td class="region" colspan="2">both</td>')
  })

  it.each([
    ['addresses that grow down the page', '0  a\n8  b\n4  c', '3:0: 8 does not lie below 0'],
    ['one address twice', '8  a\n4  b\n4  c', '4:0: 4 does not lie below 4'],
    ['a bad number', '0q1  a', "2:0: '0q1' is no address"],
    ['a bare address inside', '8  a\n4\n0  b', '3:0: nothing begins at 4'],
    ['a bare address at the lower end', '8  a\n4  b\n0', '4:0: nothing begins at 0'],
    ['columns that differ', '4  a | b\n0  a | b | c', '2:0: 2 columns where there are 3'],
  ])('refuses %s', (_, body, message) => expect(refusal('layout', `T\n\n${body}`)).toBe(message))
})

describe('bits', () => {
  it('draws words of 32 bits in rows, a field across two in both', () => {
    const html = draw('bits', 'T\n\n63-40  a  high\n39-8  b  across\n7-0  c')
    expect(html.match(/class="ruler"/g)).toHaveLength(2)
    expect(html).toContain('<i>39</i><i>32</i><b>b</b>')
    expect(html).toContain('<i>31</i><i>8</i><b>b</b>')
    expect(html).toContain('<th scope="row">39–8</th><td class="name">b</td><td>across</td>')
  })

  it.each([
    ['a gap', '7-4  a\n2-0  b', '3:0: bit 3 should follow here, not 2'],
    ['a bit told twice', '7-4  a\n4-0  b', '3:0: bit 3 should follow here, not 4'],
    ['an end that is missing', '7-4  a', '2:0: bits 3 to 0 are missing'],
    ['a range upside down', '0-7  a', '2:0: bits 0-7 are upside down'],
    ['what is no field', 'seven  a', '2:0: this is no field'],
  ])('refuses %s', (_, body, message) => expect(refusal('bits', `T\n\n${body}`)).toBe(message))
})

describe('sketch', () => {
  it('draws boxes, lines, arrows and words', () => {
    const html = draw('sketch', 'T\n\n┌───┐\n│ a ├──▶ b\n└───┘')
    expect(html).toContain('<rect class="box" x="4" y="8.5" width="32" height="34"/>')
    expect(html).toContain('<path class="head"')
    expect(html).toContain('<title>T</title><desc>a; b</desc>')
    expect(html).toMatch(/<text x="16" y="25.5" textLength="8">a<\/text>/)
  })

  it('gives no ground to what is not closed', () => {
    expect(draw('sketch', 'T\n\n┌───┐\n│ a │\n└───')).not.toContain('<rect')
  })

  it.each([
    ['a line that meets a wall', '│─', "2:0: the line from '─' ends at '│'"],
    ['a wall that meets a line', '──│', "2:2: the line from '─' ends at '│'"],
    ['a corner turned the wrong way', '│\n┌', "3:0: the line from '│' ends at '┌'"],
  ])('refuses %s', (_, body, message) => expect(refusal('sketch', `T\n\n${body}`)).toBe(message))
})

describe('timeline', () => {
  it('tells its steps in order to who cannot see it', () => {
    const html = draw('timeline', 'T\n\nHost | Guest\n== a phase\nHost -> Guest  enters\nGuest: runs `cli`\nGuest -> Host')
    expect(html).toContain('<desc>a phase; Host to Guest: enters; Guest: runs cli; Guest to Host: </desc>')
  })

  it.each([
    ['no lanes', 'a -> b  words', '2:0: a timeline names its lanes first'],
    ['a lane that is not there', 'Host | Guest\nHsot -> Guest  x', "3:0: there is no lane 'Hsot'"],
    ['a goal that is not there', 'Host | Guest\nHost -> Gast  x', "3:8: there is no lane 'Gast'"],
    ['what is no step', 'Host | Guest\nwhatever', '3:0: this is no step'],
  ])('refuses %s', (_, body, message) => expect(refusal('timeline', `T\n\n${body}`)).toBe(message))

  it('breaks words into lines, but never a word', () => {
    expect(wrap('one two three seventeen', 8)).toEqual(['one two', 'three', 'seventeen'])
  })
})

describe('a bad picture in a chapter', () => {
  it('is found by check, at its place in the chapter', async () => {
    const root = book({ 'L-launcher/000-a.md': '# L:000 A\n\n> ```timeline\n> T\n>\n> Host | Guest\n> Host -> nobody  x\n> ```\n' })
    const { chapters } = await read(root)
    const out = new Diagnostics()
    checkPictures(chapters, out)
    expect(out.all.map(format)).toEqual([
      "journey/L-launcher/000-a.md:7:11: there is no lane 'nobody'\n    the lanes are Host, Guest",
    ])
  })

  it('is reported at its place with a hint, and shown as its text', async () => {
    const root = book({ 'L-launcher/000-a.md': '# L:000 A\n\n*What is told.*\n\n```bits\nT\n\n7-4  a\n2-0  b\n```\n' })
    const dist = mkdtempSync(join(tmpdir(), 'pictures-'))
    onTestFinished(() => rmSync(dist, { recursive: true, force: true }))
    const weaver = new Weaver(root, dist)
    for (const time of ['first', 'second']) {
      expect((await weaver.weave()).errors.map(format), time).toEqual([
        'journey/L-launcher/000-a.md:9:1: bit 3 should follow here, not 2\n'
        + '    fields go down from the highest bit, none left out',
      ])
    }
    expect(readFileSync(join(dist, 'L-launcher/000-a.html'), 'utf8')).toContain('2-0  b')
  })
})

describe('a picture on its page', () => {
  it('links the tags in its notes', async () => {
    const root = book({ 'L-launcher/000-a.md': '# L:000 A\n\n*What is told.*\n\n```layout\nT\n\n0  a  see L:000, not L:999\n```\n' })
    await new Weaver(root).weave()
    expect(readFileSync(join(root, 'site/dist/L-launcher/000-a.html'), 'utf8')).toContain(
      '<td class="note">see <a href="#l-000" title="A" data-tag="L:000">L:000</a>, not L:999</td>')
  })
})
