/** The page on which readers boot kernels of their own. */
import { workerModule } from './guest-files.ts'
import { heading } from './indexes.ts'
import type { Frame } from './layout.ts'
import { relative, type Site } from './model.ts'

const field = (label: string, input: string, hint = '') =>
  `<label><span>${label}</span>${input}${hint ? `<small>${hint}</small>` : ''}</label>`

/** Bring your own kernel; a book without a Launcher for pages has no such page. */
export function kernelPage(site: Site): Frame[] {
  if (!site.files.has(workerModule)) return []
  const url = 'kernel.html'
  const to = (tag: string) => {
    const place = site.tags.get(tag)
    return place ? `<a href="${relative(url, place.url)}">${tag}</a>` : tag
  }
  const body = `${heading('Try it', 'Bring your own kernel',
    'A kernel of yours boots on this page: any Linux from 2.6.23 to 4.13 that was built to be lguest’s Guest.')}
<div class="text"><p>What you choose here stays here. The files are read by this page and go to the Launcher in its
thread beside it (${to('D:450')}); nothing is sent anywhere. A kernel must be built with <code>CONFIG_LGUEST_GUEST</code>:
${to('D:350')} tells how, and what it says when it boots.</p>
<noscript><p>This page needs its scripts.</p></noscript>
<kernel-bench>
<form>
${field('Kernel', '<input type="file" name="kernel" required>', 'a bzImage or vmlinux')}
${field('Initial RAM disk', '<input type="file" name="initrd">')}
${field('Arguments', '<input type="text" name="arguments" value="console=hvc0" spellcheck="false" autocomplete="off">', 'what the kernel is told')}
${field('Memory', '<input type="number" name="memory" value="64" min="2" max="1024">', 'megabytes')}
<label class="check"><input type="checkbox" name="second"><span>A second one, joined to it by a wire (${to('D:420')})</span></label>
<label class="check"><input type="checkbox" name="timeline"><span>Its boot as a timeline, as Puppy’s is at ${to('G:100')}</span></label>
<fieldset class="disk"><legend>A disk that stays (${to('D:410')}): <output>none yet</output></legend>
<label><span>Empty, megabytes</span><input type="number" name="size" value="64" min="1" max="4096"></label><button type="button" name="make">Make it</button>
<label><span>An image</span><input type="file" name="image"></label><button type="button" name="fill">Put it on the disk</button>
<button type="button" name="fetch">Download the disk</button> <button type="button" name="drop">Throw it away</button>
</fieldset>
<p><button type="submit" class="boot">Boot</button> <span class="said" role="status"></span></p>
</form>
<lguest-guest hidden></lguest-guest>
<lguest-guest hidden></lguest-guest>
</kernel-bench></div>`
  return [{ url, title: 'Bring your own kernel', body }]
}
