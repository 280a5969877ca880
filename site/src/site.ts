/** What every page does by itself. All of it can be missing: the pages read without. */
import { offerCode } from './page/code.ts'
import { listenForKeys } from './page/keys.ts'
import { leadToLines } from './page/lines.ts'
import { keepForOffline } from './page/offline.ts'
import { offerPreviews } from './page/previews.ts'
import { offerSearch } from './page/search.ts'
import { followSections } from './page/sections.ts'
import { offerThemes } from './page/theme.ts'
import { showCurrent } from './page/tree.ts'
import { offerTypes } from './page/types.ts'
import { reachWide } from './page/wide.ts'

offerThemes()
showCurrent()
offerCode()
reachWide()
followSections()
leadToLines()
offerPreviews()
offerTypes()
listenForKeys(offerSearch())
keepForOffline()
