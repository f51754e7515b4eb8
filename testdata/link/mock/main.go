// Command mock uses the embedded broker.
package main

import "github.com/purego-kafka/kafka"

func main() {
	mc, err := kafka.NewMockCluster(1)
	if err == nil {
		mc.Close()
	}
}
