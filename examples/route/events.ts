/**
 * One record in, none to several out: routed by kind to topics of their own, with keys and headers of our
 * choice.
 */
import { defineTransform, drop, emit, emitAll, type } from 'kafka-dispatcher';

interface Event {
  kind: 'heartbeat' | 'reading' | 'alarm';
  device: string;
  value?: number;
}

export default defineTransform({
  input: type<Event>(),
  output: type<Event>(),
  transform(event, record) {
    switch (event.kind) {
      case 'heartbeat':
        return drop('HEARTBEAT');
      case 'reading':
        return emit(event, { topic: 'readings', key: event.device });
      case 'alarm':
        // Operators see it at once, and it stays with the readings of its device.
        return emitAll([
          emit(event, { topic: 'alarms', key: event.device, headers: { 'alarm-source': record.topic } }),
          emit(event, { topic: 'readings', key: event.device }),
        ]);
    }
  },
});
