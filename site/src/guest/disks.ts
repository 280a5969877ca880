/** The disk that the browser keeps for this site: made, filled, fetched, thrown away. */

const name = 'disk.img'

/** Does this browser keep files for sites that are open as this one is? */
export const disksKept = (): boolean => navigator.storage?.getDirectory !== undefined

/** Its length in bytes; null if there is none. */
export async function diskSize(): Promise<number | null> {
  const file = await fileOf()
  return file ? file.size : null
}

/** Makes it anew, of so many empty bytes. */
export async function makeDisk(bytes: number): Promise<void> {
  const writer = await (await handleOf(true))!.createWritable()
  await writer.truncate(bytes)
  await writer.close()
}

/** Puts an image on it, which it then is as long as. */
export async function fillDisk(image: Blob): Promise<void> {
  const writer = await (await handleOf(true))!.createWritable()
  await writer.write(image)
  await writer.close()
}

export async function dropDisk(): Promise<void> {
  const folder = await navigator.storage.getDirectory()
  await folder.removeEntry(name)
}

/** What is on it; null if there is none. */
export async function fileOf(): Promise<File | null> {
  return await (await handleOf(false))?.getFile() ?? null
}

/** The name by which a Launcher asks for it. */
export const diskName = name

async function handleOf(create: boolean): Promise<FileSystemFileHandle | null> {
  const folder = await navigator.storage.getDirectory()
  return folder.getFileHandle(name, { create }).catch(() => null)
}
