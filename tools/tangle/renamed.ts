/**
 * Where tags and chapters of our own went when the parts D, G and E were made.
 * Tags of the documents never move.
 */

/** The tag that `old` bears today, or undefined where it was never renamed. */
export function renamedTag(old: string): string | undefined {
  const [part, number] = [old[0], Number(old.slice(2))]
  const moved = moves.find(([letter, from, to]) => letter === part && from <= number && number <= to)
  return moved && `${moved[3]}:${String(number - moved[1] + moved[4]).padStart(3, '0')}`
}

/** Old letter, first and last number; new letter, first number. */
const moves: [string, number, number, string, number][] = [
  ['L', 500, 899, 'D', 0],
  ['P', 3000, 3899, 'G', 0],
  ['P', 1000, 1299, 'E', 0],
  ['P', 1300, 1399, 'E', 400],
  ['P', 1400, 1489, 'E', 300],
  ...merged(),
  ['P', 1490, 1899, 'E', 490],
  ...machine(),
  ['P', 2000, 2009, 'E', 940],
  ['P', 2010, 2019, 'E', 950],
  ['P', 2020, 2029, 'E', 960],
  ['P', 2030, 2039, 'E', 970],
  ['P', 2040, 2044, 'E', 980],
  ['P', 2050, 2054, 'E', 985],
  ['P', 2060, 2069, 'E', 990],
]

/** Chapters of E that became one, and the ordinary case, which went before loads and stores: old numbers, and new ones. */
function merged(): [string, number, number, string, number][] {
  const loads: [number, number, number][] = [
    [730, 731, 736], [732, 732, 737], [733, 733, 738], [734, 734, 738], [735, 735, 738], [736, 736, 739]]
  const others: [number, number, number][] = [[498, 498, 654], [680, 680, 697], [681, 681, 697], [682, 682, 697], [760, 765, 730], [766, 768, 736], [769, 769, 743]]
  return [
    ...[...loads, ...others].map(([from, to, now]) => ['P', from + 1000, to + 1000, 'E', now] as [string, number, number, string, number]),
    ...others.map(([from, to, now]) => ['E', from, to, 'E', now] as [string, number, number, string, number]),
  ]
}

/** The sections about the machine moved closer together. */
function machine(): [string, number, number, string, number][] {
  const olds = [1900, 1910, 1920, 1930, 1940, 1950, 1960, 1990]
  const news = [900, 905, 910, 915, 920, 925, 930, 935]
  return olds.map((old, i) => ['P', old, old, 'E', news[i]])
}

/** Chapters' files under journey/, without .md: old to new. Their addresses on the site, too. */
export const renamedChapters: Record<string, string> = {
  'H-host/032-guest-memory-again': 'H-host/030-the-run-loop',
  'D-devices/097-looking-at-frames': 'D-devices/096-looking-at-frames',
  'L-launcher/500-virtqueues': 'D-devices/000-virtqueues',
  'L-launcher/520-the-lguest-bus': 'D-devices/020-the-lguest-bus',
  'L-launcher/560-console-disk-and-dice': 'D-devices/060-console-disk-and-dice',
  'L-launcher/590-a-wire': 'D-devices/090-a-wire',
  'L-launcher/600-the-agreement-of-2013': 'D-devices/100-the-agreement-of-2013',
  'L-launcher/700-other-eras': 'D-devices/200-other-eras',
  'L-launcher/800-watching-a-guest': 'D-devices/300-watching-a-guest',
  'L-launcher/850-a-real-kernel-boots': 'D-devices/350-a-real-kernel-boots',
  'P-preparation/1000-one-memory': 'E-emulator/000-one-memory',
  'P-preparation/1100-registers-and-lazy-flags': 'E-emulator/100-registers-and-lazy-flags',
  'P-preparation/1200-the-page-walk': 'E-emulator/200-the-page-walk',
  'P-preparation/1230-remembered-translations': 'E-emulator/230-remembered-translations',
  'P-preparation/1250-reading-and-writing': 'E-emulator/250-reading-and-writing',
  'P-preparation/1300-from-bytes-to-records': 'E-emulator/400-from-bytes-to-records',
  'P-preparation/1350-blocks': 'E-emulator/450-blocks',
  'P-preparation/1400-one-description': 'E-emulator/300-one-description',
  'P-preparation/1410-encodings': 'E-emulator/310-encodings',
  'P-preparation/1420-adding-and-friends': 'E-emulator/320-adding-and-friends',
  'P-preparation/1430-moving-things': 'E-emulator/330-moving-things',
  'P-preparation/1440-shifting-and-bits': 'E-emulator/340-shifting-and-bits',
  'P-preparation/1450-multiplying-and-dividing': 'E-emulator/350-multiplying-and-dividing',
  'P-preparation/1460-going-elsewhere': 'E-emulator/360-going-elsewhere',
  'P-preparation/1470-strings': 'E-emulator/370-strings',
  'P-preparation/1480-ruling-the-machine': 'E-emulator/380-ruling-the-machine',
  'P-preparation/1490-printing-the-interpreter': 'E-emulator/490-printing-the-interpreter',
  'P-preparation/1497-the-frame-around-the-operations': 'E-emulator/490-printing-the-interpreter',
  'E-emulator/497-the-frame-around-the-operations': 'E-emulator/490-printing-the-interpreter',
  'P-preparation/1500-segments': 'E-emulator/500-segments',
  'P-preparation/1540-stacks-for-crossing-rings': 'E-emulator/540-stacks-for-crossing-rings',
  'P-preparation/1550-interrupts': 'E-emulator/550-interrupts',
  'P-preparation/1560-far-transfers': 'E-emulator/560-far-transfers',
  'P-preparation/1570-tasks': 'E-emulator/570-tasks',
  'P-preparation/1580-control': 'E-emulator/580-control',
  'P-preparation/1590-cpuid-and-debugging': 'E-emulator/590-cpuid-and-debugging',
  'P-preparation/1600-the-run-loop': 'E-emulator/600-the-run-loop',
  'P-preparation/1650-two-short-cuts': 'E-emulator/650-two-short-cuts',
  'P-preparation/1660-a-second-printer': 'E-emulator/660-a-second-printer',
  'P-preparation/1670-printing-bytes': 'E-emulator/670-one-printer-two-sources',
  'E-emulator/670-printing-bytes': 'E-emulator/670-one-printer-two-sources',
  'P-preparation/1675-memory-and-ways-out': 'E-emulator/675-hit-or-miss',
  'E-emulator/675-memory-and-ways-out': 'E-emulator/675-hit-or-miss',
  'P-preparation/1680-one-description-two-printers': 'E-emulator/694-the-work-behind-the-labels',
  'E-emulator/680-one-description-two-printers': 'E-emulator/694-the-work-behind-the-labels',
  'E-emulator/680-helpers-by-name': 'E-emulator/694-the-work-behind-the-labels',
  'P-preparation/1690-the-loop-itself': 'E-emulator/690-the-loop-itself',
  'P-preparation/1694-the-work-behind-the-labels': 'E-emulator/694-the-work-behind-the-labels',
  'P-preparation/1700-a-second-processor': 'E-emulator/700-a-second-processor',
  'P-preparation/1710-numbers-of-eighty-bits': 'E-emulator/710-numbers-of-eighty-bits',
  'P-preparation/1720-adding-and-multiplying': 'E-emulator/720-adding-and-multiplying',
  'P-preparation/1725-arithmetic-on-the-stack': 'E-emulator/725-arithmetic-on-the-stack',
  'P-preparation/1730-loads-and-stores': 'E-emulator/736-loads-and-stores',
  'P-preparation/1740-comparing-and-taking-apart': 'E-emulator/740-comparing-and-taking-apart',
  'P-preparation/1750-sines-and-logarithms': 'E-emulator/750-sines-and-logarithms',
  'P-preparation/1760-the-ordinary-case': 'E-emulator/730-the-ordinary-case',
  'P-preparation/1766-ordinary-loads-and-stores': 'E-emulator/736-loads-and-stores',
  'E-emulator/730-loads-and-stores': 'E-emulator/736-loads-and-stores',
  'E-emulator/760-the-ordinary-case': 'E-emulator/730-the-ordinary-case',
  'E-emulator/766-ordinary-loads-and-stores': 'E-emulator/736-loads-and-stores',
  'P-preparation/1770-what-the-bytes-mean': 'E-emulator/770-what-the-bytes-mean',
  'P-preparation/1800-short-vectors': 'E-emulator/800-short-vectors',
  'P-preparation/1810-many-small-integers': 'E-emulator/810-many-small-integers',
  'P-preparation/1820-integers-in-both-widths': 'E-emulator/810-many-small-integers',
  'E-emulator/820-integers-in-both-widths': 'E-emulator/810-many-small-integers',
  'P-preparation/1830-floats-side-by-side': 'E-emulator/830-floats-side-by-side',
  'P-preparation/1840-between-the-formats': 'E-emulator/840-between-the-formats',
  'P-preparation/1850-moving-vectors': 'E-emulator/850-moving-vectors',
  'P-preparation/1900-the-machine': 'E-emulator/900-the-machine',
  'P-preparation/2000-a-small-assembler': 'E-emulator/940-a-small-assembler',
  'P-preparation/2010-modrm-and-sib': 'E-emulator/950-modrm-and-sib',
  'P-preparation/2020-forms': 'E-emulator/960-forms',
  'P-preparation/2030-instructions-that-compute': 'E-emulator/970-instructions-that-compute',
  'P-preparation/2040-instructions-that-rule': 'E-emulator/980-instructions-that-rule',
  'P-preparation/2050-labels-and-layout': 'E-emulator/985-labels-and-layout',
  'P-preparation/2060-the-assembler': 'E-emulator/990-the-assembler',
  'P-preparation/3000-a-guests-side-of-the-story': 'G-guest/000-a-guests-side-of-the-story',
  'P-preparation/3050-asking-the-host': 'G-guest/050-asking-the-host',
  'P-preparation/3100-the-first-instructions': 'G-guest/100-the-first-instructions',
  'P-preparation/3150-traps-seen-from-inside': 'G-guest/150-traps-seen-from-inside',
  'P-preparation/3200-frames-and-the-kernels-map': 'G-guest/200-frames-and-the-kernels-map',
  'P-preparation/3250-memory-for-programs': 'G-guest/250-memory-for-programs',
  'P-preparation/3300-processes': 'G-guest/300-processes',
  'P-preparation/3350-fork-exec-wait': 'G-guest/350-fork-exec-wait',
  'P-preparation/3400-the-clock-and-the-console': 'G-guest/400-the-clock-and-the-console',
  'P-preparation/3450-files-and-pipes': 'G-guest/450-files-and-pipes',
  'P-preparation/3500-system-calls': 'G-guest/500-system-calls',
  'P-preparation/3550-last-words': 'G-guest/550-last-words',
  'P-preparation/3600-programs-in-ring-3': 'G-guest/600-programs-in-ring-3',
  'P-preparation/3650-the-line-editor': 'G-guest/650-the-line-editor',
  'P-preparation/3700-the-shell': 'G-guest/700-the-shell',
  'P-preparation/3750-a-bag-of-tricks': 'G-guest/750-a-bag-of-tricks',
  'P-preparation/3800-what-things-cost': 'G-guest/800-what-things-cost',
}
