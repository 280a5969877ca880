#!/usr/bin/env node
/** The Launcher, callable without npm: tangles if a chapter changed, bundles, runs. */
import { load } from '../tools/load.mjs'

const { launch } = await load('launch')
await launch()
