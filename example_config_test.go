package kafka_test

import (
	"fmt"
	"time"

	"github.com/purego-kafka/kafka"
)

// Values are strings, numbers and booleans; Set takes key=value as a command line gives it.
func ExampleConfigMap() {
	conf := kafka.ConfigMap{"bootstrap.servers": "localhost:9092", "linger.ms": 5, "enable.idempotence": true}
	if err := conf.Set("compression.type=lz4"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(conf["compression.type"])
	acks, err := conf.Get("acks", "all")
	fmt.Println(acks, err)
	// Output:
	// lz4
	// all <nil>
}

// A mistake in a configuration is found when the client is made. The error says what to write instead.
func ExampleNewProducer_mistakes() {
	for _, conf := range []kafka.ConfigMap{
		{"bootstrap.server": "localhost:9092"},
		{"compression.type": "zip"},
		{"enable.idempotence": true, "acks": 1},
	} {
		_, err := kafka.NewProducer(&conf)
		fmt.Println(err.(kafka.Error).Code() == kafka.ErrInvalidArg, err)
	}
	// Output:
	// true No such configuration property: "bootstrap.server" (did you mean "bootstrap.servers"?)
	// true Invalid value "zip" for configuration property "compression.codec"
	// true `acks` must be set to `all` when `enable.idempotence` is true
}

// auto.offset.reset says where a group begins that has committed nothing; with error the application decides.
func ExampleNewConsumer_autoOffsetReset() {
	cluster := newCluster("letters", "a")
	defer cluster.Close()
	c := newConsumer(cluster, "new-group", kafka.ConfigMap{"auto.offset.reset": "error"})
	defer c.Close()
	if err := c.Subscribe("letters", nil); err != nil {
		fmt.Println(err)
		return
	}
	_, err := c.ReadMessage(10 * time.Second)
	fmt.Println(err.(kafka.Error).Code() == kafka.ErrAutoOffsetReset)
	// Output: true
}
