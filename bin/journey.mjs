#!/usr/bin/env node
/** The tools of the book: tangle, check, test and the rest; see --help. */
import { loadTool } from '../tools/load.mjs'

await loadTool('main')
