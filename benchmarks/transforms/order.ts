/** What order.avsc describes. */
export interface Order {
  id: number;
  time: number;
  amount: number;
  name: string;
  tags: string[];
}
