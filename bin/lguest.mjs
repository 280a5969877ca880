#!/usr/bin/env node
/** The Launcher, callable without npm: tangles if a chapter changed, bundles, runs. */
import { loadTool, root } from '../tools/load.mjs'

const tool = await loadTool('launch')
await tool?.launch(root)
