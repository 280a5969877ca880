/**
 * Comes before the first ES module: Node loads none from a folder with a
 * backslash in its path, and would say so in a trace.
 */
const { sep } = require('node:path')

if (sep === '/' && __dirname.includes('\\')) {
  console.error(`${JSON.stringify(__dirname)}: Node loads no modules from a folder with a backslash in its path`)
  process.exit(1)
}
