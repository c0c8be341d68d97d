/**
 * A schema does the checking: any Standard Schema (zod, valibot, arktype) gives the types and the validation
 * at once.
 */
import { defineTransform, drop, type } from 'kafka-dispatcher';
import { z } from 'zod';

const Order = z.object({
  id: z.string().min(1),
  customer: z.string().min(1),
  currency: z.enum(['EUR', 'USD', 'GBP']),
  lines: z.array(
    z.object({ sku: z.string(), quantity: z.int().positive(), unitPrice: z.number().nonnegative() }),
  ),
});

interface OrderTotal {
  id: string;
  customer: string;
  currency: 'EUR' | 'USD' | 'GBP';
  total: number;
}

export default defineTransform({
  input: Order,
  output: type<OrderTotal>(),
  transform({ id, customer, currency, lines }) {
    if (lines.length === 0) return drop('EMPTY_ORDER');
    const cents = lines.reduce((sum, line) => sum + Math.round(line.unitPrice * 100) * line.quantity, 0);
    return { id, customer, currency, total: cents / 100 };
  },
});
