package main

import (
	"encoding/json"
	"errors"
	"math"
	"slices"

	goccy "github.com/goccy/go-json"
	"github.com/hamba/avro/v2"
)

const (
	tax = 1.19
	// Half of the orders are large.
	largeFrom = 5000
	dropped   = -1
)

// A job turns the value of a record into another one and says which output it goes to.
type job func(value []byte) ([]byte, int, error)

// The schema in order.avsc; main reads it.
var schema avro.Schema

// Arrays without their length in bytes, as kd and Java write them. It costs Go the same.
var plainBlocks = avro.Config{DisableBlockSizeHeader: true}.Freeze()

type order struct {
	ID     int64    `avro:"id" json:"id"`
	Time   int64    `avro:"time" json:"time"`
	Amount float64  `avro:"amount" json:"amount"`
	Name   string   `avro:"name" json:"name"`
	Tags   []string `avro:"tags" json:"tags"`
}

// Only what filter and route look at: the libraries skip the rest.
type orderAmount struct {
	Amount float64 `avro:"amount" json:"amount"`
}

type decode func(value []byte, into any) error
type encode func(value any) ([]byte, error)

func fromAvro(value []byte, into any) error { return avro.Unmarshal(schema, value, into) }
func toAvro(value any) ([]byte, error)      { return plainBlocks.Marshal(schema, value) }
func fromJSON(value []byte, into any) error { return json.Unmarshal(value, into) }
func toJSON(value any) ([]byte, error)      { return json.Marshal(value) }
func fromGoccy(value []byte, into any) error {
	return goccy.Unmarshal(value, into)
}
func toGoccy(value any) ([]byte, error) { return goccy.Marshal(value) }

var jobs = map[string]job{
	"pass":               func(value []byte) ([]byte, int, error) { return value, 0, nil },
	"filter-avro":        filter(fromAvro),
	"filter-json":        filter(fromJSON),
	"filter-goccy":       filter(fromGoccy),
	"route-avro":         route(fromAvro),
	"route-json":         route(fromJSON),
	"route-goccy":        route(fromGoccy),
	"change-avro":        change(fromAvro, toAvro),
	"change-json":        change(fromJSON, toJSON),
	"change-goccy":       change(fromGoccy, toGoccy),
	"json-to-avro":       change(fromJSON, toAvro),
	"json-to-avro-goccy": change(fromGoccy, toAvro),
}

func jobNames() []string {
	var names []string
	for name := range jobs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func change(from decode, to encode) job {
	return func(value []byte) ([]byte, int, error) {
		var o order
		if err := from(value, &o); err != nil {
			return nil, dropped, err
		}
		if o.Amount < 0 || o.Name == "" {
			return nil, dropped, errors.New("amount and name must be there")
		}
		o.Amount = math.Floor(o.Amount*tax*100+0.5) / 100
		changed, err := to(&o)
		return changed, 0, err
	}
}

func filter(from decode) job {
	return func(value []byte) ([]byte, int, error) {
		var o orderAmount
		if err := from(value, &o); err != nil {
			return nil, dropped, err
		}
		if o.Amount < largeFrom {
			return nil, dropped, nil
		}
		return value, 0, nil
	}
}

func route(from decode) job {
	return func(value []byte) ([]byte, int, error) {
		var o orderAmount
		if err := from(value, &o); err != nil {
			return nil, dropped, err
		}
		if o.Amount < largeFrom {
			return value, 0, nil
		}
		return value, 1, nil
	}
}
