/** What to run, as the environment says. */

export interface Settings {
  readonly kernels: readonly string[]
  readonly initrd: string
  /** Megabytes: the first for the whole tour, each for a short visit. */
  readonly memories: readonly number[]
  /** An ext2 image; it is copied, and the copy is written. */
  readonly disk: string | null
  /** How long the Guest's clock is watched, in seconds; 0: not at all. */
  readonly clockSeconds: number
  /** What ends the prompt of the initrd's shell. */
  readonly prompt: string
  /** Only checks whose name begins with one of these; empty: all. */
  readonly only: readonly string[]
  /** The kernels' era, if they do not tell; null: as the Launcher finds it. */
  readonly era: string | null
  /** Where to keep what each Guest printed; null: nowhere. */
  readonly logs: string | null
  /** Boots of each kernel that must pass without a complaint of its own. */
  readonly boots: number
}

export const HELP = `The real kernels are yours to bring:

  LGUEST_LINUX_KERNELS   bzImages or vmlinuxes, separated by colons (one of
                         4.9 needs CONFIG_SYSCTL: it lets no TCP caller in
                         without, whose queue has room for none)
  LGUEST_LINUX_INITRD    an initial RAM disk that ends in a busybox shell on
                         hvc0, with /proc, /sys and /dev mounted
  LGUEST_LINUX_DISK      an ext2 image (a copy of it is used); without it one
                         is made with mke2fs, if there is a mke2fs
  LGUEST_LINUX_MEMORY    megabytes, separated by commas (64): the first is
                         for the whole tour, each one for a short visit
  LGUEST_LINUX_CLOCK     seconds to watch the clock (60; 0 leaves it out)
  LGUEST_LINUX_PROMPT    what ends the shell's prompt ('# ')
  (with passt installed, a file is fetched from this machine through it)
  LGUEST_LINUX_ONLY      names of checks, separated by commas (all)
  LGUEST_LINUX_ERA       the kernels' era, where the image does not tell (B2-PAE)
  LGUEST_LINUX_LOGS      a directory for what the Guests print

  --boots N              boot each N times, and look for WARN, BUG and Oops (0)`

/** The settings, or the names of the variables that are missing. */
export function readSettings(
  env: NodeJS.ProcessEnv, args: readonly string[] = [],
): Settings | { readonly missing: readonly string[] } {
  const missing = ['LGUEST_LINUX_KERNELS', 'LGUEST_LINUX_INITRD']
    .filter((name) => !env[name])
  if (missing.length > 0) return { missing }
  return {
    kernels: list(env.LGUEST_LINUX_KERNELS, ':'),
    initrd: env.LGUEST_LINUX_INITRD ?? '',
    memories: list(env.LGUEST_LINUX_MEMORY ?? '64', ',').map(Number),
    disk: env.LGUEST_LINUX_DISK || null,
    clockSeconds: Number(env.LGUEST_LINUX_CLOCK ?? 60),
    prompt: env.LGUEST_LINUX_PROMPT || '# ',
    only: list(env.LGUEST_LINUX_ONLY, ','),
    era: env.LGUEST_LINUX_ERA || null,
    logs: env.LGUEST_LINUX_LOGS || null,
    boots: bootsIn(args),
  }
}

/** The number behind `--boots`. */
function bootsIn(args: readonly string[]): number {
  const at = args.indexOf('--boots')
  if (at < 0) return 0
  const boots = Number(args[at + 1])
  if (Number.isInteger(boots) && boots > 0) return boots
  throw new Error('--boots N: how often?')
}

function list(text: string | undefined, separator: string): string[] {
  return (text ?? '').split(separator).filter((item) => item !== '')
}
