/** The Launcher's page for man, in the macros of man(7); its options are those of --help. */
import type { Option } from 'commander'
import { EXAMPLES, options, VERSION } from '../../generated/launcher/arguments.ts'

const sections: readonly [title: string, paragraphs: readonly string[]][] = [
  ['KEYS', [
    'What you type goes to the Guest, control characters too. Three ^C within a second end the Launcher. '
    + 'On a terminal ^] is for the Launcher: a digit or n behind it brings another Guest forward, c gives the Guest three ^C of its '
    + 'own, x leaves, and ^] is a ^] for the Guest. Any other key tells these.',
  ]],
  ['EXIT STATUS', [
    '0 if the Guest powered off; 2 if three ^C ended it; 1 if the command line was wrong, something could not be opened, or the '
    + 'Guest died. One line on stderr says why.',
  ]],
  ['KERNELS', [
    'A kernel is an ELF file (vmlinux) or a bzImage, built with CONFIG_LGUEST_GUEST. Its era is read from '
    + 'its file; --era names it where the file misleads.',
  ]],
  ['NOTES', [
    'A tap (--tunnet) and a shared file (--sharenet) need the package koffi, which npm installs along where it can; a tap needs root, too. Everything else '
    + 'runs as any user: the processor is emulated.',
    'How all of it works is told in a book, the journey, of which this program is the code.',
  ]],
]

/** The whole page. */
export function manualPage(): string {
  const command = options([], () => {})
  const page = [
    `.TH LGUEST 1 "" "lguest-journey ${VERSION}" "User Commands"`,
    '.SH NAME', 'lguest \\- boots a Guest under lguest, on an i386 of its own',
    '.SH SYNOPSIS', `.B lguest\n${escape(command.usage())}`,
    '.SH DESCRIPTION', ...command.description().split('\n\n').flatMap((text) => ['.PP', prose(text)]),
    '.SH OPTIONS', ...groups(command.options),
    ...sections.flatMap(([title, texts]) => [`.SH ${title}`, ...texts.flatMap((text) => ['.PP', prose(text)])]),
  ]
  return page.join('\n') + '\n'
}

function groups(all: readonly Option[]): string[] {
  const headings = [...new Set(all.map((option) => option.helpGroupHeading ?? ''))]
  return headings.flatMap((heading) => {
    const example = EXAMPLES.get(heading)
    return [
      `.SS ${escape(heading.replace(/:$/, ''))}`,
      ...all.filter((option) => option.helpGroupHeading === heading)
        .flatMap(({ flags, description }) => ['.TP', `.B ${escape(flags)}`, prose(description)]),
      ...example === undefined ? [] : ['.PP', '.EX', escape(example), '.EE'],
    ]
  })
}

function prose(text: string): string {
  return escape(text.replaceAll('\n', ' '))
}

/** A line that roff prints as it is. */
function escape(line: string): string {
  return line.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^[.']/, '\\&$&')
}
