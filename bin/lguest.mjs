#!/usr/bin/env node
/**
 * The Launcher, callable without npm. In a checkout it tangles if a chapter
 * changed, bundles, and runs; out of `npm pack` it comes as one module.
 */
import { existsSync } from 'node:fs'

if (existsSync(new URL('../tools/load.mjs', import.meta.url))) {
  const { loadTool, root } = await import('../tools/load.mjs')
  const tool = await loadTool('launch')
  await tool?.launch(root)
} else {
  await import('../dist/lguest.mjs')
}
