import type { Order } from './order.js';

/** Writes parts as they become ready. */
export class NoOrder implements Order {
  enter(): boolean {
    return true;
  }

  mayWrite(): boolean {
    return true;
  }

  leave(): undefined {}
}
