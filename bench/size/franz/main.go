// The program of size/ours with raw franz-go.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	cl, err := kgo.NewClient(kgo.SeedBrokers(os.Args[1]), kgo.ConsumeTopics(os.Args[2]), kgo.ConsumerGroup("size"))
	if err != nil {
		panic(err)
	}
	fmt.Println(cl.ProduceSync(context.Background(), &kgo.Record{Topic: os.Args[2]}))
	fmt.Println(cl.PollFetches(context.Background()))
}
