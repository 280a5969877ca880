/** <kernel-bench>: boots a kernel of the reader's own, with a disk the browser keeps, alone or joined to a second. */
import type { Order } from '../../generated/launcher/browser/session.ts'
import type { WantedDevice } from '../../generated/launcher/plan.ts'
import { bootColumns } from './figures/boot-columns.ts'
import { figureParts } from './figures/html.ts'
import { diskName, diskSize, disksKept, dropDisk, fileOf, fillDisk, makeDisk } from './guest/disks.ts'
import type { GuestElement, Wish } from './guest/element.ts'
import { Hub } from './guest/hub.ts'
import { cardOf, wireOf } from './guest/wired.ts'

const megabyte = 0x100000

class KernelBench extends HTMLElement {
  readonly #hub = new Hub()

  connectedCallback(): void {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#boot().catch((error: Error) => this.#say(error.message))
    })
    this.field('second').addEventListener('change', () => this.#dropSecond())
    for (const [name, act] of this.#diskButtons()) {
      this.querySelector(`[name="${name}"]`)!.addEventListener('click', () => {
        void act().catch((error: Error) => this.#say(error.message)).then(() => this.#showDisk())
      })
    }
    void this.#showDisk()
  }

  get form(): HTMLFormElement {
    return this.querySelector('form')!
  }

  get guests(): GuestElement[] {
    return [...this.querySelectorAll<GuestElement>('lguest-guest')]
  }

  field(name: string): HTMLInputElement {
    return this.form.elements.namedItem(name) as HTMLInputElement
  }

  async #boot(): Promise<void> {
    const kernel = this.field('kernel').files?.[0]
    if (!kernel) return this.#say('Choose a kernel first: a bzImage or a vmlinux with lguest’s Guest in it.')
    const files = [['kernel', await bytesOf(kernel)] as const]
    const initrd = this.field('initrd').files?.[0]
    if (initrd) files.push(['initrd', await bytesOf(initrd)] as never)
    const disk = disksKept() && await diskSize() !== null
    this.#layTimeline()
    for (const [i, guest] of this.guests.entries()) {
      guest.stop()
      guest.wish = () => this.#order(i, files, disk && i === 0)
      guest.hidden = i > 0 && !this.field('second').checked
      if (!guest.hidden) await guest.start(i === 0)
    }
    this.guests[0].scrollIntoView({ block: 'nearest' }) // unseen, it would stand still
  }

  #order(guest: number, files: Order['files'] & object, disk: boolean): Wish {
    const devices: WantedDevice[] = disk ? [{ kind: 'block', path: diskName }] : []
    const joined = this.field('second').checked
    if (joined) {
      devices.push(cardOf(guest))
    }
    const plan = {
      memory: Math.max(2, Number(this.field('memory').value)) * megabyte, kernel: 'kernel',
      initrd: files.length > 1 ? 'initrd' : null, devices,
      kernelArguments: this.field('arguments').value.split(/\s+/).filter(Boolean),
    }
    return {
      plan, files, disks: disk ? [diskName] : [], ...(guest === 0 && this.field('timeline').checked ? { show: 'boot' } : {}),
      wires: joined ? wireOf(guest, this.#hub.join(guest)) : [],
    }
  }

  /** A figure below the first Guest, which fills as it boots; or none. */
  #layTimeline(): void {
    this.querySelector('lguest-figure')?.remove()
    if (!this.field('timeline').checked) return
    const { head, rows, words } = figureParts(nothingYet, () => undefined)
    const figure = document.createElement('lguest-figure')
    figure.innerHTML = `<div class="scroll" tabindex="0"><table><thead>${head}</thead><tbody>${rows}</tbody></table></div>`
      + `<details><summary>The same in words</summary><ol>${words}</ol></details>`
    this.guests[0].append(figure)
  }

  #diskButtons(): [string, () => Promise<void>][] {
    return [
      ['make', () => makeDisk(Math.max(1, Number(this.field('size').value)) * megabyte)],
      ['fill', async () => {
        const image = this.field('image').files?.[0]
        if (image) await fillDisk(image)
        else this.#say('Choose an image first.')
      }],
      ['fetch', async () => download(await fileOf())],
      ['drop', () => dropDisk()],
    ]
  }

  async #showDisk(): Promise<void> {
    const place = this.querySelector('.disk')!
    place.toggleAttribute('hidden', !disksKept())
    if (!disksKept()) return
    const size = await diskSize()
    place.querySelector('output')!.textContent = size === null ? 'none yet'
      : `${(size / megabyte).toFixed(1)} MB, the Guest’s first disk`
    for (const name of ['fetch', 'drop']) {
      place.querySelector<HTMLButtonElement>(`[name="${name}"]`)!.disabled = size === null
    }
  }

  #dropSecond(): void {
    if (this.field('second').checked) return
    this.guests[1].hidden = true
    this.guests[1].stop()
  }

  #say(words: string): void {
    this.querySelector('.said')!.textContent = words
  }
}

const nothingYet = { columns: bootColumns, steps: [{ cells: ['0', '', 'nothing yet'], words: 'The kernel is being loaded.' }] }

const bytesOf = async (file: File) => new Uint8Array(await file.arrayBuffer())

function download(file: File | null): void {
  if (!file) return
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(file), download: diskName })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

customElements.define('kernel-bench', KernelBench)
