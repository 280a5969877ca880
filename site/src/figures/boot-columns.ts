/** What the timeline of a boot tells of each step. */
export const bootColumns = ['instructions', 'since the last', 'what happens for the first time']
