/** Where the scripts of the site lie; the page may be in any folder below. */
export const base = (document.currentScript as HTMLScriptElement).src
