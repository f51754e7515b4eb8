// Command broker runs an embedded Kafka cluster until Ctrl-C, for trying the other examples without a real one.
//
//	go run ./examples/broker
//	go run ./examples/consumer -b ADDRESSES   # in other terminals, with what broker printed
//	go run ./examples/producer -b ADDRESSES
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/purego-kafka/kafka"
)

func main() {
	n := flag.Int("n", 1, "number of brokers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	cluster, err := kafka.NewMockCluster(*n)
	if err != nil {
		fmt.Fprintln(os.Stderr, "broker:", err)
		os.Exit(1)
	}
	fmt.Println(cluster.BootstrapServers())
	<-ctx.Done()
	cluster.Close()
}
