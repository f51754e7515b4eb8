// Package testmock makes the configuration properties test.mock.num.brokers and test.mock.broker.rtt work:
//
//	import _ "github.com/purego-kafka/kafka/testmock"
//
// A client with test.mock.num.brokers=3 then starts an embedded cluster of three brokers of its own, uses it in place
// of bootstrap.servers, and closes it when it is closed itself. Without this import such a client can't be made, and
// the error says so: programs that do not need the embedded broker do not carry it.
//
// Tests that set up topics, or let brokers fail, use [kafka.NewMockCluster], which needs no import.
package testmock

import (
	"time"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/mockhook"
)

func init() { mockhook.Start = start }

func start(brokers int, rtt time.Duration) (bootstrap string, stop func(), err error) {
	cluster, err := kafka.NewMockCluster(brokers)
	if err != nil {
		return "", nil, err
	}
	if err := cluster.SetRoundtripDuration(-1, rtt); err != nil {
		cluster.Close()
		return "", nil, err
	}
	return cluster.BootstrapServers(), cluster.Close, nil
}
