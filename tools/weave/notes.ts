/**
 * Margin notes: a quotation that opens with a bold 'Margin note.' hangs on the
 * end of the paragraph before it.
 *
 * Where there is a margin it stands there, beside its line; elsewhere the mark
 * on which it hangs unfolds it. The mark is the label of a box that is checked,
 * so it works with the keyboard, by touch, and without any script.
 */
import type { Blockquote, Paragraph, PhrasingContent, Root, RootContent } from 'mdast'
import { toString } from 'mdast-util-to-string'

/** Hangs all notes of a chapter, numbered from 1. */
export function hangNotes(tree: Root): void {
  let count = 0
  tree.children = tree.children.reduce<RootContent[]>((done, node) => {
    const note = node.type === 'blockquote' ? noteOf(node) : undefined
    if (!note) return [...done, node]
    const before = done.at(-1)
    const parts = hanging(++count, note)
    if (before?.type === 'paragraph') before.children.push(...parts)
    else done.push({ type: 'paragraph', data: { hProperties: { className: ['lone-note'] } }, children: parts })
    return done
  }, [])
}

/** The paragraphs of a note, without the words that make it one. */
function noteOf({ children }: Blockquote): Paragraph[] | undefined {
  const first = children[0]
  const strong = first?.type === 'paragraph' ? first.children[0] : undefined
  if (strong?.type !== 'strong' || !/^Margin note/.test(toString(strong))) return undefined
  const paragraphs = children.filter((node): node is Paragraph => node.type === 'paragraph')
  if (paragraphs.length !== children.length) return undefined
  const [, ...opening] = paragraphs[0].children
  return [{ ...paragraphs[0], children: opening }, ...paragraphs.slice(1)]
}

const html = (value: string): PhrasingContent => ({ type: 'html', value })

function hanging(number: number, paragraphs: Paragraph[]): PhrasingContent[] {
  const inside = paragraphs.flatMap(({ children }, i): PhrasingContent[] =>
    i === 0 ? children : [html('<span class="more">'), ...children, html('</span>')])
  return [
    html(`<label class="note-mark" for="note-${number}">${number}<span class="unseen"> margin note</span></label>`
      + `<input class="note-box" type="checkbox" id="note-${number}">`
      + `<span class="margin-note" role="note"><sup aria-hidden="true">${number}</sup>`),
    ...inside, html('</span>'),
  ]
}
