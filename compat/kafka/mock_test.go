package kafka_test

import (
	"errors"
	"testing"

	_ "github.com/purego-kafka/kafka/testmock" // what a program's own test adds to use the property

	"github.com/purego-kafka/kafka/compat/kafka"
)

// TestMockProperty starts the embedded broker by a property, under the other import path. The import above is in this
// test and not in the package: a program that gets here by a replace line is not to carry a broker that it may not use.
func TestMockProperty(t *testing.T) {
	p, err := kafka.NewProducer(&kafka.ConfigMap{"test.mock.num.brokers": 2, "log_level": 0})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	md, err := p.GetMetadata(nil, true, 10000)
	if err != nil || len(md.Brokers) != 2 {
		t.Errorf("%v, %v", md, err)
	}
	if _, err := kafka.NewProducer(&kafka.ConfigMap{"test.mock.num.brokers": -1}); !errors.Is(err, kafka.ErrInvalidArg) {
		t.Errorf("-1 brokers: %v", err)
	}
}
