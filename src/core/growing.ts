/**
 * Options for an `LRUCache` of so many entries at most that takes memory for those it holds. By `max` it would take it for all at its
 * making, some 40 bytes each.
 */
export function growing(most: number): { maxSize: number; sizeCalculation: () => number } {
  return { maxSize: most, sizeCalculation: () => 1 }
}
