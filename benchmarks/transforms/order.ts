/** What order.avsc describes. */
export interface Order {
  id: number;
  time: number;
  amount: number;
  name: string;
  tags: string[];
}

/** Half of the orders are large. */
export const LARGE_FROM = 5000;
