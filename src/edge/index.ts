export { type Edge, openEdge } from './edge.ts'
