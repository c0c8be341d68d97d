// Command peer does one job of the benchmark as a hand-written Go service would: franz-go reads a topic and
// writes another one, at least once, idempotent, with partition, key, headers and timestamp kept.
//
//	peer -job pass -b SERVERS -i TOPIC -o TOPIC[,TOPIC] -n RECORDS -g GROUP -schema FILE [-ca FILE]
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	name := flag.String("job", "pass", strings.Join(jobNames(), " | "))
	brokers := flag.String("b", "", "bootstrap servers")
	input := flag.String("i", "", "topic to read")
	outputs := flag.String("o", "", "topics to write, separated by commas")
	records := flag.Int("n", 0, "records to read; 0: until SIGTERM")
	group := flag.String("g", "peer", "consumer group")
	ca := flag.String("ca", "", "PEM file of the certificate authority; none: no TLS")
	avsc := flag.String("schema", "order.avsc", "Avro schema of the orders")
	flag.Parse()
	var err error
	if schema, err = avro.ParseFiles(*avsc); err == nil {
		err = run(*name, *brokers, *input, *outputs, *group, *ca, *records)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run(name, brokers, input, outputs, group, ca string, records int) error {
	job, ok := jobs[name]
	if !ok {
		return fmt.Errorf("no job %q; there are %s", name, strings.Join(jobNames(), ", "))
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(brokers, ",")...),
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(input),
		kgo.AutoCommitMarks(),
		kgo.AutoCommitInterval(time.Second),
		kgo.OnPartitionsRevoked(commitAcknowledged),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		// As kd and the C floor write; idempotence and acks from all replicas are franz-go's defaults.
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ProducerLinger(5 * time.Millisecond),
	}
	if ca != "" {
		config, err := tlsConfig(ca)
		if err != nil {
			return err
		}
		options = append(options, kgo.DialTLSConfig(config))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	pipeline := newPipeline(client, job, strings.Split(outputs, ","))
	err = pipeline.run(ctx, records)
	client.Close()
	return err
}

func commitAcknowledged(ctx context.Context, client *kgo.Client, _ map[string][]int32) {
	if err := client.Flush(ctx); err == nil {
		_ = client.CommitMarkedOffsets(ctx)
	}
}

func tlsConfig(ca string) (*tls.Config, error) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in it", ca)
	}
	return &tls.Config{RootCAs: roots}, nil
}
