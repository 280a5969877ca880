/** What fences call the figures; apart from the cameras, which weigh as much as the system they look at. */
export const figureKinds = ['faults', 'interrupt', 'switch', 'spaces', 'dma', 'instruction', 'boot', 'walk', 'ring'] as const

export type FigureKind = typeof figureKinds[number]

export const isFigure = (show: string | undefined): show is FigureKind => figureKinds.some((kind) => kind === show)
