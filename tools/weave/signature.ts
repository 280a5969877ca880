/** What the card of a name says: what kind of thing it is, its type, and the comment above it. */
import { NodeFlags, SyntaxKind, type Node, type SourceFile } from 'typescript/unstable/ast'

type Named = Node & {
  name?: Node & { text?: string }, type?: Node, questionToken?: Node, members?: unknown, typeParameters?: { end: number }
}

/** A function's type as it stands behind its name, without an arrow. */
function parameters(type: string): string {
  const close = endOfParameters(type)
  return type.startsWith(' => ', close) ? `${type.slice(0, close)}: ${type.slice(close + 4)}` : `: ${type}`
}

/** Where the parameters that a function's type begins with end, or -1. */
function endOfParameters(type: string): number {
  let depth = 0
  for (let i = 0; i < type.length; i++) {
    if ('(<[{'.includes(type[i])) depth++
    if (')]}'.includes(type[i]) || (type[i] === '>' && type[i - 1] !== '=')) depth--
    if (depth === 0 && type[i] === ')') return i + 1
  }
  return -1
}

/** `Owner.` of a member, if what it belongs to has a name. */
function owner({ parent }: Node): string {
  const { kind, name } = (parent ?? {}) as Named
  const named = kind === SyntaxKind.ClassDeclaration || kind === SyntaxKind.InterfaceDeclaration || kind === SyntaxKind.EnumDeclaration
  return named && name?.text ? `${name.text}.` : ''
}

/** How a variable was declared; a name taken out of a pattern, as the pattern was. */
function variable(node: Node): string {
  let list = node.parent
  while (list.kind !== SyntaxKind.VariableDeclarationList && list.kind !== SyntaxKind.Parameter && list.parent) list = list.parent
  if (list.kind === SyntaxKind.Parameter) return '(parameter) '
  return list.flags & NodeFlags.Const ? 'const ' : 'let '
}

/** What a kind of declaration is called before its name. */
function kindOf(node: Node): string {
  switch (node.kind) {
    case SyntaxKind.FunctionDeclaration:
    case SyntaxKind.FunctionExpression: return 'function '
    case SyntaxKind.MethodDeclaration:
    case SyntaxKind.MethodSignature: return '(method) '
    case SyntaxKind.GetAccessor:
    case SyntaxKind.SetAccessor: return '(accessor) '
    case SyntaxKind.ClassDeclaration: return 'class '
    case SyntaxKind.InterfaceDeclaration: return 'interface '
    case SyntaxKind.EnumDeclaration: return 'enum '
    case SyntaxKind.TypeAliasDeclaration: return 'type '
    case SyntaxKind.TypeParameter: return '(type parameter) '
    case SyntaxKind.VariableDeclaration:
    case SyntaxKind.BindingElement:
    case SyntaxKind.Parameter: return variable(node)
    case SyntaxKind.SourceFile: return 'module '
    default: return '(property) '
  }
}

/**
 * One line or a few: `const a: number`, `function f(x: u32): void`, `(method) Cpu.run(): void`.
 * A type that was written stands as it was written, in the `text` of the file; one that
 * was inferred as the checker says, in `type`.
 */
export function signature(node: Node, type: string, text: string): string {
  const { type: written, members, typeParameters, questionToken } = node as Named
  const from = nameAt(node, text)
  const name = text.slice(from, (node as Named).name?.end ?? from)
  const start = kindOf(node) + owner(node)
  if (node.kind === SyntaxKind.TypeParameter) return start + text.slice(from, node.end)
  if (members) return start + text.slice(from, typeParameters ? typeParameters.end + 1 : from + name.length)
  if (written) return start + text.slice(from, written.end)
  if (node.kind === SyntaxKind.SourceFile) return start + (node as SourceFile).fileName.split('/').at(-1)
  const optional = questionToken ? '?' : ''
  return start + name + optional + (/^function|^\(method/.test(start) ? parameters(type) : `: ${type}`)
}

/** Where, in its file, the name begins that a declaration declares. */
export function nameAt(node: Node, text: string): number {
  const named = (node as Named).name ?? node
  return named.pos + /^(?:\s|\/\/.*|\/\*[^]*?\*\/)*/.exec(text.slice(named.pos, named.end))![0].length
}

/** The comment that stands above a declaration, without its stars. */
export function commentOf(node: Node, text: string): string {
  const statement = node.kind === SyntaxKind.VariableDeclaration ? node.parent.parent : node
  const before = /^(?:\s|\/\/.*|\/\*[^]*?\*\/)*/.exec(text.slice(statement.pos, statement.end))![0]
  const [, comment = ''] = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*$/.exec(before) ?? []
  return comment.replace(/^\s*\* ?/gm, '').trim()
}
