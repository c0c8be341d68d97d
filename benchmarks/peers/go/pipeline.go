package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	pollRecordsMax = 4000
	// Batches that are read and not yet acknowledged.
	batchesMax = 16
)

// A batch is what one poll brought. Its offsets count as done once every record made from it is acknowledged.
type batch struct {
	ends    map[string]map[int32]kgo.EpochOffset
	pending atomic.Int64
	failure atomic.Pointer[error]
	done    chan struct{}
}

func (b *batch) acknowledge(_ *kgo.Record, err error) {
	if err != nil {
		b.failure.CompareAndSwap(nil, &err)
	}
	b.release()
}

func (b *batch) release() {
	if b.pending.Add(-1) == 0 {
		close(b.done)
	}
}

type pipeline struct {
	client  *kgo.Client
	job     job
	outputs []string
	batches chan *batch
	failed  chan error
}

func newPipeline(client *kgo.Client, job job, outputs []string) *pipeline {
	return &pipeline{client, job, outputs, make(chan *batch, batchesMax), make(chan error, 1)}
}

func (p *pipeline) run(ctx context.Context, records int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		err := p.mark()
		if err != nil {
			cancel()
		}
		p.failed <- err
	}()
	err := p.read(ctx, records)
	close(p.batches)
	if flushed := p.client.Flush(context.Background()); flushed != nil {
		return flushed
	}
	if failed := <-p.failed; failed != nil {
		return failed
	}
	if err != nil {
		return err
	}
	return p.client.CommitMarkedOffsets(context.Background())
}

func (p *pipeline) read(ctx context.Context, records int) error {
	for count := 0; records == 0 || count < records; {
		fetches := p.client.PollRecords(ctx, pollRecordsMax)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetches.Err(); err != nil {
			return err
		}
		if err := p.dispatch(ctx, fetches); err != nil {
			return err
		}
		count += fetches.NumRecords()
	}
	return nil
}

// Every record made is produced; the promise of the batch counts the acknowledgements.
func (p *pipeline) dispatch(ctx context.Context, fetches kgo.Fetches) error {
	b := &batch{ends: map[string]map[int32]kgo.EpochOffset{}, done: make(chan struct{})}
	b.pending.Store(1)
	promise := b.acknowledge
	var failure error
	fetches.EachPartition(func(part kgo.FetchTopicPartition) {
		if len(part.Records) == 0 || failure != nil {
			return
		}
		last := part.Records[len(part.Records)-1]
		if b.ends[part.Topic] == nil {
			b.ends[part.Topic] = map[int32]kgo.EpochOffset{}
		}
		b.ends[part.Topic][part.Partition] = kgo.EpochOffset{Epoch: last.LeaderEpoch, Offset: last.Offset + 1}
		for _, record := range part.Records {
			value, output, err := p.job(record.Value)
			if err != nil {
				failure = fmt.Errorf("%s/%d@%d: %w", record.Topic, record.Partition, record.Offset, err)
				return
			}
			if output == dropped {
				continue
			}
			b.pending.Add(1)
			p.client.Produce(ctx, &kgo.Record{
				Topic:     p.outputs[output],
				Partition: record.Partition,
				Timestamp: record.Timestamp,
				Key:       record.Key,
				Value:     value,
				Headers:   record.Headers,
			}, promise)
		}
	})
	if failure != nil {
		return failure
	}
	b.release()
	select {
	case p.batches <- b:
		return nil
	case <-ctx.Done():
		return nil
	}
}

// Marks batches for the commit in the order in which they were read, each when it is acknowledged.
func (p *pipeline) mark() error {
	for b := range p.batches {
		<-b.done
		if failure := b.failure.Load(); failure != nil {
			return errors.Join(errors.New("not delivered"), *failure)
		}
		p.client.MarkCommitOffsets(b.ends)
	}
	return nil
}
